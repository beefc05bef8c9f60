import { KymoError, quote } from "../errors.ts";

/** The address of a store, as the user has given it. */
export interface StoreAddress {
  /** `"postgres"`, `"clickhouse"`, … */
  readonly scheme: string;
  readonly url: URL;
  /** Without user and password: for people, logs and files. */
  readonly name: string;
}

/** Schemes that mean the same. */
const ALIASES: Readonly<Record<string, string>> = { "postgresql": "postgres" };

/** Parameters of an address that are secrets, or do not say where it is. */
const NOT_WHERE = ["password", "user", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslpassword"];

/**
 * Parses the address of a store.
 *
 * @throws {KymoError} `"invalid-argument"` saying "Cannot `action`"; the message never has the
 * password.
 */
export function parseStoreAddress(text: string, schemes: readonly string[], action: string): StoreAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    const shown = text.replace(/\/\/[^@/]*@/, "//…@");
    throw new KymoError(
      "invalid-argument",
      `Cannot ${action}: ${quote(shown)} is no address, such as postgres://host/database`,
    );
  }
  const given = url.protocol.slice(0, -1);
  const scheme = ALIASES[given] ?? given;
  if (!schemes.includes(scheme)) {
    const known = schemes.map((one) => `${one}://`).join(", ");
    throw new KymoError("invalid-argument", `Cannot ${action}: ${quote(`${given}://…`)} is none of ${known}`);
  }
  const parameters = [...url.searchParams].filter(([key]) => !NOT_WHERE.includes(key)).sort();
  const query = parameters.map(([key, value]) => `${key}=${value}`).join("&");
  const name = `${scheme}://${url.host}${url.pathname}${query === "" ? "" : `?${query}`}`;
  return { scheme, url, name };
}
