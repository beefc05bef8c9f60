/**
 * The tables and views that Kymo makes in CrateDB. What is there is never altered. None of it was ever
 * run on a real CrateDB.
 *
 * CrateDB has no transactions, and what is written can be read after REFRESH TABLE only. So each row
 * has a primary key, and can be written again.
 *
 * @module
 */

import { identifier } from "../../../analysis/duckdb/sql.ts";

/** The names of the tables. */
export const TABLES = ["observation", "program", "shipped", "source"] as const;

const NANOSECONDS_PER_DAY = 86_400_000_000_000;

/** Labels of requests, as `duration` takes them apart. */
const REQUEST = "(?s)^(.*) \\[([A-Z]+)\\](?: ([0-9]xx|aborted|threw))?$";

/** The statements that make everything in a schema, each by itself. */
export function tables(schema: string): readonly string[] {
  const s = identifier(schema);
  const part = (group: number): string => `regexp_replace(label, '${REQUEST}', '$${group}')`;
  return [
    `CREATE TABLE IF NOT EXISTS ${s}.source (
  id TEXT PRIMARY KEY,
  path TEXT NOT NULL,
  host TEXT,
  first_seen TIMESTAMP WITH TIME ZONE NOT NULL
)`,
    // From the program records. Without one, or if it is not known which of several programs with this
    // PID it was, the isolate is empty.
    `CREATE TABLE IF NOT EXISTS ${s}.program (
  id BIGINT PRIMARY KEY,
  source TEXT NOT NULL,
  pid BIGINT NOT NULL,
  isolate TEXT NOT NULL,
  service TEXT,
  instance TEXT,
  host TEXT,
  runtime TEXT,
  runtime_version TEXT,
  kind TEXT,
  script TEXT,
  started TIMESTAMP WITH TIME ZONE,
  ended TIMESTAMP WITH TIME ZONE,
  how_ended TEXT,
  attributes OBJECT(IGNORED),
  record OBJECT(IGNORED)
)`,
    // The timepoint is in ns since 1970; the row is its number in the file "stem".
    `CREATE TABLE IF NOT EXISTS ${s}.observation (
  timepoint BIGINT NOT NULL,
  measurement DOUBLE PRECISION NOT NULL,
  program BIGINT NOT NULL,
  pid BIGINT NOT NULL,
  channel TEXT NOT NULL,
  label TEXT NOT NULL,
  source TEXT NOT NULL,
  stem TEXT NOT NULL,
  "row" BIGINT NOT NULL,
  "day" BIGINT GENERATED ALWAYS AS timepoint / ${NANOSECONDS_PER_DAY},
  PRIMARY KEY (source, stem, "row", "day")
) PARTITIONED BY ("day")`,
    // Written after the rows, once they were counted.
    `CREATE TABLE IF NOT EXISTS ${s}.shipped (
  source TEXT NOT NULL,
  stem TEXT NOT NULL,
  first_row BIGINT NOT NULL,
  "rows" BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  channel TEXT NOT NULL,
  shipper TEXT,
  PRIMARY KEY (source, stem, first_row)
)`,
    `CREATE VIEW ${s}.named AS
  SELECT CAST(o.timepoint / 1000000 AS TIMESTAMP WITH TIME ZONE) AS "time", o.timepoint, o.measurement, o.label,
    o.channel, p.service, p.instance, p.host, o.pid, p.isolate, p.runtime, o.program, o.source
  FROM ${s}.observation o LEFT JOIN ${s}.program p ON p.id = o.program`,
    `CREATE VIEW ${s}.duration AS
  SELECT "time", timepoint, measurement AS seconds, label,
    CASE WHEN label ~ '${REQUEST}' THEN ${part(1)} ELSE label END AS route,
    CASE WHEN label ~ '${REQUEST}' THEN ${part(2)} END AS verb,
    CASE WHEN label ~ '${REQUEST}' AND ${part(3)} <> '' THEN ${part(3)} ELSE 'answered' END AS outcome,
    service, instance, host, pid, isolate, runtime, program, source
  FROM ${s}.named WHERE channel = 'duration'`,
    `CREATE VIEW ${s}.runtime AS SELECT * FROM ${s}.named WHERE channel = 'runtime'`,
    `CREATE VIEW ${s}.custom AS SELECT * FROM ${s}.named WHERE channel NOT IN ('duration', 'runtime')`,
  ];
}
