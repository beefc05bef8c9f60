import { giveOwnFrame } from "../default_runtime.ts";
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
 * Times a function by wrapping it, or a method as its decorator: a standard one, or one of
 * TypeScript's `experimentalDecorators`.
 */
export interface TimeIt {
  /** Returns the timed function. */
  // deno-lint-ignore no-explicit-any -- any function can be timed, and keeps its type
  <F extends (this: any, ...args: any[]) => any>(fn: F, context?: { readonly kind: string }): F;
  /**
   * Returns the descriptor of the timed member. These decorators do not tell a getter from the
   * setter of the same name, so both are timed.
   */
  <T>(target: object, name: string | symbol, member: TypedPropertyDescriptor<T>): TypedPropertyDescriptor<T>;
}

/** Any function that can be timed. */
// deno-lint-ignore no-explicit-any -- as in `TimeIt`
type AnyFunction = (this: any, ...args: any[]) => any;

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
  const timer = (target: unknown, context?: unknown, member?: unknown): unknown => {
    // What the runtime passes to a decorator tells which of the two kinds it is.
    if (typeof context === "string" || typeof context === "symbol") {
      return timedMember(recorder, label, context, member);
    }
    if (!isFunction(target)) {
      throw new KymoError("invalid-argument", `Cannot time the function: not a function: ${quote(target)}`);
    }
    const { kind } = (context ?? {}) as { kind?: unknown };
    if (context !== undefined && !DECORATED.includes(kind as string)) throw notAMethod(kind ?? context);
    return timed(recorder, label, target);
  };
  return timer as TimeIt;
}

/**
 * The descriptor of a timed method, getter or setter, for a decorator of `experimentalDecorators`.
 */
function timedMember(
  recorder: DurationRecorder,
  label: string,
  name: string | symbol,
  member: unknown,
): PropertyDescriptor {
  const descriptor = (member ?? {}) as PropertyDescriptor;
  const functions = (["value", "get", "set"] as const).filter((key) => isFunction(descriptor[key]));
  if (functions.length === 0) throw notAMethod(name);
  return {
    ...descriptor,
    ...Object.fromEntries(functions.map((key) => [key, timed(recorder, label, descriptor[key])])),
  };
}

function notAMethod(decorated: unknown): KymoError {
  return new KymoError(
    "invalid-argument",
    `Cannot time the function: only methods can be decorated: ${quote(decorated)}`,
  );
}

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === "function" && !isClass(value);
}

/**
 * Whether a function is a class, which cannot be called without `new`. Its source text shows it.
 */
function isClass(fn: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(fn));
}

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;

function timed<F extends AnyFunction>(recorder: DurationRecorder, label: string, fn: F): F {
  giveOwnFrame(fn);
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
  copyMetadata(fn, wrapper);
  return wrapper as F;
}

/** What the package `reflect-metadata` adds to `Reflect`. */
interface ReflectMetadata {
  getOwnMetadataKeys?(target: object): unknown[];
  getOwnMetadata(key: unknown, target: object): unknown;
  defineMetadata(key: unknown, value: unknown, target: object): void;
}

/**
 * Copies what decorators have noted about a function with `reflect-metadata`. NestJS keeps routes
 * and guards there, for the function and not for its name.
 */
function copyMetadata(from: object, to: object): void {
  const reflect = Reflect as unknown as ReflectMetadata;
  for (const key of reflect.getOwnMetadataKeys?.(from) ?? []) {
    reflect.defineMetadata(key, reflect.getOwnMetadata(key, from), to);
  }
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
