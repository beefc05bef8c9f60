import type { DurationRecorder } from "../sampling/time_it.ts";

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
 * of their duration late.
 *
 * It does not touch the response. Reading `body` would cost as much as everything else together,
 * and on Bun it changes the type of a text without `content-type` from `text/plain` to
 * `application/octet-stream`.
 */
export class ResponsePoller {
  #knownServer: PollableServer | undefined;
  #pending: PendingResponse[] = [];
  #isScheduled = false;
  readonly #recorder: Pick<DurationRecorder, "beforeFlush">;

  /** Polls a last time before `recorder` writes its last samples. */
  constructor(recorder: Pick<DurationRecorder, "beforeFlush"> = {}) {
    this.#recorder = recorder;
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
    this.#pending.push(response);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const off = this.#recorder.beforeFlush?.(() => this.poll());
    setImmediate(() => {
      this.#isScheduled = false;
      off?.();
      this.poll();
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
      if (isPending(response.server, response.request)) pollByTimer(response);
      else response.onSent();
    }
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

function pollByTimer({ server, request, onSent }: PendingResponse): void {
  const since = performance.now();
  const schedule = (): void => {
    const age = performance.now() - since;
    const timer: unknown = setTimeout(poll, Math.max(1, age * POLL_INTERVAL));
    (timer as { unref?(): void }).unref?.(); // a measurement must not keep the program alive
  };
  const poll = (): void => {
    if (isPending(server, request)) schedule();
    else onSent();
  };
  schedule();
}
