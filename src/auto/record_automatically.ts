import { defaultRuntime, sharedInIsolate, sharedInOtherVersions } from "../default_runtime.ts";
import { type KymoError, reason } from "../errors.ts";
import { checkOutgoingOptions } from "../http/client/options.ts";
import { clientTimer } from "../http/client/time_outgoing.ts";
import { followKoa } from "../http/frameworks/middlewares.ts";
import { defaultMonitor } from "../recording/default_monitor.ts";
import type { Capability } from "../recording/status.ts";
import { isPreloadOff, readOutgoing } from "../recording/environment.ts";
import type { Environment, Replaceable, Runtime } from "../runtime.ts";
import { automaticTimer } from "./server_timer.ts";

/** Under this name copies of the package find that it is done. */
const NAME = "auto";

/** Taken now: a test of the program may replace it. */
const { error: writeLine } = console;

/**
 * Starts the default monitor, and has all servers timed, once in an isolate. `entry` is the URL of
 * the module that does this when it is loaded, for workers. Does not throw.
 */
export function recordAutomatically(entry: string): void {
  try {
    if (sharedInOtherVersions(NAME).length > 0) return;
    let isFirst = false;
    sharedInIsolate(NAME, () => ({ isFirst: isFirst = true }));
    if (isFirst) record(entry);
  } catch (error) {
    tell(`Kymo records nothing: ${reason(error)}`);
  }
}

function record(entry: string): void {
  const { applications, clients, environment, programFacts, servers, workers } = defaultRuntime();
  if (isPreloadOff(environment)) return;
  const timer = automaticTimer();
  const automatic = {
    ...replaced(servers, () => timer),
    ...replaced(workers, () => preloadFor(entry)),
    ...replaced(applications, () => followKoa),
    ...replacedClients(clients, environment),
  };
  const isMain = programFacts().kind === "main";
  defaultMonitor.startBefore({ withRuntime: true }, {
    automatic,
    onError: (error) => isMain && tellOf(error),
  });
}

/** Has outgoing requests timed, if the environment wants that. */
function replacedClients(clients: Runtime["clients"], environment: Environment): Record<string, Capability> {
  try {
    const until = readOutgoing(environment);
    if (until === undefined) return {};
    const timer = clientTimer(checkOutgoingOptions("Cannot time outgoing requests", { until }, defaultMonitor));
    return replaced(clients, () => timer);
  } catch (error) {
    tell(`Kymo: ${reason(error)}`);
    return {};
  }
}

/** Replaces each, and tells by name whether it could. */
function replaced<By>(all: readonly Replaceable<By>[], by: () => By): Record<string, Capability> {
  const entries = all.map((one): [string, Capability] => {
    try {
      one.replace(by());
      return [one.name, { available: true }];
    } catch (error) {
      return [one.name, { available: false, reason: reason(error) }];
    }
  });
  return Object.fromEntries(entries);
}

/**
 * The module that workers load first.
 *
 * @throws {Error} if `entry` is a bundle: a worker that loaded it would begin the program anew.
 */
function preloadFor(entry: string): string {
  if (/\/auto\/mod\.[jt]s$/.test(entry)) return entry;
  throw new Error("bundled with the program: import @kymo/kymo/auto in the worker");
}

let hasTold = false;

/** Tells of the first failure: there is nobody else to tell it to. */
function tellOf({ message }: KymoError): void {
  tell(defaultMonitor.status().running ? `Kymo: ${message}` : `Kymo records nothing: ${message}`);
}

function tell(line: string): void {
  if (hasTold) return;
  hasTold = true;
  try {
    writeLine(line);
  } catch {
    // There is no standard error.
  }
}
