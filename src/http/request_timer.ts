import type { CheckedHttpOptions } from "./options.ts";
import { RequestLabels } from "./request_labels.ts";
import { ResponsePoller } from "./response_poller.ts";
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
  readonly #labels: RequestLabels;
  readonly #poller: ResponsePoller;

  constructor(options: CheckedHttpOptions) {
    this.#options = options;
    this.#labels = new RequestLabels(options.maxLabels, options.route);
    this.#poller = new ResponsePoller(options.recorder);
  }

  /**
   * Returns a handler that calls `handler` and times it. The label contains `pattern`, if given,
   * instead of the path.
   */
  handler<H extends FetchHandler>(handler: H, pattern?: string): H {
    const { recorder, until } = this.#options;
    const untilBody = until === "body";
    const labels = this.#labels;
    const poller = this.#poller;

    // Declares parameters, because Deno calls a function whose `length` is 0 without arguments.
    function timed(this: unknown, request: Request, server: unknown): unknown {
      const args = arguments as unknown as Parameters<FetchHandler>;
      poller.poll();
      const id = recorder.startDurationSample();
      if (id === 0) return handler.apply(this, args);

      const label = labels.of(request, pattern);
      const stop = (): void => recorder.stopDurationSample(label, id);
      const completed = untilBody ? completionOf(server) : undefined;
      if (completed !== undefined) {
        completed.then(stop, stop);
        return handler.apply(this, args);
      }

      const canPoll = untilBody && poller.canPoll(server, request);
      const answered = (response: unknown): unknown => {
        if (!untilBody || !(response instanceof Response)) stop();
        else if (canPoll) poller.add({ server, request, onSent: stop });
        else return trackBody(response, stop);
        return response;
      };
      const failed = (error: unknown): never => {
        stop();
        throw error;
      };
      let result: unknown;
      try {
        result = handler.apply(this, args);
      } catch (error) {
        return failed(error);
      }
      return result instanceof Promise ? result.then(answered, failed) : answered(result);
    }
    return timed as H;
  }
}

/**
 * `completed` of the second argument of `Deno.serve`: a promise that settles when the response is
 * sent, or cannot be sent.
 */
function completionOf(info: unknown): Promise<unknown> | undefined {
  const completed = (info as { completed?: unknown } | null | undefined)?.completed;
  return completed instanceof Promise ? completed : undefined;
}
