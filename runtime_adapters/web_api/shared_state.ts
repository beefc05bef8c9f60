/**
 * What all copies of this package in an isolate share, on `globalThis`. A program may hold several
 * copies: its own and that of a library, or a new one each time that a development server evaluates
 * the modules again.
 *
 * @module
 */

/**
 * Version of what is shared unless it has one of its own. Raise it when a method that is called on
 * something shared changes its meaning.
 */
const SHARED_VERSION = 1;

/** Where something is shared, and in which version. */
export interface SharingOptions {
  readonly version?: number;
  /** Default: those of this isolate. */
  readonly globals?: object;
}

/**
 * What all copies share under a name: made by the first one that asks. What replaces a function of
 * the runtime, or listens to the process, must be there once whoever asks.
 */
export function sharedInIsolate<T extends object>(
  name: string,
  make: () => T,
  { version = SHARED_VERSION, globals = globalThis }: SharingOptions = {},
): T {
  const symbol = Symbol.for(symbolText(name) + version);
  const shared = (globals as Record<symbol, T | undefined>)[symbol];
  if (shared !== undefined) return shared;
  const made = make();
  // Not enumerable, and no exception where the program has frozen its globals.
  Reflect.defineProperty(globals, symbol, { value: made });
  return made;
}

/** What copies share under a name in other versions than `version`. */
export function sharedInOtherVersions<T extends object>(
  name: string,
  { version = SHARED_VERSION, globals = globalThis }: SharingOptions = {},
): T[] {
  const text = symbolText(name);
  return Object.getOwnPropertySymbols(globals)
    .filter(({ description = "" }) => description.startsWith(text) && description !== text + version)
    .map((symbol) => (globals as Record<symbol, T>)[symbol]!);
}

/** How the descriptions of the symbols begin; the version follows. */
function symbolText(name: string): string {
  return `@kymo/kymo ${name} `;
}
