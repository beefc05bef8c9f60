import { fileErrorCode, KymoError, quote, quotePath, reason } from "../../errors.ts";
import { temporaryPathBeside } from "../../files/names.ts";
import type { Files, Runtime } from "../../runtime.ts";
import type { DuckDB } from "./duckdb.ts";
import { literal } from "./sql.ts";

/**
 * Writes a relation to a Parquet file and returns the number of rows. The file gets its name when
 * it is whole; a file of that name is replaced.
 *
 * @throws {KymoError} `"invalid-argument"` if `path` is not a path; `"io"` or another code of a
 * failed operation on files if it cannot be written.
 */
export async function exportParquet(
  database: Pick<DuckDB, "sql">,
  relation: string,
  path: string,
  { files, isolateId }: Runtime,
): Promise<{ rows: number }> {
  if (typeof path !== "string" || path === "") {
    throw new KymoError("invalid-argument", `Cannot export: not a path: ${quote(path)}`);
  }
  const target = files.resolve(path);
  const temporary = temporaryPathBeside(target, isolateId());
  try {
    const table = await database.sql(
      `COPY (FROM ${relation}) TO ${literal(temporary)} (FORMAT parquet, COMPRESSION zstd)`,
      [],
      { isCopy: true },
    );
    files.rename(temporary, target);
    return { rows: Number(table.rows()[0]?.Count) };
  } catch (error) {
    removeIfThere(files, temporary);
    if (error instanceof KymoError && error.code !== "io" && error.code !== "out-of-memory") throw error;
    const [why] = reason((error as Error).cause ?? error).split("\n");
    throw new KymoError(fileErrorCode(error), `Cannot export: ${quotePath(path)}: ${why}`, { cause: error });
  }
}

function removeIfThere(files: Files, path: string): void {
  try {
    files.remove(path);
  } catch {
    // It was not created, or its directory was moved.
  }
}
