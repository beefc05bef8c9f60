import { reason } from "../../../errors.ts";
import { FileError } from "../../../runtime.ts";
import { type FailureKind, StoreError } from "../../../stores/store_error.ts";

/** The code of a file that another process has open. */
export const LOCKED = "LOCKED";

/** What DuckDB's messages begin with, by what they mean for a shipper; the first that matches counts. */
const KINDS: readonly (readonly [message: RegExp, code: string, kind: FailureKind])[] = [
  [/^IO Error: Could not set lock on file/, LOCKED, "passing"], // another process has it open
  [/^IO Error: .*(?:not a valid DuckDB|No such file|Permission denied|Is a directory|Not a directory)/, "IO", "target"],
  [/^IO Error/, "IO", "passing"], // the disk is full, or broken
  [/^Out of Memory Error/, "OUT_OF_MEMORY", "passing"],
  [/^(?:FATAL|INTERNAL|TransactionContext|Interrupt) Error/i, "INTERNAL", "passing"],
  [/^Constraint Error/, "CONSTRAINT", "data"],
  [/^(?:Conversion|Invalid Input|Out of Range) Error/, "INVALID", "data"],
  [/^(\w+) Error/, "REFUSED", "target"], // no such table or column, another version of the file
];

/** Codes of operations on files that somebody has to mend. */
const TO_MEND = ["EACCES", "EPERM", "ENOENT", "ENOTDIR", "EISDIR", "EROFS", "DENIED"];

/** What a failure of DuckDB, or of an operation on files beside it, means to a shipper. */
export function storeErrorOf(thrown: unknown, action: string): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const [first = ""] = reason(thrown).split("\n", 1);
  const text = `${action}: ${first}`;
  if (thrown instanceof FileError) {
    // The name of a channel, which somebody's file may have given it.
    const isTooLong = thrown.code === "ENAMETOOLONG";
    const kind = isTooLong ? "data" : TO_MEND.includes(thrown.code) ? "target" : "passing";
    return new StoreError(kind, thrown.code, text, { cause: thrown });
  }
  const [, code = "UNKNOWN", kind = "passing"] = KINDS.find(([message]) => message.test(first)) ?? [];
  return new StoreError(kind, code, text, { cause: thrown });
}
