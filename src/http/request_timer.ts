import { KymoError, quote } from "../errors.ts";
import { isThenable } from "../sampling/when_settled.ts";
import type { CheckedHttpOptions } from "./options.ts";
import { outcomeOf } from "./request_labels.ts";
import { type RequestSample, RequestSamples } from "./request_sample.ts";
import { isPending, ResponsePoller } from "./response_poller.ts";
import { trackBody } from "./tracked_body.ts";

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

/** Times the requests of one application. Its handlers share the limit on labels. */
export class RequestTimer {
  readonly #options: CheckedHttpOptions;
  readonly #samples: RequestSamples;
  readonly #poller: ResponsePoller;
  #hasReported = false;

  constructor(options: CheckedHttpOptions) {
    this.#options = options;
    this.#samples = new RequestSamples(options);
    this.#poller = new ResponsePoller(options.recorder);
  }

  /**
   * Returns a handler that calls `handler` and times it. The label contains `pattern`, if given,
   * instead of the path.
   */
  handler<H extends FetchHandler>(handler: H, pattern?: string): H {
    const poller = this.#poller;
    const start = (request: Request): RequestSample | undefined => this.#start(request, pattern);

    // Declares parameters, because Deno calls a function whose `length` is 0 without arguments.
    function timed(this: unknown, request: Request, server: unknown): unknown {
      const args = arguments as unknown as Parameters<FetchHandler>;
      poller.poll();
      const sample = start(request);
      if (sample === undefined) return handler.apply(this, args);

      const completed = completionOf(server);
      const canPoll = completed === undefined && poller.canPoll(server, request);
      const answered = (response: unknown): unknown => {
        if (!(response instanceof Response)) {
          // Without a response Bun upgrades to a websocket, or else sends an error, as Deno does.
          const isUpgrade = completed === undefined && !(canPoll && isPending(server, request));
          sample.end(isUpgrade ? "stream" : "threw", 0);
          return response;
        }
        const { status } = response;
        const sent = (): void => sample.end(status === 101 ? "stream" : outcomeOf(status), status);
        if (sample.until === "headers") sent();
        else if (completed !== undefined) completed.then(sent, () => sample.end("aborted", status));
        else if (canPoll) poller.add({ server, request, onSent: sent });
        else return trackBody(response, sent);
        return response;
      };
      const failed = (error: unknown): never => {
        if (completed === undefined) sample.end("threw", 0);
        else completed.then(() => sample.end("threw", 0), () => sample.end("threw", 0));
        throw error;
      };
      let result: unknown;
      try {
        result = handler.apply(this, args);
      } catch (error) {
        return failed(error);
      }
      if (result instanceof Promise) return result.then(answered, failed);
      return isThenable(result) ? Promise.resolve(result).then(answered, failed) : answered(result);
    }
    return timed as H;
  }

  #start(request: Request, pattern: string | undefined): RequestSample | undefined {
    if (!isRequest(request)) {
      this.#reportNoRequest(request);
      return undefined;
    }
    const sample = this.#samples.start(request, request.method, request.url);
    if (sample !== undefined) sample.route = this.#routeOf(request) ?? pattern;
    return sample;
  }

  #routeOf(request: Request): string | undefined {
    const { route } = this.#options;
    if (route === undefined) return undefined;
    try {
      const name: unknown = route(request);
      return typeof name === "string" && name !== "" ? name : undefined;
    } catch {
      return undefined; // the request is served all the same
    }
  }

  #reportNoRequest(value: unknown): void {
    if (this.#hasReported || this.#options.recorder.report === undefined) return;
    this.#hasReported = true;
    this.#options.recorder.report(
      new KymoError(
        "invalid-argument",
        `Cannot time the request: not a Request: ${quote(value)}: a listener of node:http needs timeListener`,
      ),
    );
  }
}

/** Whether a value is a request of the Fetch API, perhaps one of another realm or a polyfill. */
function isRequest(value: unknown): value is Request {
  if (value instanceof Request) return true;
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
