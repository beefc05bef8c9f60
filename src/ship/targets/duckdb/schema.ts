/**
 * The tables and views that Kymo makes in a file of DuckDB: those of `stores/postgres/schema.ts`.
 * What is there is never altered.
 *
 * @module
 */

import { identifier } from "../../../analysis/duckdb/sql.ts";

/** The names of the tables. */
export const TABLES = ["observation", "program", "shipped", "source"] as const;

/** The statements that make everything in the current database. */
export function tables(schema: string): string {
  const s = identifier(schema);
  return `
CREATE SCHEMA IF NOT EXISTS ${s};

-- Monitoring directories.
CREATE TABLE ${s}.source (
  id UUID PRIMARY KEY,
  path VARCHAR NOT NULL,
  host VARCHAR,
  first_seen TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Who recorded: from the program records. Without one, or if it is not known which of several
-- programs with this PID it was, the isolate is empty.
CREATE TABLE ${s}.program (
  id BIGINT PRIMARY KEY,
  source UUID NOT NULL,
  pid BIGINT NOT NULL,
  isolate VARCHAR NOT NULL,
  service VARCHAR,
  instance VARCHAR,
  host VARCHAR,
  runtime VARCHAR,
  runtime_version VARCHAR,
  kind VARCHAR,
  script VARCHAR,
  started TIMESTAMPTZ,
  ended TIMESTAMPTZ,
  how_ended VARCHAR,
  attributes JSON,
  record JSON
);

-- One row for each observation. The timepoint is in ns since 1970-01-01T00:00:00Z.
CREATE TABLE ${s}.observation (
  timepoint BIGINT NOT NULL,
  measurement DOUBLE NOT NULL,
  program BIGINT NOT NULL,
  pid BIGINT NOT NULL,
  channel VARCHAR NOT NULL,
  label VARCHAR NOT NULL
);

-- What was shipped: written in the transaction of the rows. Do not delete from it, except together
-- with the rows.
CREATE TABLE ${s}.shipped (
  source UUID NOT NULL,
  stem VARCHAR NOT NULL,
  first_row BIGINT NOT NULL,
  rows BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 BLOB NOT NULL,
  channel VARCHAR NOT NULL,
  shipper VARCHAR,
  shipped_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (source, stem, first_row)
);

-- Names without their schema: whoever opens the file may call it what he likes.
USE ${s};

CREATE VIEW named AS
  SELECT make_timestamp_ns(o.timepoint) AS time, o.timepoint, o.measurement, o.label, o.channel,
    p.service, p.instance, p.host, o.pid, p.isolate, p.runtime, o.program, p.source
  FROM observation o LEFT JOIN program p ON p.id = o.program;

CREATE VIEW duration AS
  SELECT time, timepoint, measurement AS seconds, label,
    CASE WHEN parts.verb = '' THEN label ELSE parts.route END AS route, nullif(parts.verb, '') AS verb,
    coalesce(nullif(parts.outcome, ''), 'answered') AS outcome,
    service, instance, host, pid, isolate, runtime, program, source
  FROM (
    SELECT *, regexp_extract(label, '^(.*) \\[([A-Z]+)\\](?: (\\dxx|aborted|threw))?$', ['route', 'verb', 'outcome'],
      's') AS parts
    FROM named WHERE channel = 'duration'
  ) AS durations;

CREATE VIEW runtime AS SELECT * FROM named WHERE channel = 'runtime';
CREATE VIEW custom AS SELECT * FROM named WHERE channel NOT IN ('duration', 'runtime');
`;
}
