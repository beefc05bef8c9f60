import { KymoError } from "../../errors.ts";
import type { Environment } from "../../runtime.ts";
import type { StoreAddress } from "../store_address.ts";

/** Default database of the tables. */
const DATABASE = "kymo";

/** Default ports of HTTP, without and with TLS. */
const PORTS = { "clickhouse": 8123, "clickhouses": 8443 } as const;

/** Where the tables are. */
export interface ClickHouseLocation {
  /** `http://host:port/` or with TLS, without user and password. */
  readonly url: string;
  /** The address for people. */
  readonly name: string;
  readonly user: string;
  readonly password: string;
  /** The database of the tables. */
  readonly database: string;
  /** Settings of ClickHouse that the address gives, for every query. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Where a password is, if not in the address. */
export interface PasswordSources {
  /** Counts more than any other. */
  readonly password: string | undefined;
  /** Its `CLICKHOUSE_PASSWORD` counts if there is no other. */
  readonly environment: Environment;
}

/**
 * Where the tables of an address are.
 *
 * @throws {KymoError} `"invalid-argument"` saying "Cannot `action`".
 */
export function clickhouseLocation(
  { scheme, url, name }: StoreAddress,
  { password, environment }: PasswordSources,
  action: string,
): ClickHouseLocation {
  const isSecure = scheme === "clickhouses";
  const path = decodeURIComponent(url.pathname.replace(/^\//, "")).replace(/\/$/, "");
  if (path.includes("/")) {
    throw new KymoError("invalid-argument", `Cannot ${action}: ${name}: the path is more than a database`);
  }
  const port = url.port === "" ? PORTS[isSecure ? "clickhouses" : "clickhouse"] : url.port;
  return {
    url: `http${isSecure ? "s" : ""}://${url.hostname}:${port}/`,
    name,
    user: decodeURIComponent(url.username),
    password: password ?? (decodeURIComponent(url.password) || (environment.get("CLICKHOUSE_PASSWORD") ?? "")),
    database: path === "" ? DATABASE : path,
    settings: Object.fromEntries(url.searchParams),
  };
}
