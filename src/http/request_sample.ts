/**
 * One request that is timed, from its start to its end: what all timers of requests have in common.
 *
 * @module
 */

import { sharedInIsolate } from "../default_runtime.ts";
import { KymoError } from "../errors.ts";
import type { DurationRecorder } from "../sampling/time_it.ts";
import { type Attached, attached } from "./attached.ts";
import type { CheckedHttpOptions, Until } from "./options.ts";
import { type LabelledRequest, RequestLabels, type RequestOutcome } from "./request_labels.ts";

/**
 * The requests of this isolate. All copies of the package share them: a program may name requests
 * with another copy than the one that times them.
 */
const requests = sharedInIsolate("requests", () => ({
  /** Names that a program has given to requests while their samples ran. */
  names: attached<string>(),
  /** Routes that frameworks have told of requests while their samples ran. */
  matches: attached<string>(),
  /** Whether there are names or matches: without, looking for one is spared. */
  isNaming: false,
  isMatching: false,
  /** Samples that have not ended. */
  running: 0,
  /** Requests that are timed although the program does not ask for it. */
  automatic: attached<Pick<RequestSample, "yieldTo">>(),
  /** Whether there are such requests. */
  isAutomatic: false,
}));

/**
 * Names the route of a request, such as `"/orders/:id"`, so that all its paths share one series.
 * May be called from within the handler until the response is sent; the last name counts, and it
 * comes before the option `route` and the pattern in a table of routes.
 *
 * `request` is the object that the timed handler or listener was called with. Frameworks keep it:
 * it is `c.req.raw` in Hono, `event.req` in h3, `ctx.request.source` in Oak, `ctx.request` in
 * Elysia, `req` in Express, `request.raw` in Fastify and `ctx.req` in Koa.
 *
 * Never throws: a request that is not timed and a pattern that is no text or empty are ignored.
 * While nothing is recorded, the call does nothing.
 *
 * @example
 * ```ts
 * import { nameRequest, timeHandler } from "@kymo/kymo/http";
 * import { assertEquals } from "@std/assert";
 *
 * const handler = timeHandler((request: Request) => {
 *   nameRequest(request, "/orders/:id");
 *   return new Response("order");
 * });
 * const response = await handler(new Request("http://localhost/orders/17"));
 * assertEquals(await response.text(), "order");
 * ```
 */
export function nameRequest(request: object, pattern: string | undefined): void {
  if (setRoute(requests.names, request, pattern)) requests.isNaming = true;
}

/**
 * Notes the route that a framework has found for a request. What the program says comes before it:
 * {@linkcode nameRequest} and the option `route`; the pattern in a table of routes comes after it.
 * Never throws: what is no text is ignored.
 */
export function noteRoute(request: unknown, pattern: unknown): void {
  if (setRoute(requests.matches, request, pattern)) requests.isMatching = true;
}

/** Sets the route of a request, if it may have a sample. Returns whether it did. */
function setRoute(routes: Attached<string>, request: unknown, pattern: unknown): boolean {
  if (requests.running === 0 || typeof pattern !== "string" || pattern === "") return false;
  if (typeof request !== "object" || request === null) return false;
  routes.to(request, pattern);
  return true;
}

/**
 * The route that an option `route` gives a request; `undefined` if there is no such option, or it
 * returns no name or throws.
 */
export function routeGiven<R>(route: ((request: R) => string | undefined) | undefined, request: R): string | undefined {
  if (route === undefined) return undefined;
  try {
    const name: unknown = route(request);
    return typeof name === "string" && name !== "" ? name : undefined;
  } catch {
    return undefined; // the request is served all the same
  }
}

/** Whether a content type is that of a stream of events, which lasts as long as its client wants. */
export function isEventStreamType(type: unknown): boolean {
  return typeof type === "string" && /^text\/event-stream\b(?!-)/i.test(type);
}

/** The timed requests of one application, which share the limit on labels. */
export class RequestSamples {
  readonly #recorder: DurationRecorder;
  readonly #reported = new Set<string>();
  readonly #until: CheckedHttpOptions["until"];
  readonly #labels: RequestLabels;
  readonly #isAutomatic: boolean;

  /** Records with the options of an application. */
  constructor(
    { recorder, until, maxLabels, foldIds, isAutomatic = false }: Omit<CheckedHttpOptions, "route">,
  ) {
    this.#recorder = recorder;
    this.#isAutomatic = isAutomatic;
    requests.isAutomatic ||= isAutomatic;
    this.#until = until;
    this.#labels = new RequestLabels(maxLabels, { foldIds, onOther: () => recorder.countOther?.(maxLabels) });
  }

  /**
   * Starts to time a request of which the server has called the handler; `undefined` if nothing is
   * recorded. A sample that the program asks for replaces an automatic one.
   */
  start(request: object, method: string | undefined, url: string | undefined): RequestSample | undefined {
    const id = this.#recorder.startDurationSample();
    if (id === 0) return undefined;
    if (!requests.isAutomatic) return new RequestSample(this, id, request, method, url);

    const automatic = requests.automatic.of(request);
    if (!this.#isAutomatic) automatic?.yieldTo(this.#recorder);
    else if (automatic !== undefined) return undefined;
    const sample = new RequestSample(this, id, request, method, url);
    if (this.#isAutomatic) requests.automatic.to(request, sample);
    return sample;
  }

  /** Whether it records with a recorder. */
  recordsWith(recorder: DurationRecorder): boolean {
    return this.#recorder === recorder;
  }

  /** Reports that something is not timed, once for each `what`. */
  reportOnce(what: "listen" | "request", message: string): void {
    if (this.#reported.has(what)) return;
    this.#reported.add(what);
    this.#recorder.report?.(new KymoError("invalid-argument", message));
  }

  /** Until when a request is timed, by its route or path as it is known now. */
  untilOf(sample: RequestSample): Until {
    if (typeof this.#until !== "function") return this.#until;
    try {
      return this.#until(this.#labels.place(sample)) === "headers" ? "headers" : "body";
    } catch {
      return "body"; // the request is served all the same
    }
  }

  /** Ends a sample. */
  record(sample: RequestSample, id: number, outcome: RequestOutcome, status: number): void {
    this.#recorder.stopDurationSample(this.#labels.of(sample, outcome, status), id);
  }
}

/** A request that is timed. */
export class RequestSample implements LabelledRequest {
  readonly method: string | undefined;
  readonly url: string | undefined;
  /** The pattern of the request in a table of routes. */
  pattern: string | undefined;
  readonly #samples: RequestSamples;
  readonly #request: object;
  readonly #id: number;
  #route: string | undefined;
  #hasEnded = false;
  #isStream = false;
  #hasClientLeft = false;

  /** See {@linkcode RequestSamples.start}. */
  constructor(
    samples: RequestSamples,
    id: number,
    request: object,
    method: string | undefined,
    url: string | undefined,
  ) {
    this.#samples = samples;
    this.#id = id;
    this.#request = request;
    this.method = method;
    this.url = url;
    requests.running++;
  }

  /**
   * The name that the program has given to the request, or else the route set here, that of its
   * framework, or its pattern.
   */
  get route(): string | undefined {
    return (requests.isNaming ? requests.names.of(this.#request) : undefined) ?? this.#route ??
      (requests.isMatching ? requests.matches.of(this.#request) : undefined) ?? this.pattern;
  }

  set route(route: string | undefined) {
    this.#route = route;
  }

  /** Whether it has ended. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Until when it is timed, by its route or path as it is known now. */
  get until(): Until {
    return this.#samples.untilOf(this);
  }

  /** Ends it without recording it, for another sample of the request with the same recorder. */
  yieldTo(recorder: DurationRecorder): void {
    if (this.#hasEnded || !this.#samples.recordsWith(recorder)) return;
    this.#hasEnded = true;
    requests.running--;
  }

  /** Notes that the response is a stream that lasts as long as its client wants. */
  noteStream(): void {
    this.#isStream = true;
  }

  /** Notes that the client has left before the response was complete. */
  noteClientLeft(): void {
    this.#hasClientLeft = true;
  }

  /**
   * Ends it, once: further calls do nothing. A stream stays one and an error of the handler stays
   * one, even if the client has left. `status` is that of the response, 0 if it was not
   * answered.
   */
  end(outcome: RequestOutcome, status: number): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    requests.running--;
    let final = outcome;
    if (this.#isStream && outcome !== "threw") final = "stream";
    else if (this.#hasClientLeft && outcome !== "threw" && outcome !== "stream") final = "aborted";
    this.#samples.record(this, this.#id, final, status);
  }
}
