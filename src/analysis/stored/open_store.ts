import { KymoError } from "../../errors.ts";
import type { Runtime } from "../../runtime.ts";
import { clickhouseLocation } from "../../stores/clickhouse/clickhouse_address.ts";
import { postgresLocation } from "../../stores/postgres/postgres_address.ts";
import { readableAddress } from "../../stores/readable_address.ts";
import { StoreError } from "../../stores/store_error.ts";
import { ClickHouseStore } from "./clickhouse_store.ts";
import { LocalStore } from "./local_store.ts";
import { PostgresStore } from "./postgres_store.ts";
import type { Store, StoredSelection } from "./store.ts";

/** ms after which an answer that has not come never will: to look at all rows may take minutes. */
const PATIENCE = 600_000;

/**
 * Opens a store to read from it.
 *
 * @throws {KymoError} by what failed; see {@linkcode whileReadingStore}.
 */
export async function openStore(
  source: string,
  runtime: Runtime,
  selection: StoredSelection,
): Promise<Store> {
  const { timers, files, environment, name: runtimeName } = runtime;
  const address = readableAddress(source, "read", files);
  const options = { timers, runtimeName, patience: PATIENCE, action: "read from", application: "kymo" };
  return await whileReadingStore((): Promise<Store> => {
    if (address.path !== undefined) return LocalStore.open(address, runtime, selection);
    if (address.scheme === "postgres") {
      return PostgresStore.open({ ...postgresLocation(address, undefined, "read"), ...options }, selection);
    }
    const passwords = { password: undefined, environment };
    return ClickHouseStore.open({ ...clickhouseLocation(address, passwords, "read"), ...options }, selection);
  });
}

/**
 * Reads from a store.
 *
 * @throws {KymoError} `"permission-denied"` for a wrong password or a right that is missing;
 * `"not-found"` if there is no such database, or it lacks Kymo's tables; `"io"` if it cannot be
 * reached, or the connection is lost; otherwise `"query-failed"`.
 */
export async function whileReadingStore<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new KymoError(codeOf(error), error.message, { cause: error });
  }
}

/** The code of a failure, by its SQLSTATE, or by ClickHouse's number for it (`system.errors`). */
function codeOf({ kind, code }: StoreError): KymoError["code"] {
  if (/^28...$|^42501$|^(?:192|193|194|497|516)$/.test(code)) return "permission-denied";
  if (/^3D...$|^3F...$|^42P01$|^(?:60|81)$/.test(code)) return "not-found";
  return kind === "passing" || code === "" ? "io" : "query-failed";
}
