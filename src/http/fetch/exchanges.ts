/**
 * Finds out when and how requests end, each server in its own way.
 *
 * @module
 */

import type { ClientWatch, WatchedRequest } from "./client_watch.ts";
import type { EventLoopTurns } from "./event_loop_turns.ts";
import type { OpenResponse, OpenResponses } from "../open_responses.ts";
import { outcomeOf, type RequestOutcome } from "../request_labels.ts";
import { isEventStreamType, type RequestSample } from "../request_sample.ts";
import { isPending, type PendingResponse, type PollableServer, type ResponsePoller } from "./response_poller.ts";
import { trackBody } from "./tracked_body.ts";

/** One timed request, from the call of its handler on. */
export interface Exchange {
  /** The handler has returned a promise. */
  awaited(): void;
  /** The handler has returned, or its promise is fulfilled. Returns what the server gets. */
  answered(response: unknown): unknown;
  /** The handler has thrown, or its promise is rejected. */
  failed(): void;
}

/** The outcome of a response whose status is known; the status is 0 for `Response.error()`. */
function outcomeOfResponse(status: number): RequestOutcome {
  return status === 101 ? "stream" : status === 0 ? "threw" : outcomeOf(status);
}

function isEventStream({ headers }: Response): boolean {
  return isEventStreamType(headers.get("content-type"));
}

/**
 * A request to `Deno.serve`, whose handlers get a promise, `completed`, that settles when the
 * response is sent or given up.
 */
export class CompletedExchange implements Exchange, WatchedRequest {
  readonly request: Request;
  readonly completed: Promise<unknown>;
  isAnswered = false;
  readonly #sample: RequestSample;
  readonly #watch: ClientWatch;
  readonly #open: OpenResponses;
  #outcome: RequestOutcome = "threw";
  #status = 0;

  /** See {@linkcode Exchange}. */
  constructor(
    request: Request,
    completed: Promise<unknown>,
    sample: RequestSample,
    { watch, open }: { readonly watch: ClientWatch; readonly open: OpenResponses },
  ) {
    this.request = request;
    this.completed = completed;
    this.#sample = sample;
    this.#watch = watch;
    this.#open = open;
  }

  awaited(): void {
    this.#watch.add(this);
  }

  answered(response: unknown): unknown {
    this.isAnswered = true;
    if (!(response instanceof Response)) {
      this.failed();
      return response;
    }
    this.#status = response.status;
    this.#outcome = outcomeOfResponse(this.#status);
    if (this.#sample.until === "headers") {
      this.onEnd();
      // Before Deno 2.8.3 it is rejected if the response cannot be sent, which would end the program.
      this.completed.catch(() => {});
      return response;
    }
    if (isEventStream(response)) this.#sample.noteStream();
    this.#endWhenCompleted();
    this.#watch.add(this);
    return response;
  }

  /** Ends when the server has sent its response to the error. */
  failed(): void {
    this.isAnswered = true;
    this.#endWhenCompleted();
  }

  hasEnded(): boolean {
    return this.#sample.hasEnded;
  }

  onLeft(): void {
    this.#sample.noteClientLeft();
  }

  onEnd(): void {
    this.#sample.end(this.#outcome, this.#status);
  }

  #endWhenCompleted(): void {
    const over = (): void => {
      this.#open.delete(this);
      this.onEnd();
    };
    this.completed.then(over, () => {
      this.onLeft();
      over();
    });
  }
}

/** A request to `Bun.serve`, which can be polled. */
export class PolledExchange implements Exchange, PendingResponse {
  readonly request: Request;
  readonly server: PollableServer;
  readonly #sample: RequestSample;
  readonly #poller: ResponsePoller;
  readonly #turns: EventLoopTurns;
  /** The turn in which the handler has returned a promise; -1 if it has not. */
  #turn = -1;
  #isSlow = false;
  #status = 0;

  /** See {@linkcode Exchange}. */
  constructor(
    request: Request,
    server: PollableServer,
    sample: RequestSample,
    { poller, turns }: { readonly poller: ResponsePoller; readonly turns: EventLoopTurns },
  ) {
    this.request = request;
    this.server = server;
    this.#sample = sample;
    this.#poller = poller;
    this.#turns = turns;
  }

  awaited(): void {
    this.#turn = this.#turns.current;
  }

  answered(response: unknown): unknown {
    if (!(response instanceof Response)) {
      // Without a response Bun has upgraded to a websocket, or else reports an error.
      this.#sample.end(response === undefined && !isPending(this.server, this.request) ? "stream" : "threw", 0);
      return response;
    }
    this.#status = response.status;
    this.#isSlow = this.#turn >= 0 && this.#turn !== this.#turns.current;
    if (response.bodyUsed) this.failed(); // the server reports an error
    else if (this.#sample.until === "headers") this.onSent();
    else {
      // Bun empties the headers when it has the response.
      if (isEventStream(response)) this.#sample.noteStream();
      this.#poller.add(this);
    }
    return response;
  }

  failed(): void {
    this.#sample.end("threw", 0);
  }

  /**
   * Reads the signal while the client is there: one that is read later does not tell of a client
   * that has left in the middle of a body which was in memory.
   */
  onSlow(): void {
    this.#isSlow = true;
    this.#hasClientLeft();
  }

  onSent(): void {
    // The signal costs as much as all the rest, and a client cannot leave within a turn.
    if (this.#isSlow && this.#hasClientLeft()) this.#sample.noteClientLeft();
    this.#sample.end(outcomeOfResponse(this.#status), this.#status);
  }

  #hasClientLeft(): boolean {
    return this.request.signal?.aborted === true;
  }
}

/** A request to any other server, whose response is passed on chunk by chunk. */
export class PassedExchange implements Exchange, OpenResponse {
  readonly #sample: RequestSample;
  readonly #canUpgrade: boolean;
  readonly #open: OpenResponses;
  #outcome: RequestOutcome = "ok";
  #status = 0;

  /** See {@linkcode Exchange}. */
  constructor(server: unknown, sample: RequestSample, open: OpenResponses) {
    this.#sample = sample;
    this.#canUpgrade = typeof (server as { upgrade?: unknown } | null | undefined)?.upgrade === "function";
    this.#open = open;
  }

  awaited(): void {}

  answered(response: unknown): unknown {
    if (!(response instanceof Response)) {
      this.#sample.end(response === undefined && this.#canUpgrade ? "stream" : "ok", 0);
      return response;
    }
    this.#status = response.status;
    this.#outcome = outcomeOfResponse(this.#status);
    if (this.#sample.until === "headers") {
      this.onEnd();
      return response;
    }
    if (isEventStream(response)) this.#sample.noteStream();
    this.#open.add(this);
    return trackBody(response, (failure) => {
      this.#open.delete(this);
      this.#sample.end(failure ?? this.#outcome, this.#status);
    });
  }

  failed(): void {
    this.#sample.end("threw", 0);
  }

  onEnd(): void {
    this.#sample.end(this.#outcome, this.#status);
  }
}
