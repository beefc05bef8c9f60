import type { DurationRecorder } from "../sampling/time_it.ts";
import { type Check, checkGiven, isFunction, isOneOf, isWholeNumber } from "../options.ts";

/** Options of {@linkcode timeHandler} and its siblings. All have a default. */
export interface HttpOptions {
  /**
   * Returns the route of a request, for instance `"/orders/:id"`, so that all its paths share one
   * label. Called before the handler. If it returns nothing or throws, the label has the path (in a
   * route table: the pattern).
   */
  readonly route?: (request: Request) => string | undefined;
  /** Most labels, at least 1. Further ones become `other [VERB]`. Default 1,000. */
  readonly maxLabels?: number;
  /**
   * `"body"`: until the response is sent completely. `"headers"`: until the handler has returned
   * it. Default `"body"`.
   */
  readonly until?: "body" | "headers";
  /** Records the samples. Default: the default monitor. */
  readonly recorder?: DurationRecorder;
}

/** {@linkcode HttpOptions}, checked and with defaults. */
export interface CheckedHttpOptions extends Required<Omit<HttpOptions, "route">> {
  readonly route: HttpOptions["route"] | undefined;
}

const isRecorder = (value: unknown): boolean => {
  const recorder = value as Partial<DurationRecorder> | null;
  return typeof recorder?.startDurationSample === "function" && typeof recorder.stopDurationSample === "function";
};

const CHECKS: Readonly<Record<keyof HttpOptions, Check>> = {
  route: isFunction,
  maxLabels: isWholeNumber(1),
  until: isOneOf("body", "headers"),
  recorder: (value) => isRecorder(value) ? undefined : "must have startDurationSample and stopDurationSample",
};

/**
 * Checks the options and adds defaults.
 *
 * @throws {KymoError} `"invalid-argument"` for an unknown option, a wrong type or a value out of
 * range. The message begins with `action`.
 */
export function checkHttpOptions(action: string, options: unknown, recorder: DurationRecorder): CheckedHttpOptions {
  const given = checkGiven<HttpOptions>(action, options, CHECKS);
  return { route: undefined, maxLabels: 1_000, until: "body", recorder, ...given };
}
