/**
 * Follows what a function returns until it is settled, without starting or repeating its work.
 *
 * A **promise**, of any realm, is followed by the `then` of `Promise.prototype`. Nothing else of it
 * is called.
 *
 * Any other **thenable** may be lazy: the query builders of Knex, Drizzle, Mongoose and Prisma start
 * their work in `then`. So its `then` is never called here. The thenable stays the same object and
 * gets a property of its own, `then`, which calls the original once for each call by the program
 * and sees when the first is settled. All other methods and private fields work as before, and work
 * that the program never awaits is never started.
 *
 * @module
 */

type Callback = ((...args: unknown[]) => unknown) | null | undefined;
type Then = (onFulfilled?: Callback, onRejected?: Callback, ...rest: unknown[]) => unknown;

/**
 * The class of the promises that `async` functions return, even if the program has replaced the
 * global `Promise`.
 */
const NativePromise = (async () => {})().constructor as PromiseConstructor;
const nativeThen = NativePromise.prototype.then;

/** Source text of the `then` of `Promise.prototype`, in any realm. */
const NATIVE_THEN = /^function then\(\)\s*\{\s*\[native code\]\s*\}$/;

/** Callers that may wait for one thenable; further ones are never told. */
const MAX_WAITING = 1_000;

/** Whether `await` would wait for a value. Reads its property `then`, and never throws. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return thenOf(value) !== undefined;
}

/**
 * Calls `settled`, which must not throw, once: at once if `result` is not thenable, or when it is
 * settled. For a promise that is when it is fulfilled or rejected; for another thenable, when the
 * first `then`, `catch` or `finally` that the program calls from now on is settled, and never if it
 * calls none. Of a thenable whose properties are fixed, such as a frozen one, nothing is known, so
 * `settled` is called at once. Never throws.
 */
export function whenSettled(result: unknown, settled: () => void): void {
  const then = thenOf(result);
  if (then === undefined) return settled();
  const thenable = result as object;
  if (isPromise(thenable, then) && followPromise(thenable, settled)) return;
  if (!followThenable(thenable, then, settled)) settled();
}

/** The property `then`, if it is a function. */
function thenOf(value: unknown): Then | undefined {
  if (value === null || typeof value !== "object" && typeof value !== "function") return undefined;
  try {
    const { then } = value as { then?: unknown };
    return typeof then === "function" ? then as Then : undefined;
  } catch {
    return undefined; // a getter or a proxy may throw
  }
}

/**
 * Whether a thenable is probably a promise, whose own `then` does no more than the native one. Of a
 * promise of the native class `await` does not call the own `then`, which zone.js replaces.
 */
function isPromise(thenable: object, then: Then): boolean {
  try {
    return then === nativeThen || thenable.constructor === NativePromise ||
      NATIVE_THEN.test(Function.prototype.toString.call(then));
  } catch {
    return false;
  }
}

/** `false` if it is no promise, or of a class that cannot make promises. */
function followPromise(promise: object, settled: () => void): boolean {
  try {
    nativeThen.call(promise as Promise<unknown>, settled, settled);
    return true;
  } catch {
    return false;
  }
}

/** Who waits for a thenable, and the `then` that tells them. */
interface Waiting {
  readonly then: Then;
  readonly callers: (() => void)[];
}

const waitingFor = new WeakMap<object, Waiting>();

/** `false` if its properties cannot be replaced. */
function followThenable(thenable: object, then: Then, settled: () => void): boolean {
  const known = waitingFor.get(thenable);
  if (known?.then === then) {
    if (known.callers.length < MAX_WAITING) known.callers.push(settled);
    return true;
  }
  const callers = [settled];
  const settle = (): void => callers.splice(0).forEach((caller) => caller());
  const observed = observedThen(then, settle);
  if (!define(thenable, "then", observed)) {
    callers.length = 0; // a proxy may have kept it all the same
    return false;
  }
  waitingFor.set(thenable, { then: observed, callers });
  // Those of Mongoose and Prisma do not call `then`.
  for (const name of ["catch", "finally"]) {
    const method = (thenable as Record<string, unknown>)[name];
    if (typeof method === "function") define(thenable, name, observedMethod(method as Then, observed, settle));
  }
  return true;
}

/** Whether an object has the property afterwards; that of a frozen object or a proxy may not change. */
function define(object: object, name: string, value: unknown): boolean {
  try {
    return Reflect.defineProperty(object, name, { value, configurable: true, writable: true, enumerable: false }) &&
      (object as Record<string, unknown>)[name] === value;
  } catch {
    return false;
  }
}

/** A `then` that passes everything on, and calls `settle` before the program's callbacks. */
function observedThen(then: Then, settle: () => void): Then {
  const observed = {
    then(this: unknown, onFulfilled?: Callback, onRejected?: Callback, ...rest: unknown[]): unknown {
      const fulfilled = (...values: unknown[]): unknown => {
        settle();
        return typeof onFulfilled === "function" ? onFulfilled(...values) : values[0];
      };
      const rejected = (...reasons: unknown[]): unknown => {
        settle();
        if (typeof onRejected === "function") return onRejected(...reasons);
        throw reasons[0];
      };
      try {
        return then.call(this, fulfilled, rejected, ...rest);
      } catch (error) {
        settle();
        throw error;
      }
    },
  };
  return observed.then;
}

/** A `catch` or `finally` that passes everything on, and calls `settle` when its result is settled. */
function observedMethod(method: Then, then: Then, settle: () => void): Then {
  return function (this: unknown, ...args: unknown[]): unknown {
    const result = method.apply(this, args as Parameters<Then>);
    const next = thenOf(result);
    // Another handler on the result itself would hide that the program does not handle a rejection.
    return next === undefined || next === then ? result : observedThen(next, settle).call(result);
  };
}
