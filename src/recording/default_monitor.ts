/**
 * The default monitor: one for each isolate, whichever copy of this package is asked.
 *
 * A program may hold several copies: one of its own and one of a library, two versions, or a new
 * copy each time that a development server evaluates the modules again. All of them find the same
 * monitor under a symbol on `globalThis`, which the first one puts there.
 *
 * @module
 */

import { isolateGlobals } from "../default_runtime.ts";
import { KymoError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { Monitor } from "./monitor.ts";

/**
 * Version of what copies share: the names and meanings of the methods of {@linkcode Monitor}. Raise
 * it with each change of a method that exists, and with each new one that this package calls on the
 * default monitor.
 */
export const SHARED_VERSION = 1;

/** How the descriptions of the symbols begin; the version follows. */
const SYMBOL_TEXT = "@kymo/kymo monitor ";

/** What stands under a symbol. */
interface Shared {
  /** Version of the package that made it. */
  readonly package: string;
  readonly monitor: Monitor;
}

/** The default monitor of an isolate, which has these globals. */
export function defaultMonitorOf(globals: object, version: number = SHARED_VERSION): Monitor {
  const symbol = Symbol.for(SYMBOL_TEXT + version);
  const shared = (globals as Record<symbol, Shared | undefined>)[symbol];
  if (shared !== undefined) return shared.monitor;
  const made: Shared = { package: VERSION, monitor: new Monitor() };
  // Not enumerable, and no exception where the program has frozen its globals.
  Reflect.defineProperty(globals, symbol, { value: made });
  for (const other of otherCopies(globals, version)) tell(other, made);
  return made.monitor;
}

/**
 * Reports to a monitor that records that there are copies of this package whose samples it does not
 * get, because their {@linkcode SHARED_VERSION} differs.
 */
export function reportOtherCopies(
  monitor: Monitor = defaultMonitor,
  globals: object = isolateGlobals,
  version: number = SHARED_VERSION,
): void {
  for (const other of otherCopies(globals, version)) tell({ package: VERSION, monitor }, other);
}

function otherCopies(globals: object, version: number): Shared[] {
  const own = SYMBOL_TEXT + version;
  return Object.getOwnPropertySymbols(globals)
    .filter(({ description = "" }) => description.startsWith(SYMBOL_TEXT) && description !== own)
    .map((symbol) => (globals as Record<symbol, Shared>)[symbol]!);
}

/** Tells a copy of another one. Does nothing if it does not record, or cannot be told anything. */
function tell({ package: own, monitor }: Shared, { package: other }: Shared): void {
  try {
    monitor.report(
      new KymoError(
        "unsupported",
        `Cannot record what another copy of Kymo measures: version ${other} and this one, ${own}, do not share a ` +
          "monitor: start that one too, or install one version",
      ),
    );
  } catch {
    // Its monitor has no such method; it finds this copy when it starts.
  }
}

/** The monitor that the functions of `mod.ts` and the HTTP handlers use. */
export const defaultMonitor: Monitor = defaultMonitorOf(isolateGlobals);
