/**
 * Results of functions that may fail in ways their caller decides about.
 *
 * @module
 */

/** A value, or the kind of failure with a reason that a person can read. */
export type Result<Value, Kind extends string = string> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly kind: Kind; readonly reason: string };

/** A success. */
export function success<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}

/** A failure of some kind; `reason` ends a sentence after a colon. */
export function failure<Kind extends string>(
  kind: Kind,
  reason: string,
): { readonly ok: false; readonly kind: Kind; readonly reason: string } {
  return { ok: false, kind, reason };
}
