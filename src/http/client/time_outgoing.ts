import { defaultRuntime } from "../../default_runtime.ts";
import type { ClientTimer } from "../../runtime.ts";
import type { CheckedOutgoingOptions } from "./options.ts";
import { OutgoingRequests } from "./outgoing_requests.ts";
import { type Fetch, timedFetch } from "./timed_fetch.ts";
import { clientRequestTimer } from "./timed_requests.ts";

/** Times all that makes outgoing requests, with one limit on hosts. */
export function clientTimer(options: CheckedOutgoingOptions): ClientTimer {
  const requests = new OutgoingRequests(options);
  return {
    fetch: (fetch) => typeof fetch === "function" ? timedFetch(requests, fetch as Fetch) as typeof fetch : fetch,
    requests: clientRequestTimer(requests),
  };
}

/**
 * Has all outgoing requests of the isolate timed. Returns a function that puts back what was
 * replaced.
 *
 * @throws {KymoError} `"unsupported"` if there is no adapter for the runtime.
 * @throws {Error} if something cannot be replaced; then nothing is.
 */
export function replaceClients(options: CheckedOutgoingOptions): () => void {
  const timer = clientTimer(options);
  const undo: (() => void)[] = [];
  const putBack = (): void => undo.splice(0).forEach((one) => one());
  try {
    for (const client of defaultRuntime().clients) undo.push(client.replace(timer));
  } catch (error) {
    putBack();
    throw error;
  }
  return putBack;
}
