/**
 * Finds out whether the client has left before its response was complete, on a server that tells
 * when a response is over but not how: `Deno.serve`.
 *
 * Deno 2.9 fulfils the promise `completed` of a handler's second argument even if the client has
 * left. `request.signal` is aborted then, but by default also when a response is complete, before
 * `completed` is settled or after: of 1,000 streams that were sent in one piece, 890 looked as if
 * their clients had left. So an aborted signal means that the client has left
 *
 * - if the handler has not answered yet, or
 * - if Deno runs with `--unstable-no-legacy-abort`, which leaves the signals of complete responses
 *   alone. Whether it does shows as soon as a response that was watched is complete.
 *
 * What is not seen is a client that leaves while Deno writes to it, as in a large download: no
 * signal tells of a failed write.
 *
 * The signal must be read before that. It costs some microseconds, so it is read only for requests
 * that last: after 5 ms if the response has begun by then, otherwise after 100 ms. A look at the end
 * of each turn of the event loop would cost more than all the rest of timing a request.
 *
 * @module
 */

import { defaultTimers } from "../../default_runtime.ts";
import type { DurationRecorder } from "../../sampling/time_it.ts";
import type { OpenResponse, OpenResponses } from "../open_responses.ts";

/** Age at which a request is watched whose response has begun, ms. */
const SOON = 5;

/** Age at which a request that is not answered yet is watched, ms; at most twice as old. */
const LONG = 100;

/** A request that is timed until its response is over. */
export interface WatchedRequest extends OpenResponse {
  readonly request: Request;
  /** Settles when the response is over. */
  readonly completed: Promise<unknown>;
  /** Whether the handler has returned the response. */
  readonly isAnswered: boolean;
  /** Whether its sample has ended. */
  hasEnded(): boolean;
  /** Called when the client has left. */
  onLeft(): void;
}

/** Watches the clients of the requests of one application. */
export class ClientWatch {
  readonly #open: OpenResponses;
  readonly #recorder: Pick<DurationRecorder, "beforeFlush">;
  #fresh: WatchedRequest[] = [];
  /** Not answered by then, in the current and in the previous interval. */
  #waiting: WatchedRequest[] = [];
  #waitingLonger: WatchedRequest[] = [];
  /** Ends the timer that is running. */
  #stopTimer: (() => void) | undefined;
  /** Whether a complete response has left its signal alone, so that only clients that leave do not. */
  #isExact = false;
  readonly #watched = new WeakSet<WatchedRequest>();

  /**
   * Adds to `open` the responses that have begun and are not over after 5 ms, or when `recorder`
   * records no more.
   */
  constructor(open: OpenResponses, recorder: Pick<DurationRecorder, "beforeFlush">) {
    this.#open = open;
    this.#recorder = recorder;
  }

  /** Watches a request, if it is not over soon. */
  add(request: WatchedRequest): void {
    if (this.#fresh.push(request) > 1) return;
    this.#startTimer();
    const sort = (): void => {
      stop();
      this.#sortFresh();
    };
    const cancel = defaultTimers.after(SOON, sort);
    const stopListening = this.#recorder.beforeFlush?.((isEnd) => {
      if (isEnd) sort();
    });
    const stop = (): void => {
      cancel();
      stopListening?.();
    };
  }

  #sortFresh(): void {
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const request of fresh) {
      if (request.hasEnded()) continue;
      if (request.isAnswered) {
        this.#open.add(request);
        this.#watch(request);
      } else {
        this.#waiting.push(request);
        this.#startTimer();
      }
    }
  }

  #startTimer(): void {
    if (this.#stopTimer !== undefined) return;
    const cancel = defaultTimers.after(LONG, () => this.#tick());
    const stopListening = this.#recorder.beforeFlush?.((isEnd) => {
      if (isEnd) this.#stop();
    });
    this.#stopTimer = () => {
      cancel();
      stopListening?.();
      this.#stopTimer = undefined;
    };
  }

  #tick(): void {
    this.#stopTimer?.();
    for (const request of this.#waitingLonger) {
      if (!request.isAnswered && !request.hasEnded()) this.#watch(request);
    }
    this.#waitingLonger = this.#waiting.filter((request) => !request.isAnswered && !request.hasEnded());
    this.#waiting = [];
    if (this.#waitingLonger.length > 0) this.#startTimer();
  }

  /** Nothing is recorded any more. */
  #stop(): void {
    this.#stopTimer?.();
    this.#waiting = [];
    this.#waitingLonger = [];
  }

  #watch(request: WatchedRequest): void {
    if (this.#watched.has(request)) return;
    this.#watched.add(request);
    const signal = signalOf(request);
    if (signal === undefined) return;
    const aborted = (): void => {
      if (!request.isAnswered || this.#isExact) request.onLeft();
    };
    if (signal.aborted) return aborted();
    signal.addEventListener("abort", aborted, { once: true });
    if (this.#isExact) return;
    const learn = (): void => {
      if (!signal.aborted) this.#isExact = true;
    };
    request.completed.then(learn, learn);
  }
}

/** The signal of a request, from then on aborted when its client leaves; `undefined` without one. */
function signalOf({ request, completed }: WatchedRequest): AbortSignal | undefined {
  try {
    withoutWarning(completed);
    return request.signal;
  } catch {
    return undefined; // the request is served all the same
  }
}

/** How the warning begins that Deno prints of programs that read `request.signal`. */
const WARNING = "Deno.serve: request.signal";

let isWarned = false;

/**
 * Keeps a warning of Deno from being printed that is not for the program. Deno prints it once, in
 * the step in which the first response is complete whose `request.signal` was read. Until
 * `completed` settles, everything else passes.
 */
function withoutWarning(completed: Promise<unknown>): void {
  if (isWarned) return;
  isWarned = true;
  const { warn } = console;
  const filtered = function (this: unknown, ...args: unknown[]): void {
    if (typeof args[0] !== "string" || !args[0].startsWith(WARNING)) warn.apply(this, args);
  };
  console.warn = filtered;
  const restore = (): void => {
    if (console.warn === filtered) console.warn = warn;
  };
  completed.then(restore, restore);
}
