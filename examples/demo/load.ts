/// <reference types="./autocannon.d.ts" />
import autocannon, { type Options, type Request } from "autocannon";
import { setTimeout as sleep } from "node:timers/promises";
import type { DemoOptions } from "./options.ts";

/** The requests, with their share in percent. */
const REQUESTS: readonly { readonly method: string; readonly path: () => string; readonly share: number }[] = [
  { method: "GET", path: () => "/time", share: 30 },
  { method: "GET", path: () => `/orders/${1 + randomBelow(1_050)}`, share: 30 }, // the last 50 do not exist
  { method: "GET", path: () => "/primes", share: 18 },
  { method: "GET", path: () => "/report", share: 5 },
  { method: "POST", path: () => "/journal", share: 10 },
  { method: "GET", path: () => "/broken", share: 5 },
  { method: "GET", path: () => `/${randomBelow(2 ** 32).toString(36)}.php`, share: 2 }, // as scanners do
];

function randomBelow(end: number): number {
  return Math.floor(Math.random() * end);
}

/** Number of requests by outcome. */
export interface Answers {
  /** Answered with a status below 400. */
  fine: number;
  /** Answered with a status from 400 to 499. */
  refused: number;
  /** Answered with a status of 500 or more. */
  failed: number;
  /** Not answered. */
  missing: number;
}

/** The load on one server. */
export class Load {
  /** The outcome so far. */
  readonly answers: Answers = { fine: 0, refused: 0, failed: 0, missing: 0 };
  readonly #url: string;
  readonly #options: DemoOptions;

  /** Creates a load on `url`. */
  constructor(url: string, options: DemoOptions) {
    this.#url = url;
    this.#options = options;
  }

  /**
   * Sends requests for the given duration, or until `signal`.
   *
   * autocannon sends all requests of a second at once. For an even load each connection is a load
   * generator of its own, and starts at another time of the first second.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { duration, rate, runtimes, connections } = this.#options;
    const end = AbortSignal.any([signal, AbortSignal.timeout(duration * 1000)]);
    if (rate === 0) return await this.#send({ connections, duration }, end);

    const share = Math.max(1, Math.round(rate / runtimes.length));
    const senders = Math.min(connections, share);
    await Promise.all(Array.from({ length: senders }, async (_, i) => {
      const connectionRate = Math.floor((share + i) / senders);
      await sleep(1000 * Math.random(), undefined, { signal: end }).catch(() => {});
      await this.#send({ connections: 1, connectionRate, amount: connectionRate * duration }, end);
    }));
  }

  async #send(
    pace: Pick<Options, "connections" | "connectionRate" | "amount" | "duration">,
    end: AbortSignal,
  ): Promise<void> {
    if (end.aborted) return;
    const generator = autocannon({
      ...pace,
      url: this.#url,
      sampleInt: 50,
      requests: [{ setupRequest: (request) => ({ ...request, ...anyRequest() }) }],
    });
    generator.on("response", (_, status) => this.answers[outcomeOf(status)]++);
    generator.on("reqError", () => this.answers.missing++);
    const stop = () => generator.stop();
    end.addEventListener("abort", stop);
    await generator;
    end.removeEventListener("abort", stop);
  }
}

function outcomeOf(status: number): "fine" | "refused" | "failed" {
  if (status >= 500) return "failed";
  return status >= 400 ? "refused" : "fine";
}

/** The sum of several outcomes. */
export function sumAnswers(loads: readonly Load[]): Answers {
  const sum = (name: keyof Answers) => loads.reduce((sum, { answers }) => sum + answers[name], 0);
  return { fine: sum("fine"), refused: sum("refused"), failed: sum("failed"), missing: sum("missing") };
}

function anyRequest(): Request {
  let draw = Math.random() * REQUESTS.reduce((sum, { share }) => sum + share, 0);
  for (const { method, path, share } of REQUESTS) {
    draw -= share;
    if (draw < 0) return { method, path: path() };
  }
  throw new Error("Cannot draw a request: the shares do not add up");
}
