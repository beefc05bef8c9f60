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
 * | `createServer(listener)` of `node:http`, Express, Fastify, Koa | `createServer(timeListener(listener))` |
 *
 * While nothing is recorded, a timed handler only calls the handler.
 *
 * ## What is timed
 * A duration starts when the server calls the handler. With `until: "headers"` it ends when the
 * handler has returned its response, or its promise has settled. By default, `until: "body"`, it
 * ends when the response is sent completely:
 *
 * - `Deno.serve` reports that: the promise `completed` of the handler's second argument settles.
 * - `Bun.serve` has no event for it, but can be polled: `requestIP` of the handler's second
 *   argument. It is polled when it calls the handler for the next request, at the end of the event
 *   loop's turn, and then by a timer. The end of a response that takes time `t` is seen at most `t
 *   / 64` or 1 ms late, whichever is more.
 * - Any other caller of the handler (a server of Bun on a Unix socket, or a handler that does not
 *   pass its second argument on) gets a response whose body is passed on chunk by chunk. On Bun
 *   that requires a `content-type`; without one the duration ends with the headers.
 *
 * "Sent" is what the runtime reports: the last bytes may still be in the buffers of the operating
 * system. A request whose client disconnects is recorded when the runtime notices. One whose
 * handler throws is recorded at that time (on Deno, when the error response is sent). An upgrade to
 * a websocket ends the duration. Responses that the server sends without calling a handler are not
 * recorded.
 *
 * @module
 */
import { defaultMonitor } from "../recording/default_monitor.ts";
import { KymoError, quote } from "../errors.ts";
import { checkOutgoingOptions, type OutgoingOptions } from "./client/options.ts";
import { OutgoingRequests } from "./client/outgoing_requests.ts";
import { replaceClients } from "./client/time_outgoing.ts";
import { type Fetch, timedFetch } from "./client/timed_fetch.ts";
import { checkHttpOptions, type HttpOptions } from "./options.ts";
import { type FetchHandler, RequestTimer } from "./fetch/request_timer.ts";
import type { RouteOf } from "./fetch/route_types.ts";
import { type Listener, type ListenerOptions, timedListener } from "./timed_listener.ts";
import { type TimedParts, timedRoutes, timedServer } from "./fetch/timed_server.ts";

export type { KymoError, KymoErrorCode } from "../errors.ts";
export type { DurationRecorder } from "../sampling/time_it.ts";
export {
  type ElysiaContext,
  elysiaRoutes,
  type H3Event,
  h3Routes,
  type KoaContext,
  koaRoutes,
  type OakContext,
  oakRoutes,
  type RouterLayer,
} from "./frameworks/middlewares.ts";
export { type HonoContext, type HonoRoute, honoRoutes } from "./frameworks/hono.ts";
export type { OutgoingOptions, OutgoingRecorder } from "./client/options.ts";
export type { Fetch } from "./client/timed_fetch.ts";
export type { HttpOptions, Until } from "./options.ts";
export { nameRequest } from "./request_sample.ts";
export type { MaybeResponse, ParametersOf, RoutedRequest, RouteHandler, RouteOf } from "./fetch/route_types.ts";
export type { FetchHandler, Route } from "./fetch/request_timer.ts";
export type { Listener, ListenerOptions } from "./timed_listener.ts";
export type { TimedParts } from "./fetch/timed_server.ts";

/**
 * Returns a handler that calls `handler` and times each request. `this`, arguments, response and
 * errors are passed on unchanged.
 *
 * @throws {KymoError} `"invalid-argument"` if `handler` is not a function, or for an invalid
 * option.
 */
export function timeHandler<H extends FetchHandler>(handler: H, options: HttpOptions = {}): H {
  const action = "Cannot time the handler";
  if (typeof handler !== "function") {
    throw new KymoError("invalid-argument", `${action}: not a function: ${quote(handler)}`);
  }
  return new RequestTimer(checkHttpOptions(action, options, defaultMonitor)).handler(handler);
}

/**
 * Returns a copy of a route table for `Bun.serve` with its handlers timed under `pattern [VERB]`,
 * for instance `/orders/:id [GET]`. Routes that are not functions, such as static responses, are
 * copied unchanged and not recorded.
 *
 * @throws {KymoError} `"invalid-argument"` if `routes` is not an object, or for an invalid option.
 */
export function timeRoutes<K extends string, const R extends { readonly [P in K]: RouteOf<P> }>(
  routes: R & { readonly [P in K]: RouteOf<P> },
  options: HttpOptions = {},
): R {
  const action = "Cannot time the routes";
  if (typeof routes !== "object" || routes === null) {
    throw new KymoError("invalid-argument", `${action}: not an object: ${quote(routes)}`);
  }
  return timedRoutes(new RequestTimer(checkHttpOptions(action, options, defaultMonitor)), routes);
}

/**
 * Returns a copy of a server object with its `fetch` and `routes` timed, for
 * `Bun.serve(timeServer({ … }))` and for `export default timeServer({ … })`. All other properties
 * are copied unchanged.
 *
 * @throws {KymoError} `"invalid-argument"` if `server` has neither `fetch` nor `routes`, or for an
 * invalid option.
 */
export function timeServer<
  const S extends { readonly fetch?: FetchHandler; readonly [name: string]: unknown },
  K extends string = never,
>(
  server: S & { readonly routes?: { readonly [P in K]: RouteOf<P> } },
  options?: HttpOptions,
): S;
/** Returns a copy of an application of a framework, such as Hono, with its `fetch` timed. */
export function timeServer<S extends { readonly fetch: FetchHandler }>(server: S, options?: HttpOptions): S;
export function timeServer(server: TimedParts, options: HttpOptions = {}): TimedParts {
  const action = "Cannot time the server";
  if (typeof server !== "object" || server === null) {
    throw new KymoError("invalid-argument", `${action}: not an object: ${quote(server)}`);
  }
  return timedServer(new RequestTimer(checkHttpOptions(action, options, defaultMonitor)), server);
}

/**
 * Returns a listener that calls `listener` and times each request of a `node:http` server, of
 * `node:https` or `node:http2`, and so of Express, Fastify and Koa. `this`, arguments, result and
 * errors are passed on unchanged, and the properties of `listener` can be used as before.
 *
 * A duration starts when the server calls the listener, and ends when the last byte of the response
 * is handed to the operating system, or the connection is lost before: then the request is labelled
 * `aborted`. A listener for `upgrade` can be timed, too, until the connection is closed.
 *
 * @example
 * ```ts
 * import { start, status, stop } from "@kymo/kymo";
 * import { nameRequest, timeListener } from "@kymo/kymo/http";
 * import { assertEquals } from "@std/assert";
 * import { rmSync } from "node:fs";
 * import { createServer } from "node:http";
 *
 * start({ monitoringDir: "_listener" });
 * const server = createServer(timeListener((request, response) => {
 *   nameRequest(request, "/orders/:id");
 *   response.end("order");
 * }));
 * await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
 * const address = server.address() as { port: number };
 * const response = await fetch(`http://127.0.0.1:${address.port}/orders/17`);
 * assertEquals(await response.text(), "order"); // /orders/:id [GET]
 *
 * server.close();
 * await stop();
 * assertEquals(status().flushed, 1);
 * rmSync("_listener", { recursive: true });
 * ```
 *
 * @throws {KymoError} `"invalid-argument"` if `listener` is not a function, or for an invalid
 * option.
 */
export function timeListener<L extends Listener>(listener: L, options: ListenerOptions = {}): L {
  const action = "Cannot time the listener";
  if (typeof listener !== "function") {
    throw new KymoError("invalid-argument", `${action}: not a function: ${quote(listener)}`);
  }
  return timedListener(checkHttpOptions(action, options, defaultMonitor), listener);
}

/**
 * Returns a function that calls `fetch` and times each request in the channel `client`, under
 * `host [VERB]` and the outcome, such as `api.example.com [GET] 5xx`: `4xx`, `5xx`, `aborted` if the
 * program gave it up, `threw` if it failed. In all else it is `fetch`. If `fetch` is timed already,
 * its requests are timed once, with these options.
 *
 * @example
 * ```ts
 * import { start, status, stop } from "@kymo/kymo";
 * import { timeFetch } from "@kymo/kymo/http";
 * import { assertEquals } from "@std/assert";
 * import { rmSync } from "node:fs";
 * import { createServer } from "node:http";
 *
 * const server = createServer((_request, response) => response.end("order"));
 * await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
 * const { port } = server.address() as { port: number };
 *
 * start({ monitoringDir: "_client" });
 * const timed = timeFetch(fetch);
 * const response = await timed(`http://127.0.0.1:${port}/orders/17`); // 127.0.0.1:… [GET]
 * assertEquals(await response.text(), "order");
 *
 * server.close();
 * await stop();
 * assertEquals(status().channels["client"]?.flushed, 1);
 * rmSync("_client", { recursive: true });
 * ```
 *
 * @throws {KymoError} `"invalid-argument"` if `fetch` is not a function, or for an invalid option.
 */
export function timeFetch<F extends Fetch>(fetch: F, options: OutgoingOptions = {}): F {
  const action = "Cannot time fetch";
  if (typeof fetch !== "function") {
    throw new KymoError("invalid-argument", `${action}: not a function: ${quote(fetch)}`);
  }
  return timedFetch(new OutgoingRequests(checkOutgoingOptions(action, options, defaultMonitor)), fetch);
}

/**
 * Times all outgoing requests of this isolate from now on, as {@linkcode timeFetch} does: those of
 * the global `fetch`, and of `node:http` and `node:https`, whoever makes them. The preload calls it
 * if the environment has `KYMO_CLIENT=1`.
 *
 * @returns what puts back everything that was replaced when it is disposed of; it need not be used.
 * @throws {KymoError} `"invalid-argument"` for an invalid option, `"unsupported"` on another runtime
 * than Deno, Bun and Node.
 * @throws {Error} if something cannot be replaced; then nothing is.
 *
 * @example
 * ```ts
 * import { timeOutgoing } from "@kymo/kymo/http";
 *
 * {
 *   using _ = timeOutgoing({ until: "body" });
 *   await (await fetch("data:,no%20request")).text();
 * }
 * ```
 */
export function timeOutgoing(options: OutgoingOptions = {}): Disposable {
  const putBack = replaceClients(checkOutgoingOptions("Cannot time outgoing requests", options, defaultMonitor));
  return { [Symbol.dispose]: putBack };
}
