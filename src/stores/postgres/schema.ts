/**
 * The tables and views that Kymo makes in PostgreSQL. What is there is never altered.
 *
 * @module
 */

/** The version of the tables. */
export const SCHEMA_VERSION = 1;

const DAY = "86400000000000";

/** An SQL identifier in quotes. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The statements that make everything in a schema. */
export function tables(schema: string): string {
  const s = identifier(schema);
  return `
CREATE SCHEMA IF NOT EXISTS ${s};

-- Monitoring directories.
CREATE TABLE ${s}.source (
  id uuid PRIMARY KEY,
  path text NOT NULL,
  host text,
  first_seen timestamptz NOT NULL DEFAULT now()
);

-- Who recorded: from the program records. Without one, or if it is not known which of several
-- programs with this PID it was, the isolate is empty.
CREATE TABLE ${s}.program (
  id bigint PRIMARY KEY,
  source uuid NOT NULL REFERENCES ${s}.source,
  pid bigint NOT NULL,
  isolate text NOT NULL,
  service text,
  instance text,
  host text,
  runtime text,
  runtime_version text,
  kind text,
  script text,
  started timestamptz,
  ended timestamptz,
  how_ended text,
  attributes jsonb,
  record jsonb
);
CREATE INDEX program_source ON ${s}.program (source);

-- One row for each observation. The timepoint is in ns since 1970-01-01T00:00:00Z.
CREATE TABLE ${s}.observation (
  timepoint bigint NOT NULL,
  measurement double precision NOT NULL,
  program bigint NOT NULL,
  pid integer NOT NULL,
  channel text NOT NULL,
  label text NOT NULL
);
CREATE INDEX observation_timepoint ON ${s}.observation USING brin (timepoint);

-- What was shipped: written in the transaction of the rows. Do not delete from it, except together
-- with the rows.
CREATE TABLE ${s}.shipped (
  source uuid NOT NULL REFERENCES ${s}.source,
  stem text NOT NULL,
  first_row bigint NOT NULL,
  rows bigint NOT NULL,
  bytes bigint NOT NULL,
  sha256 bytea NOT NULL,
  channel text NOT NULL,
  shipper text,
  shipped_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (source, stem, first_row)
);
CREATE INDEX shipped_sha256 ON ${s}.shipped (source, sha256);

-- The time of an observation as PostgreSQL has it, in µs.
CREATE FUNCTION ${s}.time_of(timepoint bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT '1970-01-01T00:00:00Z'::timestamptz + (timepoint / 1000) * interval '1 microsecond' $$;

-- The timepoint of a time: conditions on timepoint use the index, those on time do not.
CREATE FUNCTION ${s}.timepoint_of("time" timestamptz) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT (extract(epoch FROM "time") * 1000000)::bigint * 1000 $$;

CREATE VIEW ${s}.named AS
  SELECT ${s}.time_of(o.timepoint) AS time, o.timepoint, o.measurement, o.label, o.channel,
    p.service, p.instance, p.host, o.pid, p.isolate, p.runtime, o.program, p.source
  FROM ${s}.observation o LEFT JOIN ${s}.program p ON p.id = o.program;

CREATE VIEW ${s}.duration AS
  SELECT time, timepoint, measurement AS seconds, label,
    coalesce(parts[1], label) AS route, parts[2] AS verb, coalesce(parts[3], 'answered') AS outcome,
    service, instance, host, pid, isolate, runtime, program, source
  FROM (
    SELECT *, regexp_match(label, '^(.*) \\[([A-Z]+)\\](?: (\\dxx|aborted|threw))?$') AS parts
    FROM ${s}.named WHERE channel = 'duration'
  ) AS durations;

CREATE VIEW ${s}.runtime AS SELECT * FROM ${s}.named WHERE channel = 'runtime';
CREATE VIEW ${s}.custom AS SELECT * FROM ${s}.named WHERE channel NOT IN ('duration', 'runtime');

COMMENT ON SCHEMA ${s} IS 'Kymo ${SCHEMA_VERSION}: what programs measured, shipped by kymo ship';
`;
}

/** What TimescaleDB adds, where it is: chunks of a day, compressed after a week. */
export function hypertable(schema: string): string {
  const s = identifier(schema);
  const text = schema.replaceAll("'", "''");
  return `
SELECT create_hypertable('${text}.observation', 'timepoint', chunk_time_interval => ${DAY}::bigint);
CREATE FUNCTION ${s}.now_ns() RETURNS bigint LANGUAGE sql STABLE AS
  $$ SELECT (extract(epoch FROM now()) * 1000000)::bigint * 1000 $$;
SELECT set_integer_now_func('${text}.observation', '${text}.now_ns');
ALTER TABLE ${s}.observation SET (
  timescaledb.compress, timescaledb.compress_segmentby = 'channel, label', timescaledb.compress_orderby = 'timepoint'
);
SELECT add_compression_policy('${text}.observation', 7 * ${DAY}::bigint);
`;
}
