import { DuckDBInstance } from "@duckdb/node-api";
import { readdirSync } from "node:fs";
import { rowText } from "./shipped_rows.ts";

/** Runs a query in DuckDB; `FOLDER` in it stands for the rows of all files of a folder. */
export async function queryParquet(folder: string, sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const relation = `read_parquet('${folder.replaceAll("'", "''")}/*/*/*.parquet')`;
    return (await connection.runAndReadAll(sql.replaceAll("FOLDER", relation))).getRowsJS();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** All rows of a folder, sorted; none if there are no files. */
export async function rowsInParquet(folder: string): Promise<string[]> {
  if (filesInParquet(folder).length === 0) return [];
  const rows = await queryParquet(folder, "SELECT timepoint, measurement, label, pid, channel FROM FOLDER");
  return rows.map(([timepoint, measurement, label, pid, channel]) =>
    rowText(timepoint as bigint, measurement as number, label as string, String(pid), channel as string)
  ).sort();
}

/** The paths of the Parquet files in a folder. */
export function filesInParquet(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map(String).filter((name) => name.endsWith(".parquet")).sort();
}
