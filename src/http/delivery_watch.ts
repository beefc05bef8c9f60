import type { DurationRecorder } from "../recording/time_it.ts";

/** A server that knows the client of a request only as long as it answers it, as `Bun.serve` documents of its `requestIP`. */
export interface AskableServer {
  /** The client's address; `null` once the response is sent to its end or the client is gone. */
  requestIP(request: Request): unknown;
}

/** A response on its way. */
export interface Delivery {
  /** Who sends it. */
  readonly server: AskableServer;
  /** What it answers. */
  readonly request: Request;
  /** Is called once, when it is sent or given up. */
  readonly ended: () => void;
}

/** A response still on its way is asked about again after this part of the time that it has already taken, and 1 ms at least. */
const ASK_AGAIN_AFTER = 1 / 64;

/**
 * Learns by asking when responses are sent to their end, on a server that has no event for it.
 *
 * It is asked when it calls the handler for the next request, and at the end of the event loop's turn. By then a response whose
 * body was in memory is sent. One that is not, a stream or one too large for the socket, is asked about from time to time, so its
 * end is seen at most 1 ms or a 64th of its time too late.
 *
 * The response itself is not touched. To look at its `body` would cost as much as all the rest, and it turns the type of a text
 * without one from `text/plain` to `application/octet-stream` on Bun.
 */
export class DeliveryWatch {
  #known: AskableServer | undefined;
  #fresh: Delivery[] = [];
  #armed = false;
  readonly #recorder: Pick<DurationRecorder, "beforeEnd">;

  /** Looks a last time before `recorder` writes out its samples. */
  constructor(recorder: Pick<DurationRecorder, "beforeEnd"> = {}) {
    this.#recorder = recorder;
  }

  /** Whether `server` can be asked about `request`, which it is handling now. */
  canAsk(server: unknown, request: Request): server is AskableServer {
    if (server !== undefined && server === this.#known) return true;
    const askable = server as Partial<AskableServer> | null | undefined;
    // One on a Unix socket never knows its client.
    if (typeof askable?.requestIP !== "function" || !isOpen(askable as AskableServer, request)) return false;
    this.#known = askable as AskableServer;
    return true;
  }

  /** Calls `delivery.ended` when the response, which the server is about to get, is sent. */
  add(delivery: Delivery): void {
    this.#fresh.push(delivery);
    if (this.#armed) return;
    this.#armed = true;
    const off = this.#recorder.beforeEnd?.(() => this.look());
    setImmediate(() => {
      this.#armed = false;
      off?.();
      this.look();
    });
  }

  /** Asks about the responses that the server got since the last time. */
  look(): void {
    if (this.#fresh.length === 0) return;
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const delivery of fresh) {
      if (isOpen(delivery.server, delivery.request)) follow(delivery);
      else delivery.ended();
    }
  }
}

function isOpen(server: AskableServer, request: Request): boolean {
  try {
    return server.requestIP(request) !== null;
  } catch {
    return false;
  }
}

function follow(delivery: Delivery): void {
  const since = performance.now();
  const askLater = (): void => {
    const age = performance.now() - since;
    const timer: unknown = setTimeout(ask, Math.max(1, age * ASK_AGAIN_AFTER));
    (timer as { unref?(): void }).unref?.(); // Not to keep a program alive for the sake of a measurement.
  };
  const ask = (): void => {
    if (isOpen(delivery.server, delivery.request)) askLater();
    else delivery.ended();
  };
  askLater();
}
