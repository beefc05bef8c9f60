/**
 * Outgoing requests that are timed, by whichever API they are made.
 *
 * @module
 */

import { sharedInIsolate } from "../../default_runtime.ts";
import { type OpenResponse, OpenResponses } from "../open_responses.ts";
import type { Until } from "../options.ts";
import { cutPath } from "../paths.ts";
import { requestLabel, type RequestOutcome, verbOf } from "../request_labels.ts";
import type { CheckedOutgoingOptions } from "./options.ts";

/** What the label of an outgoing request is made of. */
export interface OutgoingTarget {
  /** The host with its port, unless that is the scheme's. */
  readonly host: string;
  readonly method: string;
}

/** Outgoing requests, which share a limit on hosts. */
export class OutgoingRequests {
  /** Until when they are timed. */
  readonly until: Until;
  readonly #options: CheckedOutgoingOptions;
  readonly #open: OpenResponses;
  /** Labels by host, and then by method and outcome. */
  readonly #hosts = new Map<string, Map<string, string>>();
  readonly #other = new Map<string, string>();

  /** Records with these options. */
  constructor(options: CheckedOutgoingOptions) {
    this.until = options.until;
    this.#options = options;
    this.#open = new OpenResponses(options.recorder);
  }

  /** Starts to time a request; `undefined` if nothing is recorded. */
  start(target: OutgoingTarget): OutgoingSample | undefined {
    const id = this.#options.recorder.startOutgoingSample();
    return id === 0 ? undefined : new OutgoingSample(this, id, target);
  }

  /** Has a sample ended if the recorder ends before the body of its answer. */
  keep(response: OpenResponse): void {
    this.#open.add(response);
  }

  /** Ends a sample. */
  record(sample: OutgoingSample, id: number, { host, method }: OutgoingTarget, outcome: RequestOutcome): void {
    this.#open.delete(sample);
    this.#options.recorder.stopOutgoingSample(this.#label(cutPath(host), verbOf(method), outcome), id);
  }

  #label(host: string, verb: string, outcome: RequestOutcome): string {
    const labels = this.#hosts.get(host) ?? this.#newHost(host);
    const key = `${verb} ${outcome}`;
    let label = labels.get(key);
    if (label === undefined) {
      label = requestLabel({ route: labels === this.#other ? "other" : host, verb, outcome });
      labels.set(key, label);
    }
    if (labels === this.#other) this.#options.recorder.countOtherHost?.(this.#options.maxHosts);
    return label;
  }

  #newHost(host: string): Map<string, string> {
    if (this.#hosts.size >= this.#options.maxHosts) return this.#other;
    const labels = new Map<string, string>();
    this.#hosts.set(host, labels);
    return labels;
  }
}

/** An outgoing request that is timed. */
export class OutgoingSample implements OpenResponse {
  readonly #requests: OutgoingRequests;
  readonly #id: number;
  readonly #target: OutgoingTarget;
  #answer: RequestOutcome = "aborted";
  #hasEnded = false;

  /** See {@linkcode OutgoingRequests.start}. */
  constructor(requests: OutgoingRequests, id: number, target: OutgoingTarget) {
    this.#requests = requests;
    this.#id = id;
    this.#target = target;
  }

  /**
   * The headers of the answer have come: it ends, unless it is timed until the body has. Returns
   * whether it goes on.
   */
  answered(outcome: RequestOutcome): boolean {
    if (this.#hasEnded) return false;
    if (this.#requests.until === "headers") {
      this.end(outcome);
      return false;
    }
    this.#answer = outcome;
    this.#requests.keep(this);
    return true;
  }

  /** Ends it, once: further calls do nothing. Without an outcome, it is that of the answer. */
  end(outcome: RequestOutcome = this.#answer): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#requests.record(this, this.#id, this.#target, outcome);
  }

  onEnd(): void {
    this.end();
  }
}

/**
 * What all copies of the package in an isolate know of functions that were timed, so that no request
 * is timed twice.
 */
const shared = sharedInIsolate("outgoing", () => ({
  /** Timed functions, and what they call. */
  originals: new WeakMap<object, object>(),
  /** Whether a timed function is being called, which may call another one. */
  isCalling: false,
}));

/** The function that a timed one calls; a function that is not timed itself. */
export function untimed<F extends object>(fetch: F): F {
  return (shared.originals.get(fetch) as F | undefined) ?? fetch;
}

/** Notes that a function is timed. */
export function noteTimed<F extends object>(timed: F, original: F): F {
  shared.originals.set(timed, original);
  return timed;
}

/** Calls a function; what is timed within its call is not timed for itself. */
export function callTimed<T>(call: () => T): T {
  if (shared.isCalling) return call();
  shared.isCalling = true;
  try {
    return call();
  } finally {
    shared.isCalling = false;
  }
}

/** Whether this is within the call of a timed function. */
export function isWithinTimedCall(): boolean {
  return shared.isCalling;
}
