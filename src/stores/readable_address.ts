import { type Files, unlessUnreadable } from "../runtime.ts";
import { LOCK } from "./parquet/folder.ts";
import { isDuckDBPath, parseStoreAddress, type StoreAddress } from "./store_address.ts";

/** The schemes of the addresses of stores that the analysis can read. */
const SCHEMES: readonly string[] = ["postgres", "clickhouse", "clickhouses", "duckdb", "parquet"];

/**
 * Whether a source of the analysis is a store: an address, a file of DuckDB, or a folder of Parquet
 * files that `kymo ship` has made, which its lock tells.
 */
export function isStoreAddress(source: string, files: Files): boolean {
  return isUrl(source) && !/^file:/i.test(source) || /^(?:duckdb|parquet):/i.test(source) ||
    isDuckDBPath(source) || isParquetFolder(source, files);
}

/** Whether a source is a database that computes what a summary needs, and moves only results. */
export function isServerAddress(source: string): boolean {
  return isUrl(source) && !/^(?:file|duckdb|parquet):/i.test(source);
}

/**
 * The address of a store that can be read.
 *
 * @throws {KymoError} `"invalid-argument"` saying "Cannot `action`"; the message never has the
 * password.
 */
export function readableAddress(source: string, action: string, files: Files): StoreAddress {
  const isFolder = !/^(?:duckdb|parquet):/i.test(source) && !isUrl(source) && isParquetFolder(source, files);
  return parseStoreAddress(isFolder ? `parquet:${source}` : source, {
    schemes: SCHEMES,
    action,
    resolve: (path) => files.resolve(path),
  });
}

function isUrl(source: string): boolean {
  return /^[a-z][a-z\d+.-]+:\/\//i.test(source);
}

function isParquetFolder(source: string, files: Files): boolean {
  return unlessUnreadable(() => files.status(`${files.resolve(source)}/${LOCK}`)) !== undefined;
}
