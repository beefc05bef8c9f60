import { defaultTimers } from "../../default_runtime.ts";
import type { DurationRecorder } from "../../sampling/time_it.ts";
import { EventLoopTurns } from "./event_loop_turns.ts";

/**
 * A server that returns the client's address only while it answers the request, as `Bun.serve`
 * documents of its `requestIP`.
 */
export interface PollableServer {
  /**
   * The client's address; `null` once the response is sent completely or the client has
   * disconnected.
   */
  requestIP(request: Request): unknown;
}

/** A response that the server has not finished sending. */
export interface PendingResponse {
  readonly server: PollableServer;
  /** The request that it answers. */
  readonly request: Request;
  /** Called at the end of the event loop's turn, if the response is not sent by then. */
  readonly onSlow: () => void;
  /** Called once, when the response is sent or given up. */
  readonly onSent: () => void;
}

/** Waits 1/64 of the elapsed time between polls, at least 1 ms. */
const POLL_INTERVAL = 1 / 64;

/**
 * Finds out by polling when responses are sent completely, on a server that has no event for it.
 *
 * It polls when the server calls the handler for the next request, and at the end of the event
 * loop's turn. By then a response whose body was in memory is sent. Others, such as streams and
 * bodies too large for the socket, are polled by a timer, so their end is seen at most 1 ms or 1/64
 * of their duration late, and before the recorder flushes. When it records no more, they end.
 *
 * It does not touch the response. Reading `body` would cost as much as everything else together,
 * and on Bun it changes the type of a text without `content-type` from `text/plain` to
 * `application/octet-stream`.
 */
export class ResponsePoller {
  #knownServer: PollableServer | undefined;
  #pending: PendingResponse[] = [];
  readonly #slow = new Set<PendingResponse>();
  readonly #turns: EventLoopTurns;
  readonly #recorder: Pick<DurationRecorder, "beforeFlush">;
  #stopListening: (() => void) | undefined;

  /** Polls before `recorder` flushes. */
  constructor(recorder: Pick<DurationRecorder, "beforeFlush"> = {}, turns: EventLoopTurns = new EventLoopTurns()) {
    this.#recorder = recorder;
    this.#turns = turns;
  }

  /** Whether `server` can be polled about `request`, which it is handling now. */
  canPoll(server: unknown, request: Request): server is PollableServer {
    if (server !== undefined && server === this.#knownServer) return true;
    const pollable = server as Partial<PollableServer> | null | undefined;
    // A server on a Unix socket has no client address.
    if (typeof pollable?.requestIP !== "function" || !isPending(pollable as PollableServer, request)) return false;
    this.#knownServer = pollable as PollableServer;
    return true;
  }

  /** Calls `onSent` once the response, which the handler is about to return, is sent. */
  add(response: PendingResponse): void {
    if (this.#pending.push(response) > 1) return;
    this.#listen();
    this.#turns.atEnd(() => {
      this.poll();
      this.#unlistenIfIdle();
    });
  }

  /**
   * Polls the responses added since the last call. Those that are still pending are polled by a
   * timer from then on.
   */
  poll(): void {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    for (const response of pending) {
      if (!isPending(response.server, response.request)) response.onSent();
      else this.#pollByTimer(response);
    }
  }

  #pollByTimer(response: PendingResponse): void {
    this.#slow.add(response);
    this.#listen();
    response.onSlow();
    const since = performance.now();
    const schedule = (): void => {
      const age = performance.now() - since;
      defaultTimers.after(Math.max(1, age * POLL_INTERVAL), poll);
    };
    // Of a client that has left, the signal tells some time after its address is gone.
    const end = (): void => {
      if (this.#slow.has(response)) this.#end(response);
    };
    const poll = (): void => {
      if (!this.#slow.has(response)) return;
      if (isPending(response.server, response.request)) schedule();
      else defaultTimers.after(0, end);
    };
    schedule();
  }

  #end(response: PendingResponse): void {
    this.#slow.delete(response);
    response.onSent();
    this.#unlistenIfIdle();
  }

  #beforeFlush(isEnd: boolean): void {
    this.poll();
    for (const response of this.#slow) {
      if (isEnd || !isPending(response.server, response.request)) this.#end(response);
    }
  }

  #listen(): void {
    this.#stopListening ??= this.#recorder.beforeFlush?.((isEnd) => this.#beforeFlush(isEnd));
  }

  #unlistenIfIdle(): void {
    if (this.#pending.length > 0 || this.#slow.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }
}

/** Whether the server has not sent the response yet. */
export function isPending(server: PollableServer, request: Request): boolean {
  try {
    return server.requestIP(request) !== null;
  } catch {
    return false;
  }
}
