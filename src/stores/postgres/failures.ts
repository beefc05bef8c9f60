import { type FailureKind, StoreError } from "../store_error.ts";

/** Classes of SQLSTATE, or whole codes, by what they mean for a shipper (PostgreSQL, appendix A). */
const KINDS: readonly (readonly [start: string, kind: FailureKind])[] = [
  ["25006", "target"], // read-only
  ["08", "passing"], // connection
  ["25", "passing"], // the transaction was ended from outside
  ["40", "passing"], // rollback: deadlock, serialization
  ["53", "passing"], // no disk, no memory, too many connections
  ["55", "passing"], // a lock was not to be had
  ["57", "passing"], // operator intervention: shutdown, cancelled, starting up
  ["58", "passing"], // an error of the server's system
  ["XX", "passing"], // internal
  ["22P03", "passing"], // somebody changed the type of a column; connected anew, rows go as texts
  ["21", "data"],
  ["22", "data"], // a value cannot be stored
  ["23", "data"], // a constraint refuses it
];

const SQLSTATE = /^[0-9A-Z]{5}$/;

/**
 * What a failure means, by its SQLSTATE. Without one the server did not answer: the failure passes.
 * Every other code is the fault of the target: wrong password (28), no such database (3D) or table
 * (42), something that it cannot do (0A).
 */
export function storeErrorOf(thrown: unknown, action: string): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const { code, message } = thrown as { code?: unknown; message?: unknown };
  const why = typeof message === "string" && message !== "" ? message : String(code ?? thrown);
  const text = `${action}: ${why}`;
  if (typeof code !== "string" || !SQLSTATE.test(code)) {
    return new StoreError(isConfigured(why) ? "target" : "passing", String(code ?? ""), text, { cause: thrown });
  }
  const kind = KINDS.find(([start]) => code.startsWith(start))?.[1] ?? "target";
  return new StoreError(kind, code, text, { cause: thrown });
}

/** What the client finds out before the server can: it wants a password, or encryption that is not there. */
function isConfigured(message: string): boolean {
  return /password must be a string|does not support SSL|certificate|SASL/i.test(message);
}
