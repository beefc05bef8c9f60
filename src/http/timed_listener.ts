/**
 * Times the listeners of `node:http` servers, which Express, Fastify and Koa are made of.
 *
 * Of a request and its response only what both runtimes have in common is used, all of it
 * documented by Node.js:
 *
 * - `finish` comes when the last byte is handed to the operating system, and then `close`. If the
 *   client leaves before, only `close` comes. Bun emits `finish` even then if the listener has ended
 *   the response, but the socket is destroyed; HTTP/2 does so on both runtimes, but the request is
 *   `aborted`.
 * - `writeHead` is called for each response, by the server itself if the listener does not. Headers
 *   that it is given are in `getHeader` on Bun, and on Deno only if others were set before.
 * - `request.url` is what the client sent until a framework cuts a mount path off.
 *
 * @module
 */

import { giveOwnFrame } from "../default_runtime.ts";
import { quote } from "../errors.ts";
import { noteRouteWhenSet } from "./frameworks/express.ts";
import { followFastify } from "./frameworks/fastify.ts";
import { type OpenResponse, OpenResponses } from "./open_responses.ts";
import type { CheckedHttpOptions, HttpOptions, Until } from "./options.ts";
import { outcomeOf, type RequestOutcome } from "./request_labels.ts";
import { isEventStreamType, type RequestSample, RequestSamples, routeGiven } from "./request_sample.ts";

/**
 * A listener for the `request` event of a server of `node:http`, `node:https` or `node:http2`, or
 * for its `upgrade` event.
 */
// deno-lint-ignore no-explicit-any -- `this` and types differ between frameworks, and a timed listener keeps its type
export type Listener = { listen(this: any, request: any, response: any, ...rest: any[]): unknown }["listen"];

/** Options of {@linkcode timeListener}. All have a default. */
export interface ListenerOptions extends Omit<HttpOptions, "route"> {
  /**
   * Returns the route of a request, for instance `"/orders/:id"`, so that all its paths share one
   * label. Called when the response has ended or, if need be for `until`, when its headers are
   * written: by then a framework has set what it knows, as Express does with `request.route`. If it
   * returns nothing or throws, the label has the path.
   */
  // deno-lint-ignore no-explicit-any -- frameworks add properties to the request
  readonly route?: (request: any) => string | undefined;
}

/** {@linkcode ListenerOptions}, checked and with defaults. */
type CheckedListenerOptions = Omit<CheckedHttpOptions, "route"> & {
  readonly route: ListenerOptions["route"] | undefined;
};

/** The used part of a request: `IncomingMessage`, or that of HTTP/2. */
interface ListenedRequest {
  readonly method?: string;
  readonly url?: string;
  readonly httpVersionMajor?: number;
  readonly aborted?: boolean;
  readonly socket?: { readonly destroyed?: boolean } | null;
}

/** The used part of what a listener of upgrades gets instead of a response: the connection. */
interface Connection {
  once(event: string, listener: () => void): unknown;
}

/** The used part of a response: `ServerResponse`, or that of HTTP/2. */
interface ListenedResponse extends Connection {
  readonly statusCode: number;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  getHeader(name: string): unknown;
  writeHead(status: number, ...rest: unknown[]): unknown;
}

/**
 * Returns a listener that calls `listener` and times each request, or upgraded connection. It has
 * the properties of `listener`, such as `listen` of an Express application.
 */
export function timedListener<L extends Listener>(options: CheckedListenerOptions, listener: L): L {
  giveOwnFrame(listener);
  const samples = new RequestSamples(options);
  const open = new OpenResponses(options.recorder);
  followFastify();

  const start = (request: ListenedRequest, response: Connection): RequestSample | undefined => {
    if (isRequest(request) && isConnection(response)) return samples.start(request, request.method, request.url);
    samples.reportOnce(
      "request",
      `Cannot time the request: not of a server of node:http: ${quote(request)}: a fetch handler needs timeHandler`,
    );
    return undefined;
  };

  function timed(this: unknown, request: ListenedRequest, response: Connection): unknown {
    const args = arguments as unknown as Parameters<Listener>;
    const sample = start(request, response);
    if (sample === undefined) return listener.apply(this, args);

    noteRouteWhenSet(request);
    const exchange = new Exchange(options, open, request, sample);
    if (isResponse(response)) followResponse(request, response, exchange);
    else followUpgrade(response, exchange);
    const failed = (error: unknown): never => {
      exchange.end("threw", 0);
      throw error;
    };
    let result: unknown;
    try {
      result = listener.apply(this, args);
    } catch (error) {
      return failed(error);
    }
    // A rejection that nobody handles must stay one, so it is passed on in the promise returned.
    return result instanceof Promise ? result.catch(failed) : result;
  }
  return Object.setPrototypeOf(timed, listener);
}

function isRequest(value: unknown): boolean {
  const { method, url } = (value ?? {}) as Partial<ListenedRequest>;
  return typeof method === "string" && typeof url === "string";
}

function isConnection(value: unknown): boolean {
  return typeof (value as Partial<Connection> | null | undefined)?.once === "function";
}

function isResponse(connection: Connection): connection is ListenedResponse {
  const { writeHead, getHeader } = connection as Partial<ListenedResponse>;
  return typeof writeHead === "function" && typeof getHeader === "function";
}

/** One timed request, from the call of the listener on. */
class Exchange {
  readonly #options: CheckedListenerOptions;
  readonly #openResponses: OpenResponses;
  readonly #request: unknown;
  readonly #sample: RequestSample;
  #response: OpenResponse | undefined;

  constructor(options: CheckedListenerOptions, open: OpenResponses, request: unknown, sample: RequestSample) {
    this.#options = options;
    this.#openResponses = open;
    this.#request = request;
    this.#sample = sample;
  }

  /** Until when it is timed, by its route or path as it is known now. */
  get until(): Until {
    if (typeof this.#options.until === "function") this.#sample.route = this.#route();
    return this.#sample.until;
  }

  /** Has its sample ended by `onEnd` if the recorder ends before the response, which has begun. */
  begin(onEnd: () => void): void {
    if (this.#sample.hasEnded || this.#response !== undefined) return;
    this.#response = { onEnd };
    this.#openResponses.add(this.#response);
  }

  /** Ends the sample, once. The status is 0 without an answer. */
  end(outcome: RequestOutcome, status: number): void {
    if (this.#sample.hasEnded) return;
    if (this.#response !== undefined) this.#openResponses.delete(this.#response);
    this.#sample.route = this.#route();
    this.#sample.end(outcome, status);
  }

  #route(): string | undefined {
    return routeGiven(this.#options.route, this.#request);
  }
}

/** Ends an exchange when the upgraded connection is closed. */
function followUpgrade(connection: Connection, exchange: Exchange): void {
  const end = (): void => exchange.end("stream", 101);
  connection.once("close", end);
  exchange.begin(end);
}

/** Ends an exchange when the response is closed, or when its headers are written. */
function followResponse(request: ListenedRequest, response: ListenedResponse, exchange: Exchange): void {
  let isStream = false;
  const answered = (): void => {
    const { statusCode } = response;
    exchange.end(isStream ? "stream" : outcomeOf(statusCode), statusCode);
  };
  const left = (): void =>
    exchange.end(isStream ? "stream" : "aborted", response.headersSent ? response.statusCode : 0);

  const { writeHead } = response;
  response.writeHead = function (this: ListenedResponse, ...args: Parameters<typeof writeHead>): unknown {
    const result = writeHead.apply(this, args);
    isStream = response.statusCode === 101 || isEventStream(response, args.at(-1));
    if (exchange.until === "headers") answered();
    else exchange.begin(answered);
    return result;
  };
  response.once("finish", () => isSent(request, response) ? answered() : left());
  response.once("close", left);
}

/** Whether a response that has finished was sent completely. */
function isSent(request: ListenedRequest, response: ListenedResponse): boolean {
  if (!response.writableEnded || request.aborted === true) return false;
  // HTTP/2 takes the socket away from a response that is sent.
  return request.httpVersionMajor === 2 || request.socket?.destroyed !== true;
}

/** Whether a response is an event stream; `given` is the last argument of its `writeHead`. */
function isEventStream(response: ListenedResponse, given: unknown): boolean {
  return isEventStreamType(givenContentType(given) ?? response.getHeader("content-type"));
}

/**
 * The `content-type` among the headers given to `writeHead`: an object, names and values in turn,
 * or pairs of them.
 */
function givenContentType(headers: unknown): unknown {
  if (typeof headers !== "object" || headers === null) return undefined;
  const flat = Array.isArray(headers) ? headers.flat() : Object.entries(headers).flat();
  const at = flat.findIndex((name, i) => i % 2 === 0 && /^content-type$/i.test(name));
  return at < 0 ? undefined : flat[at + 1];
}
