import { KymoError, quote } from "../../errors.ts";
import { honoPatterns } from "../frameworks/hono.ts";
import type { FetchHandler, RequestTimer, Route } from "./request_timer.ts";

/** The timed properties of a server object for `Bun.serve`, `deno serve` and others. */
export interface TimedParts {
  /** Handles the requests that match no route. */
  readonly fetch?: FetchHandler;
  /** Routes by pattern. The list of routes that an application of Hono or Elysia has is copied. */
  readonly routes?: Readonly<Record<string, Route>> | readonly unknown[];
}

/**
 * Returns a copy of a route table with its handlers timed under `pattern [VERB]`: functions, and
 * functions by method. Other values (responses, pages, files, `false`), which the server answers
 * without calling a handler, are copied unchanged.
 */
export function timedRoutes<R extends Readonly<Record<string, Route>>>(timer: RequestTimer, routes: R): R {
  const timed = Object.entries(routes).map(([pattern, route]) => [pattern, timedRoute(timer, pattern, route)]);
  return Object.fromEntries(timed);
}

function timedRoute(timer: RequestTimer, pattern: string, route: unknown): unknown {
  if (typeof route === "function") return timer.handler(route as FetchHandler, pattern);
  if (!isPlainObject(route)) return route;
  const byMethod = Object.entries(route).map(([method, handler]) => [
    method,
    typeof handler === "function" ? timer.handler(handler as FetchHandler, pattern) : handler,
  ]);
  return Object.fromEntries(byMethod);
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Returns a copy of a server object with timed `fetch` and `routes`. All other properties are the
 * same, and `fetch` is still called with the original as `this`.
 *
 * @throws {KymoError} `"invalid-argument"` if the server has neither `fetch` nor `routes`.
 */
export function timedServer<S extends TimedParts>(timer: RequestTimer, server: S): S {
  const { fetch, routes } = server;
  if (typeof fetch !== "function" && !isPlainObject(routes)) {
    throw new KymoError(
      "invalid-argument",
      `Cannot time the server: it has no function \`fetch\` and no \`routes\`: ${quote(server)}`,
    );
  }
  const timed = copyOf(server);
  const replace = (name: string, value: unknown): unknown =>
    Object.defineProperty(timed, name, { value, configurable: true, enumerable: true, writable: true });
  if (typeof fetch === "function") {
    const onOriginal = function (this: unknown, ...args: Parameters<FetchHandler>): unknown {
      return fetch.apply(this === timed ? server : this, args);
    };
    replace("fetch", timer.handler(onOriginal, honoPatterns(server)));
  }
  const { listen } = server as { readonly listen?: unknown };
  if (typeof listen === "function") {
    // Elysia's does not call `fetch`, and nobody would know why there are no samples.
    const told = function (this: unknown, ...args: unknown[]): unknown {
      timer.samples.reportOnce(
        "listen",
        "Cannot time the server: its `listen` does not call the timed `fetch`: give it to the runtime, or see the guide",
      );
      return listen.apply(this === timed ? server : this, args);
    };
    const property = Object.getOwnPropertyDescriptor(timed, "listen");
    Object.defineProperty(timed, "listen", {
      configurable: true,
      writable: true,
      enumerable: false,
      ...property,
      value: told,
    });
  }
  if (isPlainObject(routes)) {
    replace("routes", timedRoutes(timer, routes as Readonly<Record<string, Route>>));
  }
  return timed;
}

/**
 * Copies an object with its class and properties. Accessors use the original, since they may read
 * its private fields.
 */
function copyOf<S extends object>(original: S): S {
  const copy: S = Object.create(Object.getPrototypeOf(original));
  for (let owner: object | null = original; owner !== null && owner !== Object.prototype;) {
    for (const key of Reflect.ownKeys(owner) as (keyof S)[]) {
      if (Object.hasOwn(copy, key)) continue;
      const property = Object.getOwnPropertyDescriptor(owner, key)!;
      if ("value" in property) {
        if (owner === original) Object.defineProperty(copy, key, { ...property, configurable: true, writable: true });
        continue;
      }
      const get = (): unknown => original[key];
      const set = (value: S[keyof S]): void => void (original[key] = value);
      Object.defineProperty(copy, key, { get, set, enumerable: property.enumerable === true, configurable: true });
    }
    owner = Object.getPrototypeOf(owner);
  }
  return copy;
}
