/**
 * The tables and views that Kymo makes in ClickHouse. What is there is never altered.
 *
 * @module
 */

import type { ServerAbilities } from "./abilities.ts";
import { identifier } from "./sql.ts";

/** The tables; the last one is made last. */
export const TABLES = ["source", "program", "observation", "shipped"] as const;

/** The columns of the rows, in the order of the CSV that is inserted. */
export const COLUMNS = ["timepoint", "measurement", "label", "pid", "channel", "program", "batch"] as const;

/** Insertions that a table remembers: its 10,000 latest. */
const WINDOW = 10_000;

/** Splits the label of a request: its route, verb and outcome (RE2). */
const REQUEST = "(?s)^(.*) \\\\[([A-Z]+)\\\\](?: (\\\\dxx|aborted|threw))?$";

/**
 * The statements that make everything in a database, for what the server can do. The views come
 * before the ledger: if that is there, so are they.
 */
export function tables(database: string, { tableSettings, hasDateTime64 }: ServerAbilities): readonly string[] {
  const d = identifier(database);
  const few = hasDateTime64 ? "LowCardinality(String)" : "String";
  const time = hasDateTime64
    ? "fromUnixTimestamp64Nano(timepoint, 'UTC')"
    : "toDateTime(intDiv(timepoint, 1000000000), 'UTC')";
  const moment = hasDateTime64 ? "DateTime64(3, 'UTC')" : "DateTime('UTC')";
  const settings = [
    ["non_replicated_deduplication_window", WINDOW],
    ["fsync_after_insert", 1],
    ["fsync_part_directory", 1],
  ].filter(([name]) => tableSettings.has(String(name))).map(([name, value]) => `${name} = ${value}`).join(", ");
  const having = settings === "" ? "" : `\nSETTINGS ${settings}`;
  return [
    `CREATE DATABASE IF NOT EXISTS ${d}`,
    `-- Monitoring directories.
CREATE TABLE IF NOT EXISTS ${d}.source (
  id String,
  path String,
  host String,
  first_seen DateTime DEFAULT now()
) ENGINE = ReplacingMergeTree ORDER BY id`,
    `-- Who recorded: from the program records. Without one, or if it is not known which of several
-- programs with this PID it was, the isolate is empty. The latest version of an id counts (FINAL).
CREATE TABLE IF NOT EXISTS ${d}.program (
  id Int64,
  source String,
  pid UInt32,
  isolate String,
  service String,
  instance String,
  host String,
  runtime String,
  runtime_version String,
  kind String,
  script String,
  started Nullable(${moment}),
  ended Nullable(${moment}),
  how_ended String,
  attributes String,
  record String,
  version UInt64
) ENGINE = ReplacingMergeTree(version) ORDER BY id`,
    `-- One row for each observation. The timepoint is in ns since 1970-01-01T00:00:00Z. The batch is
-- what was inserted at once: it makes it possible to tell what of it is there, and to revoke it.
CREATE TABLE IF NOT EXISTS ${d}.observation (
  timepoint Int64${hasDateTime64 ? " CODEC(Delta, LZ4)" : ""},
  measurement Float64,
  label ${few},
  pid UInt32,
  channel ${few},
  program Int64,
  batch UInt64${hasDateTime64 ? ",\n  INDEX batches batch TYPE bloom_filter GRANULARITY 1" : ""}
) ENGINE = MergeTree
PARTITION BY toYYYYMMDD(toDateTime(intDiv(timepoint, 1000000000), 'UTC'))
ORDER BY (channel, label, timepoint)${having}`,
    `CREATE VIEW IF NOT EXISTS ${d}.named AS
SELECT time, timepoint, measurement, label, channel, service, instance, host, pid, isolate, runtime, program, source
FROM (
  SELECT ${time} AS time, timepoint, measurement, label, channel, pid, program FROM ${d}.observation
) AS o ANY LEFT JOIN (
  SELECT id AS program, service, instance, host, isolate, runtime, source FROM ${d}.program FINAL
) AS p USING program`,
    `CREATE VIEW IF NOT EXISTS ${d}.duration AS
SELECT time, timepoint, measurement AS seconds, label,
  replaceRegexpOne(label, '${REQUEST}', '\\\\1') AS route,
  if(match(label, '${REQUEST}'), replaceRegexpOne(label, '${REQUEST}', '\\\\2'), '') AS verb,
  if(match(label, '(?s)^.* \\\\[[A-Z]+\\\\] (\\\\dxx|aborted|threw)$'), replaceRegexpOne(label, '${REQUEST}', '\\\\3'), 'answered') AS outcome,
  service, instance, host, pid, isolate, runtime, program, source
FROM ${d}.named WHERE channel = 'duration'`,
    `CREATE VIEW IF NOT EXISTS ${d}.runtime AS SELECT * FROM ${d}.named WHERE channel = 'runtime'`,
    `CREATE VIEW IF NOT EXISTS ${d}.custom AS SELECT * FROM ${d}.named WHERE channel NOT IN ('duration', 'runtime')`,
    `-- What was shipped: written after the rows. Do not delete from it, except together with the rows.
CREATE TABLE IF NOT EXISTS ${d}.shipped (
  source String,
  stem String,
  first_row UInt64,
  rows UInt64,
  bytes UInt64,
  sha256 String,
  channel ${few},
  batch UInt64,
  shipper String,
  shipped_at DateTime DEFAULT now()
) ENGINE = ReplacingMergeTree ORDER BY (source, stem, first_row)${having}`,
  ];
}
