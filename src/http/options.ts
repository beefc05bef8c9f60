import { quote, UsageError } from "../errors.ts";
import type { DurationRecorder } from "../monitor/time_it.ts";

/** How requests are timed. All have a default. */
export interface HttpOptions {
  /**
   * Names the route of a request, for instance `"/orders/:id"`, so that all its paths share one label. It is asked before the handler; where it
   * yields nothing or throws, the path is taken (in a table of routes: the pattern).
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

/** What is wrong with an option, as the end of a sentence; `undefined` if nothing is. */
type Check = (value: unknown) => string | undefined;

const isRecorder = (value: unknown): boolean => {
  const recorder = value as Partial<DurationRecorder> | null;
  return typeof recorder?.startDurationSample === "function" && typeof recorder.stopDurationSample === "function";
};

const CHECKS: Readonly<Record<keyof HttpOptions, Check>> = {
  route: (value) => typeof value === "function" ? undefined : "must be a function",
  maxLabels: (value) =>
    Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : "must be an integer of at least 1",
  until: (value) => value === "body" || value === "headers" ? undefined : `must be "body" or "headers"`,
  recorder: (value) => isRecorder(value) ? undefined : "must have startDurationSample and stopDurationSample",
};

/**
 * Completes the options with their defaults.
 *
 * @throws {UsageError} if there is an unknown option, or one of a wrong type or out of range; the message begins with `action`.
 */
export function checkOptions(action: string, options: unknown, recorder: DurationRecorder): CheckedOptions {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new UsageError(`${action}: options must be an object: ${quote(options)}`);
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof HttpOptions] : undefined;
    if (check === undefined) throw new UsageError(`${action}: there is no such option: ${quote(name)}`);
    const wrong = check(value);
    if (wrong !== undefined) throw new UsageError(`${action}: ${name} ${wrong}: ${quote(value)}`);
  }
  return { route: undefined, maxLabels: 1_000, until: "body", recorder, ...Object.fromEntries(given) };
}
