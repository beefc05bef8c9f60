import { KymoError } from "../../../errors.ts";
import type { StoreAddress } from "../../../stores/store_address.ts";
import type { CrateOptions } from "./crate_target.ts";

/** Default schema of the tables. */
const SCHEMA = "kymo";

/** Default port of HTTP, with TLS too. */
const PORT = "4200";

/**
 * Where the tables of an address are: `crate://[user@]host[:4200]/[schema]`, or `crates://` with TLS.
 *
 * @throws {KymoError} `"invalid-argument"` if its path is more than a schema.
 */
export function crateLocation(
  { scheme, url, name }: StoreAddress,
  password: string | undefined,
): Pick<CrateOptions, "url" | "name" | "user" | "password" | "schema"> {
  const schema = decodeURIComponent(url.pathname.replace(/^\/|\/$/g, "")) || SCHEMA;
  if (schema.includes("/")) {
    throw new KymoError("invalid-argument", `Cannot ship: ${name}: the path is more than a schema`);
  }
  return {
    url: `http${scheme === "crates" ? "s" : ""}://${url.hostname}:${url.port || PORT}/_sql`,
    name,
    user: decodeURIComponent(url.username),
    password: password ?? decodeURIComponent(url.password),
    schema,
  };
}
