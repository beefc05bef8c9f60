/**
 * Times the requests of Node's API: `node:http` and `node:https`.
 *
 * They are seen from their first `write`, `end` or `flushHeaders` on, and by the events that they
 * emit. No listener is added: one for `response` would change what becomes of answers that nobody
 * listens to.
 *
 * @module
 */

import type { ClientRequestTimer } from "../../runtime.ts";
import { outcomeOf } from "../request_labels.ts";
import { isWithinTimedCall, type OutgoingRequests, type OutgoingSample } from "./outgoing_requests.ts";

/** The used part of a request. */
interface ClientRequest {
  readonly method?: string;
  /** The host's name. */
  readonly host?: string;
  getHeader(name: string): unknown;
}

/** The used part of an answer. */
interface IncomingMessage {
  readonly statusCode?: number;
  readonly complete?: boolean;
  once(event: string, listener: () => void): unknown;
}

/** Times requests of Node's API. Nothing here throws. */
export function clientRequestTimer(requests: OutgoingRequests): ClientRequestTimer {
  /** Of each request that was sent its sample; `undefined` if it is not timed. */
  const samples = new WeakMap<object, OutgoingSample | undefined>();
  return {
    sent(request) {
      if (samples.has(request)) return;
      samples.set(request, isWithinTimedCall() ? undefined : start(requests, request as ClientRequest));
    },
    destroyed(request) {
      samples.get(request)?.end("aborted");
    },
    emitted(request, event, argument) {
      const sample = samples.get(request);
      if (sample === undefined) return;
      if (event === "response") answered(argument as IncomingMessage, sample);
      else if (event === "upgrade") sample.end("stream");
      else if (event === "connect") sample.end(outcomeOf((argument as IncomingMessage).statusCode ?? 200));
      else if (event === "error") sample.end("threw");
    },
  };
}

function start(requests: OutgoingRequests, request: ClientRequest): OutgoingSample | undefined {
  try {
    const host = request.getHeader("host") ?? request.host;
    return requests.start({ host: typeof host === "string" ? host : "unknown", method: request.method ?? "GET" });
  } catch {
    return undefined; // the request is sent all the same
  }
}

function answered(answer: IncomingMessage, sample: OutgoingSample): void {
  const outcome = outcomeOf(answer.statusCode ?? 200);
  if (!sample.answered(outcome)) return;
  answer.once("end", () => sample.end(outcome));
  answer.once("close", () => sample.end(answer.complete === true ? outcome : "aborted"));
}
