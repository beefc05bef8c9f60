/**
 * When each request is to be sent.
 *
 * **Coordinated omission.** A generator that waits for an answer before it sends the next request
 * stops asking while the server hangs: of a second's stall at 1,000 requests a second it sees one
 * slow request, where users would have seen a thousand. Gil Tene gave this its name, and wrk2 the
 * remedy: each request has an intended start, which follows from the rate alone, and its latency
 * counts from there, whenever it could be sent. So the wait for a free connection is part of it.
 *
 * @module
 */

import { NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND } from "../../../series.ts";

/** How much load, and for how long. */
export interface LoadOptions {
  /** Requests per second; `undefined` for as many as the connections take, one after the other. */
  readonly rate: number | undefined;
  /** ms for which requests are measured; `undefined` for as long as it takes. */
  readonly duration: number | undefined;
  /** Most requests that are measured. */
  readonly requests: number | undefined;
  /** ms before, in which the same load is sent and not measured. */
  readonly warmUp: number;
}

/** The next request. */
export type Next =
  /** It is due: with its intended start. */
  | { readonly kind: "due"; readonly intended: number; readonly isMeasured: boolean }
  /** It is due later. */
  | { readonly kind: "later"; readonly at: number }
  /** There is none. */
  | { readonly kind: "over" };

const OVER: Next = { kind: "over" };

/** The plan of a load. Times are those of the clock, ns. */
export class Plan {
  readonly #options: LoadOptions;
  /** When it begins. */
  readonly begin: number;
  /** Between two intended starts, ns; `undefined` without a rate. */
  readonly #interval: number | undefined;
  /** When the warm-up is over. */
  readonly measuredFrom: number;
  /** When no request is due any more. */
  readonly end: number;
  #taken = 0;
  #measured = 0;
  #lastTaken = 0;

  /** A plan that begins at a time. */
  constructor(options: LoadOptions, begin: number) {
    const { rate, duration = Infinity, warmUp } = options;
    this.#options = options;
    this.begin = begin;
    this.#interval = rate === undefined ? undefined : NANOSECONDS_PER_SECOND / rate;
    this.measuredFrom = begin + warmUp * NANOSECONDS_PER_MS;
    this.end = this.measuredFrom + duration * NANOSECONDS_PER_MS;
  }

  /** Whether requests have an intended start that follows from a rate. */
  get hasRate(): boolean {
    return this.#interval !== undefined;
  }

  /** Requests that were taken, without those of the warm-up. */
  get measured(): number {
    return this.#measured;
  }

  /** What is next. A request that is due is taken by {@linkcode Plan.take}. */
  next(now: number): Next {
    if (now >= this.end || this.#measured >= (this.#options.requests ?? Infinity)) return OVER;
    const intended = this.#interval === undefined ? now : this.#intended(this.#taken, this.#interval);
    if (intended >= this.end) return OVER;
    if (intended > now) return { kind: "later", at: intended };
    return { kind: "due", intended, isMeasured: intended >= this.measuredFrom };
  }

  /** Takes the request that is due. Returns its number, from 0 on. */
  take({ intended, isMeasured }: Extract<Next, { kind: "due" }>): number {
    if (isMeasured) this.#measured++;
    this.#lastTaken = intended;
    return this.#taken++;
  }

  /**
   * How many measured requests were due until `stopped`, when the last was sent or the load was
   * ended, and were not taken, because all connections waited for answers.
   */
  missed(stopped: number): number {
    if (this.#interval === undefined) return 0;
    const until = Math.min(stopped, this.end);
    const due = this.#countBefore(until) - Math.max(this.#taken, this.#countBefore(this.measuredFrom));
    return Math.max(0, Math.min(due, (this.#options.requests ?? Infinity) - this.#measured));
  }

  /**
   * Seconds of the measured requests, for the rate reached: with a rate those that they were meant to
   * take until `stopped`, otherwise those until the last of them had ended, at `lastEnded`.
   */
  seconds(stopped: number, lastEnded: number): number {
    // The last request has its interval, too.
    const whole = this.#interval === undefined ? lastEnded : this.#lastTaken + this.#interval;
    const until = Math.min(Math.max(stopped, whole), this.end);
    return Math.max(0, until - this.measuredFrom) / NANOSECONDS_PER_SECOND;
  }

  #intended(index: number, interval: number): number {
    return Math.round(this.begin + index * interval);
  }

  /** How many requests have an intended start before a time. */
  #countBefore(time: number): number {
    const interval = this.#interval!;
    let count = Math.max(0, Math.ceil((time - this.begin) / interval));
    // The quotient may be off by its rounding.
    while (count > 0 && this.#intended(count - 1, interval) >= time) count--;
    while (this.#intended(count, interval) < time) count++;
    return count;
  }
}
