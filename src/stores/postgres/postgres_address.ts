import { KymoError } from "../../errors.ts";
import type { StoreAddress } from "../store_address.ts";

/** Default schema of the tables. */
const SCHEMA = "kymo";

/** Where the tables are. */
export interface PostgresLocation {
  /** The address for the client, with the password if there is one. */
  readonly url: string;
  /** The address for people. */
  readonly name: string;
  /** The schema of the tables. */
  readonly schema: string;
}

/**
 * Where the tables of an address are, with another password than the one in it, if one is given.
 *
 * @throws {KymoError} `"invalid-argument"` saying "Cannot `action`".
 */
export function postgresLocation(
  { url, name }: StoreAddress,
  password: string | undefined,
  action: string,
): PostgresLocation {
  const address = new URL(url);
  if (password !== undefined) address.password = encodeURIComponent(password);
  const schema = address.searchParams.get("schema") ?? SCHEMA;
  address.searchParams.delete("schema");
  if (schema === "") {
    throw new KymoError("invalid-argument", `Cannot ${action}: ${name}: the name of the schema is empty`);
  }
  return { url: address.href, name, schema };
}
