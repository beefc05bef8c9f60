import { giveOwnFrame } from "../../default_runtime.ts";
import { quote } from "../../errors.ts";
import { isThenable } from "../../sampling/when_settled.ts";
import { ClientWatch } from "./client_watch.ts";
import { EventLoopTurns } from "./event_loop_turns.ts";
import { CompletedExchange, type Exchange, PassedExchange, PolledExchange } from "./exchanges.ts";
import { OpenResponses } from "../open_responses.ts";
import type { CheckedHttpOptions } from "../options.ts";
import { type RequestSample, RequestSamples, routeGiven } from "../request_sample.ts";
import { ResponsePoller } from "./response_poller.ts";

/**
 * A fetch handler: takes a request and whatever else the server passes, and returns a response or a
 * promise of one.
 */
// deno-lint-ignore no-explicit-any -- `this` and further arguments differ between servers, and a timed handler keeps its type
export type FetchHandler = { handle(this: any, request: Request, ...rest: any[]): unknown }["handle"];

/**
 * The value of a pattern in a route table: a handler, handlers by method, or something that the
 * server answers by itself.
 */
export type Route = FetchHandler | object | false;

/** Finds the pattern of a request. Must not throw. */
export type PatternOf = (request: Request) => string | undefined;

/** Times the requests of one application. Its handlers share the limit on labels. */
export class RequestTimer {
  readonly #options: CheckedHttpOptions;
  /** Its requests. */
  readonly samples: RequestSamples;
  readonly #poller: ResponsePoller;
  readonly #polling: { readonly poller: ResponsePoller; readonly turns: EventLoopTurns };
  readonly #watching: { readonly watch: ClientWatch; readonly open: OpenResponses };

  constructor(options: CheckedHttpOptions) {
    this.#options = options;
    this.samples = new RequestSamples(options);
    const turns = new EventLoopTurns();
    this.#poller = new ResponsePoller(options.recorder, turns);
    this.#polling = { poller: this.#poller, turns };
    const open = new OpenResponses(options.recorder);
    this.#watching = { watch: new ClientWatch(open, options.recorder), open };
  }

  /**
   * Returns a handler that calls `handler` and times it. The label contains `pattern`, if given,
   * instead of the path; it may depend on the request.
   */
  handler<H extends FetchHandler>(handler: H, pattern?: string | PatternOf): H {
    giveOwnFrame(handler);
    const poller = this.#poller;
    const start = (request: Request): RequestSample | undefined => this.#start(request, pattern);
    const exchangeWith = (request: Request, server: unknown, sample: RequestSample): Exchange =>
      this.#exchange(request, server, sample);

    // Declares parameters, because Deno calls a function whose `length` is 0 without arguments.
    function timed(this: unknown, request: Request, server: unknown): unknown {
      const args = arguments as unknown as Parameters<FetchHandler>;
      poller.poll();
      const sample = start(request);
      if (sample === undefined) return handler.apply(this, args);
      const exchange = exchangeWith(request, server, sample);
      let result: unknown;
      try {
        result = handler.apply(this, args);
      } catch (error) {
        exchange.failed();
        throw error;
      }
      if (result instanceof Response) return exchange.answered(result);
      if (!(result instanceof Promise)) {
        if (!isThenable(result)) return exchange.answered(result);
        result = Promise.resolve(result);
      }
      exchange.awaited();
      return (result as Promise<unknown>).then((response) => exchange.answered(response), (error) => {
        exchange.failed();
        throw error;
      });
    }
    return timed as H;
  }

  #exchange(request: Request, server: unknown, sample: RequestSample): Exchange {
    const completed = completionOf(server);
    if (completed !== undefined) return new CompletedExchange(request, completed, sample, this.#watching);
    if (this.#poller.canPoll(server, request)) return new PolledExchange(request, server, sample, this.#polling);
    return new PassedExchange(server, sample, this.#watching.open);
  }

  #start(request: Request, pattern: string | PatternOf | undefined): RequestSample | undefined {
    if (!isRequest(request)) {
      this.samples.reportOnce(
        "request",
        `Cannot time the request: not a Request: ${quote(request)}: a listener of node:http needs timeListener`,
      );
      return undefined;
    }
    const sample = this.samples.start(request, request.method, request.url);
    if (sample !== undefined) {
      sample.route = routeGiven(this.#options.route, request);
      sample.pattern = typeof pattern === "function" ? pattern(request) : pattern;
    }
    return sample;
  }
}

/** Whether a value is a request of the Fetch API, perhaps one of another realm or a polyfill. */
function isRequest(value: unknown): value is Request {
  if (typeof Request === "function" && value instanceof Request) return true;
  const { url, method, headers } = (value ?? {}) as Partial<Request>;
  return typeof url === "string" && typeof method === "string" && typeof headers?.get === "function";
}

/**
 * `completed` of the second argument of `Deno.serve`: a promise that settles when the response is
 * sent, or cannot be sent.
 */
function completionOf(info: unknown): Promise<unknown> | undefined {
  const completed = (info as { completed?: unknown } | null | undefined)?.completed;
  return completed instanceof Promise ? completed : undefined;
}
