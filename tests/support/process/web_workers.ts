/**
 * The workers of the Web, for programs of the tests that run on Node, which has only its own: the
 * part that those programs use. Loaded by `--import`, in workers too. Elsewhere it does nothing.
 *
 * @module
 */

import { isMainThread, parentPort, Worker as NodeWorker } from "node:worker_threads";

/** `Worker` of the Web over that of Node. */
class WebWorker extends EventTarget {
  readonly #worker: NodeWorker;

  constructor(url: URL) {
    super();
    this.#worker = new NodeWorker(url);
    this.#worker.on("message", (data) => dispatch(this, new MessageEvent("message", { data })));
    this.#worker.on("error", (error: Error) => {
      dispatch(this, Object.assign(new Event("error", { cancelable: true }), { message: error.message }));
    });
  }

  postMessage(message: unknown): void {
    this.#worker.postMessage(message);
  }

  terminate(): void {
    void this.#worker.terminate();
  }
}

/** Dispatches an event to the listeners, and to the handler in the property of its name. */
function dispatch(target: EventTarget, event: Event): void {
  (target as unknown as Record<string, ((event: Event) => void) | undefined>)[`on${event.type}`]?.(event);
  target.dispatchEvent(event);
}

if (!("Worker" in globalThis)) {
  Object.assign(globalThis, { Worker: WebWorker });
  if (!isMainThread) {
    const events = new EventTarget();
    Object.assign(globalThis, {
      postMessage: (message: unknown) => parentPort!.postMessage(message),
      addEventListener: events.addEventListener.bind(events),
      close: () => process.exit(),
    });
    parentPort!.on("message", (data) => {
      (globalThis as unknown as WebWorkerScope).onmessage?.(new MessageEvent("message", { data }));
      events.dispatchEvent(new MessageEvent("message", { data }));
    });
  }
}

interface WebWorkerScope {
  readonly onmessage?: (event: MessageEvent) => void;
}
