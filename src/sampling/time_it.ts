import { KymoError, quote } from "../errors.ts";
import { isThenable, whenSettled } from "./when_settled.ts";

/** What a timer needs of a monitor. */
export interface DurationRecorder {
  /** Starts a sample and returns its id; 0 if nothing is recorded. */
  startDurationSample(): number;
  /** Stops a sample. */
  stopDurationSample(label: string, id: number): void;
  /**
   * Calls `listener`, which must not throw, before rows are flushed by `flush`, `stop` or the end
   * of the program; with `isEnd` if samples cannot be stopped afterwards. Returns a function that
   * removes the listener.
   */
  beforeFlush?(listener: (isEnd: boolean) => void): () => void;
  /** Reports a failure to the program, as those of the recording. */
  report?(error: KymoError): void;
  /**
   * Counts a request that is recorded as `other [VERB]`, because there were `limit` labels already.
   */
  countOther?(limit: number): void;
}

/**
 * Times a function by wrapping it, or a method as its decorator (a standard one, not TypeScript's
 * older experimental kind).
 */
// deno-lint-ignore no-explicit-any -- any function can be timed, and keeps its type
export type TimeIt = <F extends (this: any, ...args: any[]) => any>(fn: F, context?: { readonly kind: string }) => F;

const DECORATED = ["method", "getter", "setter"];

/**
 * Makes the timer for one label. A function is timed until it returns or throws; if it returns a
 * promise, until the promise is settled; a generator, from the call until it is exhausted, returned
 * or thrown into. `this`, arguments, results and errors pass unchanged. Each call has its own
 * sample, so calls may be concurrent or recursive.
 *
 * If it returns another thenable, such as a query of Knex, Drizzle, Mongoose or Prisma, it is timed
 * from the call until the first `then`, `catch` or `finally` that the program calls on it is
 * settled. Work that the program never awaits is not started, and not recorded. If the properties
 * of the thenable are fixed (it is frozen, say), the function is timed until it returns.
 *
 * If a function that is not `async` returns a promise, the timer attaches handlers to it. Hence the
 * runtime counts it as handled, and does not report a rejection that the program does not handle.
 */
export function timeItWith(recorder: DurationRecorder, label: string): TimeIt {
  if (typeof label !== "string") {
    throw new KymoError("invalid-argument", `Cannot time the function: the label must be a string: ${quote(label)}`);
  }
  return (fn, context) => {
    if (typeof fn !== "function" || isClass(fn)) {
      throw new KymoError("invalid-argument", `Cannot time the function: not a function: ${quote(fn)}`);
    }
    if (context !== undefined && !DECORATED.includes(context?.kind)) {
      throw new KymoError(
        "invalid-argument",
        `Cannot time the function: only methods can be decorated: ${quote(context?.kind ?? context)}`,
      );
    }
    return timed(recorder, label, fn);
  };
}

/**
 * Whether a function is a class, which cannot be called without `new`. Its source text shows it.
 */
function isClass(fn: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(fn));
}

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;

function timed<F extends Parameters<TimeIt>[0]>(recorder: DurationRecorder, label: string, fn: F): F {
  const isAsync = fn instanceof AsyncFunction;
  const wrapper = function (this: unknown): unknown {
    const args = arguments as unknown as unknown[];
    const id = recorder.startDurationSample();
    if (id === 0) return new.target ? Reflect.construct(fn, args, new.target) : fn.apply(this, args);
    let result: unknown;
    try {
      result = new.target ? Reflect.construct(fn, args, new.target) : fn.apply(this, args);
    } catch (error) {
      recorder.stopDurationSample(label, id);
      throw error;
    }
    if (isAsync) return followed(recorder, label, id, result as Promise<unknown>);
    if (isPrimitive(result)) recorder.stopDurationSample(label, id);
    else watch(result, () => recorder.stopDurationSample(label, id));
    return result;
  };
  // Copies its name, length, prototype and all other properties.
  for (const key of Reflect.ownKeys(fn)) {
    Reflect.defineProperty(wrapper, key, Object.getOwnPropertyDescriptor(fn, key)!);
  }
  return wrapper as F;
}

function isPrimitive(value: unknown): value is string | number | bigint | boolean | symbol | null | undefined {
  return value === null || typeof value !== "object" && typeof value !== "function";
}

/** Calls `stop` when a result is complete: at once, unless it is thenable or a generator. */
function watch(result: unknown, stop: () => void): void {
  if (isThenable(result) || !isGenerator(result)) return whenSettled(result, stop);
  try {
    untilDone(result, stop);
  } catch {
    stop(); // a proxy may throw at any access
  }
}

/**
 * Returns a promise that is settled like that of an `async` function, after its sample is stopped.
 * If the original were returned, the runtime would count it as handled, and would not report a
 * rejection that the program does not handle.
 */
async function followed<T>(recorder: DurationRecorder, label: string, id: number, promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } finally {
    recorder.stopDurationSample(label, id);
  }
}

type AnyGenerator = Generator | AsyncGenerator;
type Resumption = IteratorResult<unknown> | Promise<IteratorResult<unknown>>;

function isGenerator(value: unknown): value is AnyGenerator {
  try {
    const tag = Object.prototype.toString.call(value);
    return tag === "[object Generator]" || tag === "[object AsyncGenerator]";
  } catch {
    return false; // a proxy may throw at any access
  }
}

/**
 * Calls `stop` when the generator ends. It stays the same object, so that `instanceof` and identity
 * hold.
 */
function untilDone(generator: AnyGenerator, stop: () => void): void {
  if (!Object.isExtensible(generator)) return stop();
  let running = false;
  let ended = false;
  const end = (): void => {
    if (!ended) stop();
    ended = true;
  };
  const settle = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result.done) end();
    return result;
  };
  for (const name of ["next", "return", "throw"] as const) {
    const resume = generator[name] as (...args: unknown[]) => Resumption;
    const watched = function (this: unknown, ...args: unknown[]): Resumption {
      // The generator resumes itself: that throws, and does not end it.
      if (running) return resume.apply(this, args);
      running = true;
      try {
        const result = resume.apply(this, args);
        if (!isThenable(result)) return settle(result);
        return Promise.resolve(result).then(settle, (error) => {
          end();
          throw error;
        });
      } catch (error) {
        end();
        throw error;
      } finally {
        running = false;
      }
    };
    Object.defineProperty(generator, name, { value: watched, configurable: true, writable: true });
  }
}
