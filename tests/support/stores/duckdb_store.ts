import { DuckDBInstance } from "@duckdb/node-api";
import { rowText } from "./shipped_rows.ts";

/** Runs a query on a file of DuckDB, which is open meanwhile; nobody else may have it open. */
export async function queryDuckDB(path: string, sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowsJS();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** All rows of a relation with the columns of `observation`, sorted. */
export async function rowsInDuckDB(path: string, relation = "kymo.observation"): Promise<string[]> {
  const rows = await queryDuckDB(path, `SELECT timepoint, measurement, label, pid, channel FROM ${relation}`);
  return rows.map(([timepoint, measurement, label, pid, channel]) =>
    rowText(timepoint as bigint, measurement as number, label as string, String(pid), channel as string)
  ).sort();
}
