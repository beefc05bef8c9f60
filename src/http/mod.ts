/**
 * Times the requests of an HTTP server: one series per `path [VERB]`, for instance `/orders [GET]`.
 *
 * @example
 * ```ts
 * import * as monitor from "@kymo/kymo";
 * import { timeHandler } from "@kymo/kymo/http";
 * import { assertEquals } from "@std/assert";
 *
 * monitor.start({ monitoringDir: "_monitoring" });
 * const server = Deno.serve(
 *   { hostname: "127.0.0.1", port: 0 },
 *   timeHandler((request) => new Response(`You asked for ${request.url}`)),
 * );
 *
 * const response = await fetch(`http://127.0.0.1:${server.addr.port}/orders?id=1`);
 * await response.text();
 *
 * await server.shutdown();
 * await monitor.stop();
 * assertEquals(monitor.status().channels["duration"]?.flushed, 1);
 * await Deno.remove("_monitoring", { recursive: true });
 * ```
 *
 * | you have | you write |
 * | --- | --- |
 * | `Deno.serve(handler)` | `Deno.serve(timeHandler(handler))` |
 * | `Bun.serve({ fetch, routes })` | `Bun.serve(timeServer({ fetch, routes }))` |
 * | `export default { fetch }` for `deno serve` or `bun run` | `export default timeServer({ fetch })` |
 *
 * While nothing is recorded, a timed handler does nothing but call the handler. On Bun, say of the request of an inline handler
 * of a route what it is, since its type is not inferred through `timeServer`: `(request: Bun.BunRequest<"/orders/:id">) => …`.
 *
 * ## What is timed
 * A duration begins when the server calls the handler. With `until: "headers"` it ends when the handler has returned its
 * response, or the promise that it returned is settled. By default, `until: "body"`, it ends when the response is sent to its
 * end:
 *
 * - `Deno.serve` tells when that is (the promise `completed` in the handler's second argument).
 * - `Bun.serve` does not tell, but can be asked (`requestIP` of the handler's second argument). It is asked when it calls the
 *   handler for the next request and at the end of the event loop's turn, and for a response that takes longer, again and again:
 *   the end of one that takes time `t` is seen at most `t / 64` or 1 ms too late.
 * - Anybody else who calls the handler (a server of Bun's on a Unix socket, a handler that does not pass its second argument on)
 *   gets a response whose body is passed on chunk by chunk and watched. On Bun a body can be watched only if the response has a
 *   `content-type`; otherwise the duration ends with the headers.
 *
 * "Sent" is what the runtime says: the last bytes may still be in the buffers of the operating system. A request whose client
 * goes away is recorded when that is noticed, one whose handler throws when it throws (on Deno, when the answer to that is sent).
 * An upgrade to a websocket ends the duration. What the server answers without calling a handler is not recorded.
 *
 * @module
 */
import { defaultMonitor } from "../recording/default_monitor.ts";
import { KymoError, quote } from "../errors.ts";
import { checkOptions, type HttpOptions } from "./options.ts";
import { type FetchHandler, RequestTimer, type Route } from "./request_timer.ts";
import { type TimedParts, timedRoutes, timedServer } from "./timed_server.ts";

export type { DurationRecorder } from "../recording/time_it.ts";
export type { HttpOptions } from "./options.ts";
export type { FetchHandler, Route } from "./request_timer.ts";
export type { TimedParts } from "./timed_server.ts";

/**
 * Makes a handler that does what `handler` does and times each request. `this`, all arguments, the response and errors pass
 * unchanged.
 *
 * @throws {KymoError} if `handler` is no function, or an option is wrong.
 */
export function timeHandler<H extends FetchHandler>(handler: H, options: HttpOptions = {}): H {
  const action = "Cannot time the handler";
  if (typeof handler !== "function") {
    throw new KymoError("invalid-argument", `${action}: not a function: ${quote(handler)}`);
  }
  return new RequestTimer(checkOptions(action, options, defaultMonitor)).handler(handler);
}

/**
 * Makes a table of routes for `Bun.serve` whose handlers are timed, under `pattern [VERB]`, for instance `/orders/:id [GET]`.
 * Routes that are no functions, such as static responses, pass unchanged and are not recorded.
 *
 * @throws {KymoError} if `routes` is no object, or an option is wrong.
 */
export function timeRoutes<const R extends Readonly<Record<string, Route>>>(routes: R, options: HttpOptions = {}): R {
  const action = "Cannot time the routes";
  if (typeof routes !== "object" || routes === null) {
    throw new KymoError("invalid-argument", `${action}: not an object: ${quote(routes)}`);
  }
  return timedRoutes(new RequestTimer(checkOptions(action, options, defaultMonitor)), routes);
}

/**
 * Makes an object like `server` whose `fetch` and `routes` are timed: for `Bun.serve(timeServer({ … }))`, and for `export default
 * timeServer({ … })`. All its other properties pass unchanged.
 *
 * @throws {KymoError} if `server` has neither a function `fetch` nor `routes`, or an option is wrong.
 */
export function timeServer<const S extends TimedParts>(server: S, options: HttpOptions = {}): S {
  const action = "Cannot time the server";
  if (typeof server !== "object" || server === null) {
    throw new KymoError("invalid-argument", `${action}: not an object: ${quote(server)}`);
  }
  return timedServer(new RequestTimer(checkOptions(action, options, defaultMonitor)), server);
}
