import { quote, UsageError } from "../errors.ts";

/** What a timer needs of a monitor. */
export interface DurationRecorder {
  /** Starts a sample and returns its id, 0 if nothing is recorded. */
  startDurationSample(): number;
  /** Ends a sample. */
  stopDurationSample(label: string, id: number): void;
  /** Has `look`, which must not throw, called while samples can still be ended for the last time. */
  beforeEnd?(look: () => void): void;
}

/** Times functions: wraps one, or decorates a method (standard decorators, not TypeScript's older experimental ones). */
// deno-lint-ignore no-explicit-any -- any function can be timed, and keeps its type
export type TimeIt = <F extends (this: any, ...args: any[]) => any>(fn: F, context?: { readonly kind: string }) => F;

const PROMISE_METHODS = new Set<string | symbol>(["then", "catch", "finally"]);

const DECORATED = ["method", "getter", "setter"];

/**
 * Makes the timer for one label. A function is timed until it returns or throws, an `async` one until its promise is settled, a generator
 * from the call until it is exhausted, returned or thrown into. `this`, arguments, results and errors pass unchanged; each call has a
 * sample of its own, so calls may be concurrent or recursive.
 */
export function timeItWith(recorder: DurationRecorder, label: string): TimeIt {
  if (typeof label !== "string") {
    throw new UsageError(`Cannot time the function: the label must be a string: ${quote(label)}`);
  }
  return (fn, context) => {
    if (typeof fn !== "function") throw new UsageError(`Cannot time the function: not a function: ${quote(fn)}`);
    if (context !== undefined && !DECORATED.includes(context?.kind)) {
      throw new UsageError(
        `Cannot time the function: only methods can be decorated: ${quote(context?.kind ?? context)}`,
      );
    }
    return timed(recorder, label, fn);
  };
}

function timed<F extends Parameters<TimeIt>[0]>(recorder: DurationRecorder, label: string, fn: F): F {
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    const id = recorder.startDurationSample();
    if (id === 0) return fn.apply(this, args);
    let result: unknown;
    try {
      result = fn.apply(this, args);
    } catch (error) {
      recorder.stopDurationSample(label, id);
      throw error;
    }
    if (typeof result === "object" && result !== null) {
      const stop = () => recorder.stopDurationSample(label, id);
      if (result instanceof Promise) return settled(result, stop);
      if (isGenerator(result)) return untilDone(result, stop);
    }
    recorder.stopDurationSample(label, id);
    return result;
  };
  Object.defineProperty(wrapper, "name", { value: fn.name, configurable: true });
  Object.defineProperty(wrapper, "length", { value: fn.length, configurable: true });
  return wrapper as F;
}

/** A promise that is settled like `promise`, after `stop`. The original alone would look handled to the runtime even if nobody handles it. */
function settled<T>(promise: Promise<T>, stop: () => void): Promise<T> {
  const follower = promise.then((value) => {
    stop();
    return value;
  }, (error) => {
    stop();
    throw error;
  });
  // Some libraries give their promises methods.
  for (const key of Reflect.ownKeys(promise)) {
    if (PROMISE_METHODS.has(key)) continue;
    Reflect.defineProperty(follower, key, Object.getOwnPropertyDescriptor(promise, key)!);
  }
  return follower;
}

type AnyGenerator = Generator | AsyncGenerator;
type Resumption = IteratorResult<unknown> | Promise<IteratorResult<unknown>>;

function isGenerator(value: object): value is AnyGenerator {
  const tag = Object.prototype.toString.call(value);
  return tag === "[object Generator]" || tag === "[object AsyncGenerator]";
}

/** Calls `stop` when the generator ends. It stays the same object, so that `instanceof` and identity hold. */
function untilDone(generator: AnyGenerator, stop: () => void): AnyGenerator {
  if (!Object.isExtensible(generator)) {
    stop();
    return generator;
  }
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
      // Resumed by itself: that throws, and does not end it.
      if (running) return resume.apply(this, args);
      running = true;
      try {
        const result = resume.apply(this, args);
        if (!(result instanceof Promise)) return settle(result);
        return result.then(settle, (error) => {
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
  return generator;
}
