/**
 * What kind of failure it is, which decides what the shipper does:
 *
 * - `"passing"`: the store cannot be reached, is busy or full. It is tried again, for ever.
 * - `"target"`: something is wrong with the store that somebody has to mend: a wrong password, a
 *   missing table. It is tried again too, loudly; nothing is skipped.
 * - `"data"`: the store refuses these rows. The piece among them that is to blame is found, and put
 *   into quarantine once the store has taken another one.
 *
 * Who reads from a store gives up at any of them.
 */
export type FailureKind = "passing" | "target" | "data";

/** A failure of a store. Its message never has a password. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly kind: FailureKind;
  /** The store's code, such as an SQLSTATE or the name of an `errno`. */
  readonly code: string;
  /** How long the store asks to wait, ms. */
  readonly retryAfter: number | undefined;

  /** With what caused it. */
  constructor(kind: FailureKind, code: string, message: string, { cause, retryAfter }: StoreErrorOptions = {}) {
    super(message, { cause });
    this.kind = kind;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** What else is known of a failure. */
export interface StoreErrorOptions extends ErrorOptions {
  readonly retryAfter?: number | undefined;
}
