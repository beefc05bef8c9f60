import type { Files } from "../runtime.ts";
import { parseStoreAddress, type StoreAddress } from "./store_address.ts";

/** The schemes of the addresses of stores that the analysis can read. */
const SCHEMES: readonly string[] = ["postgres", "clickhouse", "clickhouses"];

/** Whether a source of the analysis is the address of a store, and no path. */
export function isStoreAddress(source: string): boolean {
  return /^[a-z][a-z\d+.-]+:\/\//i.test(source) && !/^file:/i.test(source);
}

/**
 * The address of a store that can be read.
 *
 * @throws {KymoError} `"invalid-argument"` saying "Cannot `action`"; the message never has the
 * password.
 */
export function readableAddress(source: string, action: string, files: Files): StoreAddress {
  return parseStoreAddress(source, { schemes: SCHEMES, action, resolve: (path) => files.resolve(path) });
}
