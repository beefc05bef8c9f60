/**
 * How failures are reported: one class with a code, and the parts of its messages.
 *
 * @module
 */

/**
 * What kind of failure a {@linkcode KymoError} is. Codes are stable: later versions may add codes,
 * and never change what one means.
 *
 * - `"invalid-argument"`: an argument or option is wrong. Nothing has changed.
 * - `"invalid-state"`: the call came at the wrong time, such as a second `start`. Nothing has
 *   changed.
 * - `"limit-exceeded"`: there are as many as there may be. Nothing has changed.
 * - `"not-found"`: a file, directory or series does not exist.
 * - `"already-exists"`: a file would be overwritten.
 * - `"permission-denied"`: the operating system or a permission flag of the runtime refuses.
 * - `"unsupported"`: this runtime or file system cannot do it.
 * - `"missing-package"`: an optional package is not installed, or cannot be loaded.
 * - `"io"`: the disk or the file system refused; `cause` has the name of the `errno`.
 * - `"invalid-data"`: a file's content is not what it should be.
 * - `"out-of-memory"`: there is no memory for a buffer, or for a query.
 * - `"sampler-failed"`: a sampler threw; `cause` is what it threw.
 * - `"profiler-failed"`: the CPU profiler of the runtime failed.
 * - `"query-failed"`: the database refused a query.
 */
export type KymoErrorCode =
  | "invalid-argument"
  | "invalid-state"
  | "limit-exceeded"
  | "not-found"
  | "already-exists"
  | "permission-denied"
  | "unsupported"
  | "missing-package"
  | "io"
  | "invalid-data"
  | "out-of-memory"
  | "sampler-failed"
  | "profiler-failed"
  | "query-failed";

/** By which a copy of this package knows the errors of another one. */
const BRAND = Symbol.for("@kymo/kymo error");

/**
 * The one error that Kymo throws, reports to `onError` and keeps in `status().lastError`. Its
 * message says what was attempted, a colon, the value at hand, and the reason. `instanceof` also
 * recognizes the errors of another copy of this package.
 *
 * @example
 * ```ts
 * import { KymoError, start } from "@kymo/kymo";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const error = assertThrows(() => start({ flushInterval: -1 }), KymoError);
 * assertEquals(error.code, "invalid-argument");
 * ```
 */
export class KymoError extends Error {
  /** Always `"KymoError"`. */
  override readonly name = "KymoError";
  /** The kind of failure. */
  readonly code: KymoErrorCode;

  /** With what caused it as `options.cause`, if anything did. */
  constructor(code: KymoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, BRAND, { value: true }); // not enumerable
  }

  static {
    // What loggers print keeps the name in a minified bundle: the name of the class, and the first
    // word of `stack`, which is the name that the prototype has when the error is made.
    for (const target of [this, this.prototype]) {
      Object.defineProperty(target, "name", { value: "KymoError", writable: true, configurable: true });
    }
  }

  /** Whether a value is an error of this copy of the package or of another one. */
  static override [Symbol.hasInstance](value: unknown): value is KymoError {
    return value instanceof Error && BRAND in value;
  }

  /** What `JSON.stringify` writes: name, code and message, and the message of the cause. */
  toJSON(): { readonly name: string; readonly code: KymoErrorCode; readonly message: string; readonly cause?: string } {
    const { name, code, message, cause } = this;
    return { name, code, message, ...cause === undefined ? {} : { cause: reason(cause) } };
  }
}

/**
 * The code for each code of `FileError`: names of `errno`, and `"DENIED"` for a permission of the
 * runtime. All others are `"io"`. Those for `"unsupported"` mean that the file system cannot do it,
 * whatever the operation; what else means so in one operation only is in `files/directory.ts`.
 */
const CODES: Readonly<Record<string, KymoErrorCode>> = {
  ENOENT: "not-found",
  EEXIST: "already-exists",
  DENIED: "permission-denied",
  EACCES: "permission-denied",
  EPERM: "permission-denied",
  EFTYPE: "invalid-data",
  ENODEV: "unsupported",
  ENOLCK: "unsupported",
  ENOSYS: "unsupported",
  ENOTSUP: "unsupported",
  EOPNOTSUPP: "unsupported",
};

/** The code for a failed operation on files, by what the operation threw. */
export function fileErrorCode(thrown: unknown): KymoErrorCode {
  if (thrown instanceof KymoError) return thrown.code;
  const { code } = (thrown ?? {}) as { code?: unknown };
  return typeof code === "string" && Object.hasOwn(CODES, code) ? CODES[code]! : "io";
}

/**
 * A failed operation on the file or directory `path`, such as
 * `Cannot read: "a.csv": no such file or directory`. Code and reason are those of `thrown`, unless
 * given.
 */
export function fileError(
  action: string,
  path: string,
  thrown: unknown,
  { code = fileErrorCode(thrown), why = reason(thrown) }: { readonly code?: KymoErrorCode; readonly why?: string } = {},
): KymoError {
  return new KymoError(code, `${action}: ${quotePath(path)}: ${why}`, { cause: thrown });
}

/**
 * A value as it is quoted in a message: JSON for strings (cut at 100 characters), plain text for
 * the rest.
 */
export function quote(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > 100 ? `${value.slice(0, 99)}…` : value);
  }
  if (typeof URL === "function" && value instanceof URL) return quote(value.href);
  if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  if (typeof value === "bigint") return `${value}n`;
  return String(value);
}

/** A path as it is quoted in a message: not cut, since its end says most. */
export function quotePath(path: string): string {
  return JSON.stringify(path);
}

/** The message of an error, or the text of anything else that was thrown. */
export function reason(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/**
 * Calls `report` with the rejection of a promise that a callback returned, where callbacks should
 * return nothing.
 */
export function onRejection(returned: unknown, report: (reason: unknown) => void): void {
  const { then } = (returned ?? {}) as { then?: unknown };
  if (typeof then === "function") then.call(returned, undefined, report);
}
