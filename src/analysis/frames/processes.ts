import type { ProcessId } from "../../files/names.ts";
import type { DuckDB } from "../duckdb/duckdb.ts";

/** The process of a row of a query; `isolate` is empty where it is not known. */
export function processOf(row: Readonly<Record<string, unknown>>): ProcessId {
  return { pid: Number(row.PID), isolate: row.Isolate as string };
}

/** The processes of a relation, ascending by PID, then isolate. */
export async function processesOf(database: DuckDB, relation: string): Promise<ProcessId[]> {
  const table = await database.sql(`SELECT DISTINCT PID, Isolate FROM ${relation} ORDER BY PID, Isolate`);
  return table.rows().map(processOf);
}
