/**
 * The default monitor: one for each isolate, whichever copy of this package is asked.
 *
 * A program may hold several copies: one of its own and one of a library, two versions, or a new
 * copy each time that a development server evaluates the modules again. All of them find the same
 * monitor under a symbol on `globalThis`, which the first one puts there.
 *
 * @module
 */

import { defaultRuntime, sharedInIsolate, sharedInOtherVersions, type SharingOptions } from "../default_runtime.ts";
import { KymoError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { createMonitor, type Monitor } from "./monitor.ts";

/**
 * Version of what copies share: the names and meanings of the methods of {@linkcode Monitor}. Raise
 * it with each change of a method that exists, and with each new one that this package calls on the
 * default monitor.
 */
export const SHARED_VERSION = 1;

/** Under this name copies find it. */
const NAME = "monitor";

/** What copies find. */
interface Shared {
  /** Version of the package that made it. */
  readonly package: string;
  readonly monitor: Monitor;
}

/** The default monitor, in a version and in an isolate with some globals. */
export function defaultMonitorOf({ version = SHARED_VERSION, ...where }: SharingOptions = {}): Monitor {
  const made: Shared = { package: VERSION, monitor: createMonitor(defaultRuntime, { isDefault: true }) };
  const shared = sharedInIsolate(NAME, () => made, { version, ...where });
  if (shared === made) {
    for (const other of sharedInOtherVersions<Shared>(NAME, { version, ...where })) tell(other, made);
  }
  return shared.monitor;
}

/**
 * Reports to a monitor that records that there are copies of this package whose samples it does not
 * get, because their {@linkcode SHARED_VERSION} differs.
 */
export function reportOtherCopies(
  monitor: Monitor = defaultMonitor,
  { version = SHARED_VERSION, ...where }: SharingOptions = {},
): void {
  for (const other of sharedInOtherVersions<Shared>(NAME, { version, ...where })) {
    tell({ package: VERSION, monitor }, other);
  }
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
export const defaultMonitor: Monitor = defaultMonitorOf();
