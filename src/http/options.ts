import type { DurationRecorder } from "../recording/time_it.ts";
import { type Check, checkGiven, isFunction, isOneOf } from "../options.ts";

/** How requests are timed. All have a default. */
export interface HttpOptions {
  /**
   * Names the route of a request, for instance `"/orders/:id"`, so that all its paths share one label. It is asked before the
   * handler; where it yields nothing or throws, the path is taken (in a table of routes: the pattern).
   */
  readonly route?: (request: Request) => string | undefined;
  /** How many labels there may be, 1 or more; requests beyond are counted under `other [VERB]`. Default 1,000. */
  readonly maxLabels?: number;
  /** `"body"`: until the response was sent to its end. `"headers"`: until the handler has returned a response. Default `"body"`. */
  readonly until?: "body" | "headers";
  /** Who keeps the samples. Default: the monitor of this isolate. */
  readonly recorder?: DurationRecorder;
}

/** The same, complete and checked. */
export interface CheckedOptions {
  /** See {@linkcode HttpOptions.route}. */
  readonly route: ((request: Request) => string | undefined) | undefined;
  /** See {@linkcode HttpOptions.maxLabels}. */
  readonly maxLabels: number;
  /** See {@linkcode HttpOptions.until}. */
  readonly until: "body" | "headers";
  /** See {@linkcode HttpOptions.recorder}. */
  readonly recorder: DurationRecorder;
}

const isRecorder = (value: unknown): boolean => {
  const recorder = value as Partial<DurationRecorder> | null;
  return typeof recorder?.startDurationSample === "function" && typeof recorder.stopDurationSample === "function";
};

const CHECKS: Readonly<Record<keyof HttpOptions, Check>> = {
  route: isFunction,
  maxLabels: (value) =>
    Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : "must be an integer of at least 1",
  until: isOneOf("body", "headers"),
  recorder: (value) => isRecorder(value) ? undefined : "must have startDurationSample and stopDurationSample",
};

/**
 * Completes the options with their defaults.
 *
 * @throws {KymoError} if there is an unknown option, or one of a wrong type or out of range; the message begins with `action`.
 */
export function checkOptions(action: string, options: unknown, recorder: DurationRecorder): CheckedOptions {
  const given = checkGiven<HttpOptions>(action, options, CHECKS);
  return { route: undefined, maxLabels: 1_000, until: "body", recorder, ...given };
}
