import type { DurationRecorder } from "../sampling/time_it.ts";
import { type Check, checkGiven, isBoolean, isFunction, isOneOf, isWholeNumber } from "../options.ts";

/** Until when a request is timed. */
export type Until = "body" | "headers";

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
   * Whether segments of paths that are ids (numbers, dates, UUIDs, long hexadecimal or random
   * texts) become `:id` where the route is not known. Default `true`.
   */
  readonly foldIds?: boolean;
  /**
   * `"body"`: until the response is sent completely. `"headers"`: until the handler has returned
   * it. Or a function that tells by the route, or the path where the route is not known; it is
   * called when the handler has returned the response. If it returns anything else or throws,
   * `"body"` holds. Default `"body"`.
   */
  readonly until?: Until | ((route: string) => Until | undefined);
  /** Records the samples. Default: the default monitor. */
  readonly recorder?: DurationRecorder;
}

/** {@linkcode HttpOptions}, checked and with defaults. */
export interface CheckedHttpOptions extends Required<Omit<HttpOptions, "route">> {
  readonly route: HttpOptions["route"] | undefined;
  /** Whether the program does not ask for it: then it gives way to what the program times itself. */
  readonly isAutomatic?: boolean;
}

const isRecorder = (value: unknown): boolean => {
  const recorder = value as Partial<DurationRecorder> | null;
  return typeof recorder?.startDurationSample === "function" && typeof recorder.stopDurationSample === "function";
};

const isUntil = isOneOf("body", "headers");

const CHECKS: Readonly<Record<keyof HttpOptions, Check>> = {
  route: isFunction,
  maxLabels: isWholeNumber(1),
  foldIds: isBoolean,
  until: (value) => typeof value === "function" ? undefined : isUntil(value),
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
  return { route: undefined, maxLabels: 1_000, foldIds: true, until: "body", recorder, ...given };
}
