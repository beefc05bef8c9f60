/**
 * The passwords of databases: they come from files and the environment, never from arguments, which
 * everybody on a machine sees.
 *
 * @module
 */

import { fileError, KymoError, quote } from "../../errors.ts";
import { readSmallFile } from "../../files/regular_file.ts";
import type { Runtime } from "../../runtime.ts";
import { hasPassword, type StoreAddress } from "../../stores/store_address.ts";

/** Bytes of the largest file of a password. */
const MAX_BYTES = 4096;

/** The help of `--password-file`. */
export const PASSWORD_FILE_HELP = "a file with the password of the database";

/** Which addresses may stand for a directory, and where their passwords come from, for help texts. */
export const databaseHelp = `
The address of a database, such as postgres://reader@db/telemetry, stands for
what kymo ship has put there; only what is selected is fetched. So does a file
of DuckDB, or a folder of Parquet files, that it has made. The password
comes from --password-file, KYMO_TO_PASSWORD_FILE, PGPASSWORD or ~/.pgpass,
CLICKHOUSE_PASSWORD, or the same address in KYMO_TO.`;

/** The password in the file of an option or of the environment; `undefined` if there is none. */
export function passwordFromFile(
  option: string | undefined,
  { environment, files }: Pick<Runtime, "environment" | "files">,
): string | undefined {
  const path = option ?? environment.get("KYMO_TO_PASSWORD_FILE");
  if (path === undefined || path === "") return undefined;
  try {
    const read = readSmallFile(files, files.resolve(path), MAX_BYTES);
    if (!read.ok) throw new Error(read.reason);
    return new TextDecoder().decode(read.value).replace(/\r?\n$/, "");
  } catch (error) {
    throw fileError("Cannot read the password", path, error);
  }
}

/** The addresses in the environment, which may have passwords. */
export function addressesInEnvironment({ environment }: Pick<Runtime, "environment">): readonly string[] {
  return environment.get("KYMO_TO")?.split(/\s+/).filter((one) => one !== "") ?? [];
}

/** @throws {KymoError} saying "Cannot `action`", if an address that was an argument has a password. */
export function refusePassword(address: StoreAddress, action: string): void {
  if (!hasPassword(address)) return;
  throw new KymoError(
    "invalid-argument",
    `Cannot ${action}: ${quote(address.name)}: everybody on this machine sees a password in arguments; give it by ` +
      "--password-file, PGPASSWORD or KYMO_TO",
  );
}
