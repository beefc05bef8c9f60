import { DeliveryWatch } from "./delivery_watch.ts";
import type { CheckedOptions } from "./options.ts";
import { RequestLabels } from "./request_labels.ts";
import { watchBody } from "./watched_body.ts";

/** A fetch handler: takes a request and whatever else its server passes, and returns a response or a promise of one. */
// deno-lint-ignore no-explicit-any -- each server has a `this` and further arguments of its own, and a timed handler keeps its type
export type FetchHandler = { handle(this: any, request: Request, ...rest: any[]): unknown }["handle"];

/** What a table of routes has for a pattern: a handler, handlers by method, or something that the server answers by itself. */
export type Route = FetchHandler | object | false;

/** Times the requests of one application; its handlers share the bound on labels. */
export class RequestTimer {
  readonly #options: CheckedOptions;
  readonly #labels: RequestLabels;
  readonly #deliveries: DeliveryWatch;

  /** Records with, and as, the options say. */
  constructor(options: CheckedOptions) {
    this.#options = options;
    this.#labels = new RequestLabels(options.maxLabels, options.route);
    this.#deliveries = new DeliveryWatch(options.recorder);
  }

  /** A handler that does what `handler` does, and times it, under `pattern` if it is that of a route. */
  handler<H extends FetchHandler>(handler: H, pattern?: string): H {
    const { recorder, until } = this.#options;
    const untilBody = until === "body";
    const labels = this.#labels;
    const deliveries = this.#deliveries;

    // Two parameters are declared, because Deno calls a function that declares none with no arguments.
    function timed(this: unknown, request: Request, server: unknown): unknown {
      const args = arguments as unknown as Parameters<FetchHandler>;
      deliveries.look();
      const id = recorder.startDurationSample();
      if (id === 0) return handler.apply(this, args);

      const label = labels.of(request, pattern);
      const stop = (): void => recorder.stopDurationSample(label, id);
      const completed = untilBody ? completion(server) : undefined;
      if (completed !== undefined) {
        completed.then(stop, stop);
        return handler.apply(this, args);
      }

      const askable = untilBody && deliveries.canAsk(server, request);
      const answered = (response: unknown): unknown => {
        if (!untilBody || !(response instanceof Response)) stop();
        else if (askable) deliveries.add({ server, request, ended: stop });
        else return watchBody(response, stop);
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

/** The promise by which `Deno.serve` tells that a response was sent to its end or could not be: `completed` of the second argument. */
function completion(info: unknown): Promise<unknown> | undefined {
  const completed = (info as { completed?: unknown } | null | undefined)?.completed;
  return completed instanceof Promise ? completed : undefined;
}
