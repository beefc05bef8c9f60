/**
 * Views for people: those that `kymo ship` makes in databases (`stores/postgres/schema.ts`), so that a
 * query that was written for one runs over the other, and one for each channel.
 *
 * @module
 */

import { processKey } from "../../files/names.ts";
import { CHANNELS, holdsDurations } from "../../series.ts";
import { type Program, programsOf } from "../programs/program.ts";
import type { ProgramRecords } from "../programs/program_records.ts";
import { identifier, literal } from "../duckdb/sql.ts";
import type { Selection } from "./selection.ts";
import type { TelemetryDB } from "./telemetry_db.ts";

/** The schema of the views, which names without a schema mean, too. */
const SCHEMA = "kymo";

/** Names of that schema that are taken. */
const INTERNAL = /^(?:source_\d+|loaded_\d+|switches|program|observations|)$/i;

/** The columns of `program`. */
const PROGRAM_COLUMNS = {
  pid: "BIGINT",
  isolate: "VARCHAR",
  service: "VARCHAR",
  instance: "VARCHAR",
  host: "VARCHAR",
  runtime: "VARCHAR",
  runtime_version: "VARCHAR",
  kind: "VARCHAR",
  script: "VARCHAR",
  started: "TIMESTAMP_NS",
  ended: "TIMESTAMP_NS",
  how_ended: "VARCHAR",
} as const;

/** Makes the views of the selected rows, and returns the program records that were read for them. */
export async function createNamedViews(db: TelemetryDB, selection: Selection): Promise<ProgramRecords> {
  const records = db.programRecords();
  await createPrograms(db, programsWithRows(records));
  await db.sql(`
    CREATE MACRO ${SCHEMA}.time_of(timepoint) AS make_timestamp_ns(timepoint);
    CREATE MACRO ${SCHEMA}.timepoint_of("time") AS epoch_ns("time");`);
  const taken = new Set<string>();
  for (const channel of new Set([...Object.values(CHANNELS), ...db.channels()])) {
    const name = channel.toLowerCase();
    if (INTERNAL.test(name) || taken.has(name)) continue;
    taken.add(name);
    const rows = named(db.frame(channel).where(selection).relation);
    await db.sql(`CREATE VIEW ${SCHEMA}.${identifier(channel)} AS ${holdsDurations(channel) ? durations(rows) : rows}`);
  }
  await db.sql(`CREATE VIEW ${SCHEMA}.observations AS ${named(db.all().where(selection).relation)}`);
  await db.sql(`SET search_path = ${literal(`${SCHEMA},main`)}`);
  return records;
}

/** A view with its columns. */
export interface NamedView {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** The views that were made, and tables and views that queries have made since. */
export async function namedViews(db: TelemetryDB): Promise<NamedView[]> {
  const table = await db.sql(`
    SELECT table_name AS name, column_name AS "column", data_type AS type FROM duckdb_columns()
    WHERE schema_name IN (${literal(SCHEMA)}, 'main') AND NOT internal
      AND (schema_name = ${literal(SCHEMA)} OR table_name NOT IN (
        SELECT view_name FROM duckdb_views() WHERE schema_name = ${literal(SCHEMA)}))
      AND NOT regexp_matches(table_name, '^(source_\\d+|loaded_\\d+|switches)$')
    ORDER BY table_name, column_index`);
  const rows = table.rows() as { name: string; column: string; type: string }[];
  return Array.from(Map.groupBy(rows, ({ name }) => name), ([name, columns]) => ({
    name,
    columns: columns.map(({ column, type }) => ({ name: column, type })),
  }));
}

/** A query of observations with their time, and who recorded them. */
function named(relation: string): string {
  return `SELECT make_timestamp_ns(o.Timepoint) AS time, o.Timepoint AS timepoint, o.Measurement AS measurement,
    o.Label AS label, o.Channel AS channel, p.service, p.instance, p.host, o.PID AS pid, o.Isolate AS isolate, p.runtime
    FROM ${relation} o LEFT JOIN ${SCHEMA}.program p ON p.pid = o.PID AND p.isolate = o.Isolate`;
}

/** The same of durations, with the parts of labels of requests. */
function durations(rows: string): string {
  return `SELECT time, timepoint, measurement AS seconds, label,
    CASE WHEN parts.verb = '' THEN label ELSE parts.route END AS route, nullif(parts.verb, '') AS verb,
    coalesce(nullif(parts.outcome, ''), 'answered') AS outcome,
    service, instance, host, pid, isolate, runtime
    FROM (
      SELECT *, regexp_extract(label, '^(.*) \\[([A-Z-]+)\\](?: (\\dxx|aborted|threw|stream))?$',
        ['route', 'verb', 'outcome'], 's') AS parts FROM (${rows})
    )`;
}

/** The programs of some records, also by the PID alone where their rows have nothing else. */
function programsWithRows(records: ProgramRecords): readonly Program[] {
  const all = [...records.byProcess.values()];
  const appending = all.filter(({ options }) => options.layout === "append").map(({ pid }) => ({ pid, isolate: "" }));
  const processes = [...all.map(({ pid, isolate }) => ({ pid, isolate })), ...appending];
  return [...new Map(programsOf(records, { processes }).map((one) => [processKey(one), one])).values()];
}

async function createPrograms(db: TelemetryDB, programs: readonly Program[]): Promise<void> {
  const columns = Object.entries(PROGRAM_COLUMNS).map(([name, type]) => `${name} ${type}`).join(", ");
  await db.sql(`CREATE TABLE ${SCHEMA}.program (${columns})`);
  const rows = programs.flatMap(({ pid, isolate, record }) => {
    if (record === undefined) return [];
    const { name, instance, host, runtime, runtimeVersion, kind, script, started, end } = record;
    const time = (timepoint: bigint): string => `make_timestamp_ns(${timepoint})`;
    const text = (value: string | undefined): string => value === undefined ? "NULL" : literal(value);
    const times = [time(started), end === undefined ? "NULL" : time(end.at), text(end?.how)];
    const texts = [isolate, name, instance, host, runtime, runtimeVersion, kind, script].map(text);
    return [`(${[pid, ...texts, ...times].join(", ")})`];
  });
  if (rows.length > 0) await db.sql(`INSERT INTO ${SCHEMA}.program VALUES ${rows.join(", ")}`);
}
