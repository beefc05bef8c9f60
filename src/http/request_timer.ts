import { quote, UsageError } from "../errors.ts";
import { DeliveryWatch } from "./delivery_watch.ts";
import type { CheckedOptions } from "./options.ts";
import { RequestLabels } from "./request_labels.ts";
import { watchBody } from "./watched_body.ts";

/** A fetch handler: gets a request and whatever else its server passes, and returns a response or a promise of one. */
// deno-lint-ignore no-explicit-any -- every server passes arguments and a `this` of its own, and a handler keeps its type
export type FetchHandler = { handle(this: any, request: Request, ...rest: any[]): unknown }["handle"];

/** Times the requests of one application, whose labels share one bound. */
export class RequestTimer {
  readonly #options: CheckedOptions;
  readonly #labels: RequestLabels;
  readonly #deliveries = new DeliveryWatch();

  constructor(options: CheckedOptions) {
    this.#options = options;
    this.#labels = new RequestLabels(options.maxLabels, options.route);
  }

  /** A handler like the one given that times its requests, under `pattern` if that is given. */
  handler<H extends FetchHandler>(handler: H, pattern?: string): H {
    const { recorder, until } = this.#options;
    const labels = this.#labels;
    const deliveries = this.#deliveries;
    // Both parameters must stand here: Deno calls a function that declares none without arguments.
    return function (this: unknown, request: Request, server?: unknown): unknown {
      deliveries.look();
      const id = recorder.startDurationSample();
      if (id === 0) return handler.apply(this, arguments as never);
      const label = labels.of(request, pattern);
      const stop = (): void => recorder.stopDurationSample(label, id);
      const stopAndThrow = (error: unknown): never => {
        stop();
        throw error;
      };
      let answered = (response: unknown): unknown => {
        stop();
        return response;
      };
      
    } as H;
  }
}
