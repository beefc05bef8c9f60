/**
 * Types of the part of `@std/assert` that Kymo's tests use, as the original declares them.
 *
 * @module
 */

// deno-lint-ignore no-explicit-any
type AnyArguments = any[];

/** A class that may be abstract. */
export type AnyClass<T> = abstract new (...args: AnyArguments) => T;

/** What every assertion below throws when it does not hold. */
export class AssertionError extends Error {
  /** Wraps the message. */
  constructor(message: string, options?: ErrorOptions);
}

/** Holds if `expr` is truthy. */
export function assert(expr: unknown, msg?: string): asserts expr;
/** Holds if `expr` is falsy. */
export function assertFalse(expr: unknown, msg?: string): asserts expr is false | 0 | 0n | "" | null | undefined;
/** Holds if both are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void;
/** Holds if they are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void;
/** Holds if `Object.is(actual, expected)`. */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T;
/** Holds if not `Object.is(actual, expected)`. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void;
/** Holds if the numbers differ by at most `tolerance`; by default a ten-millionth of `expected`. */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void;
/** Holds if `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void;
/** Holds if `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void;
/** Holds if `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void;
/** Holds if `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void;
/** Holds if `actual` is neither `null` nor `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T>;
/** Holds if `actual instanceof expectedType`. */
export function assertInstanceOf<T>(
  actual: unknown,
  expectedType: AnyClass<T>,
  msg?: string,
): asserts actual is T;
/** Holds if not `actual instanceof unexpectedType`. */
export function assertNotInstanceOf<A, T>(
  actual: A,
  unexpectedType: AnyClass<T>,
  msg?: string,
): asserts actual is Exclude<A, T>;
/** Holds if `error` is of the class and its message has the text or matches the pattern. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: AnyClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E;
/** Holds if the text matches the pattern. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void;
/** Holds if the text does not match the pattern. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void;
/** Holds if the text has the other in it. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void;
/** Holds if every element of `expected` is, deeply equal, in `actual`. */
export function assertArrayIncludes<T>(
  actual: ArrayLike<T> & object,
  expected: ArrayLike<T> & object,
  msg?: string,
): void;
/** Holds if every property of `expected` is, deeply equal, in `actual`. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void;
/** Holds if the function throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Holds if the function throws an error of the class whose message has the text in it; returns the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
/** Holds if the promise is rejected; resolves to the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Holds if the promise is rejected with an error of the class whose message has the text in it; resolves to the error. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
/** Whether both are deeply equal. */
export function equal(a: unknown, b: unknown): boolean;
/** Never holds. */
export function fail(msg?: string): never;
/** Never holds: the line was not to be reached. */
export function unreachable(msg?: string): never;
