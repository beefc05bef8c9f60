import { type Check, checkGiven, isOneOf, isWholeNumber } from "../../options.ts";
import type { Until } from "../options.ts";

/** Records outgoing requests, as a `Monitor` does. */
export interface OutgoingRecorder {
  /** Starts a sample and returns its id; 0 if nothing is recorded. */
  startOutgoingSample(): number;
  /** Stops a sample. */
  stopOutgoingSample(label: string, id: number): void;
  /**
   * Calls `listener`, which must not throw, before rows are flushed; with `isEnd` if samples cannot
   * be stopped afterwards. Returns a function that removes the listener.
   */
  beforeFlush?(listener: (isEnd: boolean) => void): () => void;
  /** Counts a request that is recorded as `other [VERB]`, because there were `limit` hosts already. */
  countOtherHost?(limit: number): void;
}

/** Options of {@linkcode timeFetch} and {@linkcode timeOutgoing}. All have a default. */
export interface OutgoingOptions {
  /** Most hosts, at least 1, that have labels of their own. Further ones are `other [VERB]`. Default 200. */
  readonly maxHosts?: number;
  /**
   * `"headers"`: until the headers of the answer have come. `"body"`: until its body has been read to
   * the end, or given up. Default `"headers"`.
   */
  readonly until?: Until;
  /** Records the samples. Default: the default monitor. */
  readonly recorder?: OutgoingRecorder;
}

/** {@linkcode OutgoingOptions}, checked and with defaults. */
export type CheckedOutgoingOptions = Required<OutgoingOptions>;

const isRecorder: Check = (value) => {
  const recorder = value as Partial<OutgoingRecorder> | null;
  const fits = typeof recorder?.startOutgoingSample === "function" && typeof recorder.stopOutgoingSample === "function";
  return fits ? undefined : "must have startOutgoingSample and stopOutgoingSample";
};

const CHECKS: Readonly<Record<keyof OutgoingOptions, Check>> = {
  maxHosts: isWholeNumber(1),
  until: isOneOf("headers", "body"),
  recorder: isRecorder,
};

/**
 * Checks the options and adds defaults.
 *
 * @throws {KymoError} `"invalid-argument"` for an unknown option, a wrong type or a value out of
 * range. The message begins with `action`.
 */
export function checkOutgoingOptions(
  action: string,
  options: unknown,
  recorder: OutgoingRecorder,
): CheckedOutgoingOptions {
  const given = checkGiven<OutgoingOptions>(action, options, CHECKS);
  return { maxHosts: 200, until: "headers", recorder, ...given };
}
