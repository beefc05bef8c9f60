/**
 * Pages for a browser on this machine, and for nobody else: their address has a token that nobody can
 * guess, and a request must name this machine as its host, since a page of the internet can have a
 * name of its own lead here (DNS rebinding).
 *
 * @module
 */

import { KymoError } from "../../../errors.ts";
import type { PageAnswer, PageRequest, Streaming } from "../../context.ts";

/** A part of the time, ns since 1970; `to` is its end. */
export interface AskedTime {
  readonly from: bigint;
  readonly to: bigint;
}

/** The address that only programs on this machine reach. */
export const LOOPBACK = "127.0.0.1";

/** What the address of a page has behind its path, if it is live. */
export const EVENTS = "events";

/** The events of a page that is live, as fine as it asks. */
export interface PageEvents {
  readonly levels: readonly string[];
  readonly open: (level: string | undefined) => Streaming;
}

const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
};

/** Answers requests for pages. */
export class PageServer {
  /** Where it is served, such as `http://127.0.0.1:41234`; known when that has begun. */
  origin = "";
  readonly #token = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  readonly #make: (time: AskedTime | undefined) => Promise<string>;
  readonly #onError: (error: unknown) => void;
  readonly #events: PageEvents | undefined;
  /** Settled when the page before is made: one at a time, since each takes all processors. */
  #before: Promise<unknown> = Promise.resolve();

  /**
   * `make`: makes the page of a part of the time, or of all of it. `onError`: is told of failures.
   * `events`: what a page that is live is sent.
   */
  constructor(
    make: (time: AskedTime | undefined) => Promise<string>,
    onError: (error: unknown) => void,
    events?: PageEvents,
  ) {
    this.#make = make;
    this.#onError = onError;
    this.#events = events;
  }

  /** Where the page is. */
  get url(): string {
    return `${this.origin}/${this.#token}/`;
  }

  /** Answers a request. Does not throw. */
  async answer({ host, path, query }: PageRequest): Promise<PageAnswer> {
    if (![LOOPBACK, "localhost"].some((name) => host === `${name}:${new URL(this.origin).port}`)) {
      return text(403, "Only a browser on this machine is answered, under its own name.");
    }
    const isOfEvents = path === `/${this.#token}/${EVENTS}` && this.#events !== undefined;
    if (path !== `/${this.#token}/` && !isOfEvents) {
      return text(404, "Nothing is here: kymo has printed the whole address.");
    }
    const { levels, open } = this.#events ?? { levels: [] };
    const level = askedLevel(query, levels);
    const time = level === undefined ? askedTime(query) : undefined;
    if (time === "invalid" || isOfEvents && time !== undefined) {
      return text(400, "from and to must be ns since 1970, and from the earlier one.");
    }
    if (isOfEvents) {
      return { status: 200, headers: { ...HEADERS, "content-type": "text/event-stream" }, body: open!(level) };
    }
    try {
      const page = this.#before.then(() => this.#make(time));
      this.#before = page.catch(() => {});
      return { status: 200, headers: { ...HEADERS, "content-type": "text/html; charset=utf-8" }, body: await page };
    } catch (error) {
      this.#onError(error);
      return text(500, error instanceof KymoError ? error.message : "The page cannot be made: the terminal says why.");
    }
  }
}

function text(status: number, body: string): PageAnswer {
  return { status, headers: { ...HEADERS, "content-type": "text/plain; charset=utf-8" }, body: `${body}\n` };
}

/** How fine a page is to be that is live. */
function askedLevel(query: string, levels: readonly string[]): string | undefined {
  return levels.find((level) => query === `level=${level}`);
}

/** The part of the time that is asked for. */
function askedTime(query: string): AskedTime | undefined | "invalid" {
  if (query === "") return undefined;
  const parameters = new URLSearchParams(query);
  const [from, to] = [parameters.get("from") ?? "", parameters.get("to") ?? ""];
  if (!/^\d{1,19}$/.test(from) || !/^\d{1,19}$/.test(to) || BigInt(from) >= BigInt(to)) return "invalid";
  return { from: BigInt(from), to: BigInt(to) };
}
