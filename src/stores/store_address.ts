import { KymoError, quote } from "../errors.ts";

/** The address of a store, as the user has given it. */
export interface StoreAddress {
  /** `"postgres"`, `"clickhouse"`, … */
  readonly scheme: string;
  readonly url: URL;
  /** Without user and password: for people, logs and files. */
  readonly name: string;
  /** The absolute path of a store that is a file or a folder. */
  readonly path?: string;
}

/** What {@linkcode parseStoreAddress} is given beside the text. */
export interface AddressOptions {
  /** The schemes that are understood. */
  readonly schemes: readonly string[];
  /** What cannot be done with an address that is wrong, as in "Cannot ship". */
  readonly action: string;
  /** Makes a path absolute. */
  readonly resolve: (path: string) => string;
}

/** Schemes that mean the same. */
const ALIASES: Readonly<Record<string, string>> = { "postgresql": "postgres" };

/** Schemes of stores that are files or folders, and what paths look like that need no scheme. */
const PATHS: Readonly<Record<string, RegExp>> = { "duckdb": /\.(?:duckdb|ddb|db)$/i, "parquet": /\/$/ };

/** Whether a path without a scheme is that of a file of DuckDB. */
export function isDuckDBPath(text: string): boolean {
  return PATHS.duckdb!.test(text);
}

const SCHEME = /^([a-z][a-z0-9+.-]*):/i;

/** Parameters of an address that are secrets, or do not say where it is. */
const NOT_WHERE = ["password", "user", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslpassword"];

/** Those that are secrets. */
const SECRETS = ["password", "sslpassword"];

/** Whether an address has a password in it. */
export function hasPassword({ url }: StoreAddress): boolean {
  return url.password !== "" || SECRETS.some((name) => url.searchParams.has(name));
}

/**
 * Parses the address of a store: a URL; or `duckdb:path`, `parquet:folder`, a path that ends with
 * `.duckdb`, `.ddb` or `.db`, or one that ends with `/`.
 *
 * @throws {KymoError} `"invalid-argument"`; the message never has the password.
 */
export function parseStoreAddress(text: string, options: AddressOptions): StoreAddress {
  const { schemes, action } = options;
  const file = parsePath(text, options);
  if (file !== undefined) return file;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    const shown = text.replace(/\/\/[^@/]*@/, "//…@");
    throw new KymoError(
      "invalid-argument",
      `Cannot ${action}: ${quote(shown)} is no address, such as ${examplesOf(schemes)}`,
    );
  }
  const given = url.protocol.slice(0, -1);
  const scheme = ALIASES[given] ?? given;
  if (!schemes.includes(scheme)) {
    const known = schemes.map((one) => one in PATHS ? `${one}:` : `${one}://`).join(", ");
    throw new KymoError("invalid-argument", `Cannot ${action}: ${quote(`${given}://…`)} is none of ${known}`);
  }
  const parameters = [...url.searchParams].filter(([key]) => !NOT_WHERE.includes(key)).sort();
  const query = parameters.map(([key, value]) => `${key}=${value}`).join("&");
  const name = `${scheme}://${url.host}${url.pathname}${query === "" ? "" : `?${query}`}`;
  return { scheme, url, name };
}

/** Addresses as a user may have meant them. */
function examplesOf(schemes: readonly string[]): string {
  const paths = schemes.includes("duckdb") && schemes.includes("parquet") ? ", telemetry.duckdb or folder/" : "";
  return `postgres://host/database${paths}`;
}

/** The address of a file or a folder; `undefined` if it is none. A query can follow only after a scheme. */
function parsePath(text: string, { schemes, action, resolve }: AddressOptions): StoreAddress | undefined {
  const given = SCHEME.exec(text)?.[1];
  const scheme = given ?? Object.keys(PATHS).find((one) => PATHS[one]!.test(text));
  if (scheme === undefined || !(scheme in PATHS) || !schemes.includes(scheme)) return undefined;
  const [, rest = text, query = ""] = given === undefined
    ? []
    : /^[^:]*:(?:\/\/(?=\/))?([^?]*)(\?.*)?$/s.exec(text) ?? [];
  if (rest === "") throw new KymoError("invalid-argument", `Cannot ${action}: ${quote(text)} has no path`);
  const path = resolve(rest);
  const url = new URL(`${scheme}://${path.split("/").map(encodeURIComponent).join("/")}${query}`);
  return { scheme, url, name: `${scheme}:${path}${query}`, path };
}
