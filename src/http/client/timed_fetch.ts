/**
 * Times `fetch`.
 *
 * @module
 */

import { type BodyFailure, trackBody } from "../fetch/tracked_body.ts";
import { outcomeOf, type RequestOutcome } from "../request_labels.ts";
import {
  callTimed,
  isWithinTimedCall,
  noteTimed,
  type OutgoingRequests,
  type OutgoingSample,
  type OutgoingTarget,
  untimed,
} from "./outgoing_requests.ts";

/** A function as `fetch`. */
// deno-lint-ignore no-explicit-any -- its parameters differ between runtimes, and a timed one keeps its type
export type Fetch = { fetch(this: any, input: any, init?: any, ...rest: any[]): Promise<Response> }["fetch"];

/**
 * Returns a function that calls `fetch` and times it. It is `fetch` in all else: its properties, its
 * text, and what it is called with. If `fetch` is timed already, what that calls is timed instead.
 */
export function timedFetch<F extends Fetch>(requests: OutgoingRequests, fetch: F): F {
  const original = untimed(fetch);
  const timed = new Proxy(original, {
    apply(target, self: unknown, args: unknown[]): unknown {
      const sample = isWithinTimedCall() ? undefined : start(requests, args);
      if (sample === undefined) return Reflect.apply(target, self, args);
      let result: unknown;
      try {
        result = callTimed(() => Reflect.apply(target, self, args));
      } catch (error) {
        sample.end("threw");
        throw error;
      }
      if (!(result instanceof Promise)) {
        sample.end("ok");
        return result;
      }
      // Not the promise itself: the runtime would count its rejection as handled.
      return result.then(
        (response) => answered(response as Response, sample, args),
        (error) => {
          sample.end(failureOf(error, args));
          throw error;
        },
      );
    },
  });
  return noteTimed(timed, original);
}

function start(requests: OutgoingRequests, args: readonly unknown[]): OutgoingSample | undefined {
  try {
    const target = targetOf(args);
    return target && requests.start(target);
  } catch {
    return undefined; // whatever is wrong with the arguments, `fetch` tells
  }
}

/** The used part of what `fetch` may be called with. */
interface Described {
  readonly url?: unknown;
  readonly method?: unknown;
  readonly signal?: { readonly aborted?: boolean } | null;
}

/** Methods that `fetch` writes in capitals, however they are given. */
const WRITTEN_IN_CAPITALS = /^(?:DELETE|GET|HEAD|OPTIONS|POST|PUT)$/i;

/** Where a request goes; `undefined` if it goes nowhere, such as one for `data:`. */
function targetOf([input, init]: readonly unknown[]): OutgoingTarget | undefined {
  const given = isDescribed(input) ? input : {};
  const { host, protocol } = new URL(typeof given.url === "string" ? given.url : String(input));
  if (!/^https?:$/.test(protocol)) return undefined;
  const method = String((init as Described | null | undefined)?.method ?? given.method ?? "GET");
  return { host, method: WRITTEN_IN_CAPITALS.test(method) ? method.toUpperCase() : method };
}

/** Whether an argument is a request, perhaps one of another realm, and no URL. */
function isDescribed(input: unknown): input is Described {
  return typeof input === "object" && input !== null && "url" in input;
}

function answered(response: Response, sample: OutgoingSample, args: readonly unknown[]): Response {
  const outcome = outcomeOf(response.status);
  if (!sample.answered(outcome)) return response;
  try {
    const ended = (failure?: BodyFailure, error?: unknown): void =>
      sample.end(failure === "threw" ? failureOf(error, args) : failure ?? outcome);
    return withProperties(trackBody(response, ended, { isReceived: true }), response);
  } catch {
    sample.end(outcome); // its body cannot be watched
    return response;
  }
}

/** Gives a copy what only the runtime can give a response. */
function withProperties(copy: Response, { url, redirected, type }: Response): Response {
  for (const [name, value] of Object.entries({ url, redirected, type })) {
    Object.defineProperty(copy, name, { value, configurable: true });
  }
  const { clone } = copy;
  Object.defineProperty(copy, "clone", {
    value: function (this: Response): Response {
      return withProperties(clone.call(this) as Response, this);
    },
    configurable: true,
    writable: true,
  });
  return copy;
}

const ABORTS: readonly unknown[] = ["AbortError", "TimeoutError"];

/** Whether the program has given the request up, or it has failed. */
function failureOf(error: unknown, [input, init]: readonly unknown[]): RequestOutcome {
  try {
    if (ABORTS.includes((error as { readonly name?: unknown } | null | undefined)?.name)) return "aborted";
    const signal = (init as Described | null | undefined)?.signal ?? (isDescribed(input) ? input.signal : undefined);
    return signal?.aborted === true ? "aborted" : "threw";
  } catch {
    return "threw";
  }
}
