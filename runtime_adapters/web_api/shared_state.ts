/**
 * Version of what the copies of this package in one isolate share. Raise it when a method that is
 * called on something shared changes its meaning.
 */
const SHARED_VERSION = 1;

/**
 * What all copies of this package in this isolate share under a name: made by the first one that
 * asks, and kept on `globalThis`. A program may hold several copies: its own and that of a library,
 * or a new one each time that a development server evaluates the modules again. What replaces a
 * function of the runtime, or listens to the process, must be there once all the same.
 */
export function sharedInIsolate<T extends object>(name: string, make: () => T): T {
  const symbol = Symbol.for(`@kymo/kymo ${name} ${SHARED_VERSION}`);
  const shared = (globalThis as unknown as Record<symbol, T | undefined>)[symbol];
  if (shared !== undefined) return shared;
  const made = make();
  // Not enumerable, and no exception where the program has frozen its globals.
  Reflect.defineProperty(globalThis, symbol, { value: made });
  return made;
}
