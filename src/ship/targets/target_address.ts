import { KymoError, quote } from "../../errors.ts";
import { digestOf } from "../pieces/piece.ts";

/** The address of a store, as the user has given it. */
export interface TargetAddress {
  /** `"postgres"`, `"clickhouse"`, … */
  readonly scheme: string;
  readonly url: URL;
  /** Without user and password: for people, logs and files. */
  readonly name: string;
  /** Twelve hexadecimal digits that tell it from others: a changed password is the same target. */
  readonly id: string;
}

/** Schemes that mean the same. */
const ALIASES: Readonly<Record<string, string>> = { "postgresql": "postgres" };

/** Parameters of an address that are secrets, or do not say where it is. */
const NOT_WHERE = ["password", "user", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslpassword"];

/**
 * Parses the address of a store.
 *
 * @throws {KymoError} `"invalid-argument"`; the message never has the password.
 */
export async function parseTarget(text: string, schemes: readonly string[]): Promise<TargetAddress> {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    const shown = text.replace(/\/\/[^@/]*@/, "//…@");
    throw new KymoError(
      "invalid-argument",
      `Cannot ship: ${quote(shown)} is no address, such as postgres://host/database`,
    );
  }
  const given = url.protocol.slice(0, -1);
  const scheme = ALIASES[given] ?? given;
  if (!schemes.includes(scheme)) {
    const known = schemes.map((one) => `${one}://`).join(", ");
    throw new KymoError("invalid-argument", `Cannot ship: ${quote(`${given}://…`)} is none of ${known}`);
  }
  const parameters = [...url.searchParams].filter(([key]) => !NOT_WHERE.includes(key)).sort();
  const query = parameters.map(([key, value]) => `${key}=${value}`).join("&");
  const name = `${scheme}://${url.host}${url.pathname}${query === "" ? "" : `?${query}`}`;
  const id = (await digestOf(new TextEncoder().encode(name))).slice(0, 12);
  return { scheme, url, name, id };
}
