/**
 * What the handlers of the services under test share: waiting for a client to leave, event streams,
 * and endless bodies; for frameworks of `fetch` and for those of `node:http`.
 */

import type { ServerResponse } from "node:http";

/** Counts the requests that wait for their client to leave, so that the client knows when to. */
export const arrivals = { count: 0 };

/** Resolves when the client has left. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  arrivals.count++;
  await new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

const encoder = new TextEncoder();

/** A body that begins and does not go on. */
export function hangingBody(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ start: (controller) => controller.enqueue(encoder.encode("begin")) });
}

/** The body of an event stream that goes on until its reader leaves. */
export function endlessEvents(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(encoder.encode("data: begin\n\n")),
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      controller.enqueue(encoder.encode("data: more\n\n"));
    },
  });
}

/** The body of an event stream of three events. */
export function threeEvents(): ReadableStream<Uint8Array<ArrayBuffer>> {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      controller.enqueue(encoder.encode(`data: ${++sent}\n\n`));
      if (sent === 3) controller.close();
    },
  });
}

/** Sends a body that begins and does not go on. */
export function sendAndHang(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/plain" });
  response.write("begin");
}

/** Sends an event stream that goes on until its reader leaves. */
export function sendEventsEndlessly(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write("data: begin\n\n");
  const timer = setInterval(() => response.write("data: more\n\n"), 5);
  response.once("close", () => clearInterval(timer));
}

/** Sends an event stream of three events. */
export function sendThreeEvents(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  let sent = 0;
  const timer = setInterval(() => {
    response.write(`data: ${++sent}\n\n`);
    if (sent < 3) return;
    clearInterval(timer);
    response.end();
  }, 5);
}

/** Resolves when the client has left, or the response is sent. */
export async function untilClosed(response: ServerResponse): Promise<void> {
  arrivals.count++;
  await new Promise<void>((resolve) => response.once("close", () => resolve()));
}
