import { KymoError, quote } from "./errors.ts";

/**
 * What is wrong with the value of an option, as the end of a sentence; `undefined` if nothing is.
 */
export type Check = (value: unknown) => string | undefined;

/**
 * The options that are set, all known and valid.
 *
 * @throws {KymoError} if one is not; the message begins with `action`.
 */
export function checkGiven<O extends object>(
  action: string,
  options: unknown,
  checks: Readonly<Record<keyof O, Check>>,
): Partial<O> {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new KymoError("invalid-argument", `${action}: options must be an object: ${quote(options)}`);
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    const check = Object.hasOwn(checks, name) ? checks[name as keyof O] : undefined;
    if (check === undefined) {
      throw new KymoError("invalid-argument", `${action}: there is no such option: ${quote(name)}`);
    }
    const wrong = check(value);
    if (wrong !== undefined) throw new KymoError("invalid-argument", `${action}: ${name} ${wrong}: ${quote(value)}`);
  }
  return Object.fromEntries(given) as Partial<O>;
}

/** A check that the value is one of some words. */
export function isOneOf(...words: readonly string[]): Check {
  const list = words.map((word) => `"${word}"`).join(" or ");
  return (value) => words.includes(value as string) ? undefined : `must be ${list}`;
}

/** A check that the value is a function. */
export const isFunction: Check = (value) => typeof value === "function" ? undefined : "must be a function";

/** A check that the value is a boolean. */
export const isBoolean: Check = (value) => typeof value === "boolean" ? undefined : "must be true or false";

/** A check that the value is an array. Its items are checked by the caller. */
export const isArray: Check = (value) => Array.isArray(value) ? undefined : "must be an array";

/** A check that the value is a whole number from `min` to `max`, or `also` if that is given. */
export function isWholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER, also?: number): Check {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const requirement = `must be ${also === undefined ? "" : `${also} or `}a whole number ${range}`;
  return (value) => {
    const fits = Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
    return fits || value === also && also !== undefined ? undefined : requirement;
  };
}
