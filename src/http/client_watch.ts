/**
 * Finds out whether the client has left before the handler answered, on a server that tells when a
 * response is over but not how: `Deno.serve`.
 *
 * Deno 2.9 fulfils the promise `completed` of a handler's second argument even if the client has
 * left. `request.signal` is aborted then, but by default also when a response is complete. So it
 * tells only as long as the handler has not answered. Of a client that leaves in the middle of a
 * body nothing is known: the order in which Deno settles `completed` and aborts the signal is the
 * same for complete bodies that come in one piece.
 *
 * The signal must be read before the response is over. It costs some microseconds, so it is read
 * only for requests that are not answered after 100 ms.
 *
 * @module
 */

import type { EventLoopTurns } from "./event_loop_turns.ts";
import type { OpenResponse, OpenResponses } from "./open_responses.ts";

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
  /** Called at the end of a turn if the response has begun and is not over. */
  onSlow(): void;
  /** Called when the client has left and the handler has not answered. */
  onLeft(): void;
}

/** Watches the clients of the requests of one application. */
export class ClientWatch {
  readonly #open: OpenResponses;
  readonly #turns: EventLoopTurns;
  #fresh: WatchedRequest[] = [];
  /** Not answered at the end of their turn, in the current and in the previous interval. */
  #waiting: WatchedRequest[] = [];
  #waitingLonger: WatchedRequest[] = [];
  #isTiming = false;

  /** Adds to `open` the responses that have begun and are not over at the end of a turn. */
  constructor(open: OpenResponses, turns: EventLoopTurns) {
    this.#open = open;
    this.#turns = turns;
  }

  /** Watches a request from the end of this turn on, if it is not over by then. */
  add(request: WatchedRequest): void {
    if (this.#fresh.push(request) === 1) this.#turns.atEnd(() => this.#endOfTurn());
  }

  #endOfTurn(): void {
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const request of fresh) {
      if (request.hasEnded()) continue;
      if (request.isAnswered) {
        this.#open.add(request);
        request.onSlow();
      } else {
        this.#waiting.push(request);
        this.#startTimer();
      }
    }
  }

  #startTimer(): void {
    if (this.#isTiming) return;
    this.#isTiming = true;
    const timer: unknown = setTimeout(() => this.#tick(), LONG);
    (timer as { unref?(): void }).unref?.(); // a measurement must not keep the program alive
  }

  #tick(): void {
    this.#isTiming = false;
    for (const request of this.#waitingLonger) {
      if (!request.isAnswered && !request.hasEnded()) watch(request);
    }
    this.#waitingLonger = this.#waiting.filter((request) => !request.isAnswered && !request.hasEnded());
    this.#waiting = [];
    if (this.#waitingLonger.length > 0) this.#startTimer();
  }
}

function watch(request: WatchedRequest): void {
  const left = (): void => {
    if (!request.isAnswered) request.onLeft();
  };
  try {
    withoutWarning(request.completed);
    const { signal } = request.request;
    if (signal.aborted) left();
    else signal.addEventListener("abort", left, { once: true });
  } catch {
    return; // the request is served all the same
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
