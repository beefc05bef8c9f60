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
  const automatic: Automatic = {};
  replaceAll(servers, () => timer, automatic);
  replaceAll(workers, () => preloadFor(entry), automatic);
  replaceAll(applications, () => followKoa, automatic);
  replaceClients(clients, environment, automatic);
  const isMain = programFacts().kind === "main";
  defaultMonitor.startBefore({ withRuntime: true }, {
    automatic,
    onError: (error) => isMain && tellOf(error),
  });
}

/** Has outgoing requests timed, if the environment wants that. */
function replaceClients(clients: Runtime["clients"], environment: Environment, automatic: Automatic): void {
  try {
    const until = readOutgoing(environment);
    if (until === undefined) return;
    const timer = clientTimer(checkOutgoingOptions("Cannot time outgoing requests", { until }, defaultMonitor));
    replaceAll(clients, () => timer, automatic);
  } catch (error) {
    tell(`Kymo: ${reason(error)}`);
  }
}

/** What was replaced, by name, and why not: also what turns out later. */
type Automatic = Record<string, Capability>;

function replaceAll<By>(all: readonly Replaceable<By>[], by: () => By, automatic: Automatic): void {
  for (const one of all) {
    const onFailure = (error: unknown): void => {
      automatic[one.name] = { available: false, reason: reason(error) };
    };
    automatic[one.name] = { available: true };
    try {
      one.replace(by(), onFailure);
    } catch (error) {
      onFailure(error);
    }
  }
}

/**
 * The module that workers load first.
 *
 * @throws {Error} if `entry` is a bundle: a worker that loaded it would begin the program anew.
 */
function preloadFor(entry: string): string {
  if (/\/auto\/(?:mod\.[jt]s|kymo_auto\.js)$/.test(entry)) return entry;
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
