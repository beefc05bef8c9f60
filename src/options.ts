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

/** A check that the value is a path, or a `file:` URL, which may be an object or a text. */
export const isPath: Check = (value) => {
  const text = typeof URL === "function" && value instanceof URL ? value.href : value;
  if (typeof text !== "string" || text === "") return "must be a path or a file: URL";
  if (text.includes("\0")) return "must be a path without NUL";
  if (typeof value === "string" && !text.startsWith("file:")) return undefined;
  return isLocalFile(text) ? undefined : "must be a file: URL of this host, without %00 and %2F";
};

function isLocalFile(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === "file:" && url.host === "" && !/%(?:00|2f)/i.test(url.pathname);
}

/** A path or URL as `Files.resolve` takes it. */
export function pathText(path: string | URL): string {
  return typeof path === "string" ? path : path.href;
}

/** A check that the value is a function. */
export const isFunction: Check = (value) => typeof value === "function" ? undefined : "must be a function";

/** A check that the value is a boolean. */
export const isBoolean: Check = (value) => typeof value === "boolean" ? undefined : "must be true or false";

/** A check that the value is an object. Its fields are checked by the caller. */
export const isObject: Check = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? undefined : "must be an object";

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
