import { KymoError, quote } from "../errors.ts";
import type { FetchHandler, RequestTimer, Route } from "./request_timer.ts";

/** What is timed of a server: an object for `Bun.serve`, `deno serve` and the like. */
export interface TimedParts {
  /** Handles all requests, or those without a route. */
  readonly fetch?: FetchHandler;
  /** What answers the requests for a pattern. */
  readonly routes?: Readonly<Record<string, Route>>;
}

/**
 * A table of routes like the one given, whose handlers are timed under `pattern [VERB]`: functions, and functions by method. All
 * else (responses, pages, files, `false`) the server answers without calling anybody, and it stays as it is.
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
 * A server like the one given, whose `fetch` and `routes` are timed. What else it has is the same, and its `fetch` still finds
 * itself in `this`.
 *
 * @throws {KymoError} if there is no `fetch` and no `routes` to time.
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
    const itself = function (this: unknown, ...args: Parameters<FetchHandler>): unknown {
      return fetch.apply(this === timed ? server : this, args);
    };
    replace("fetch", timer.handler(itself));
  }
  if (isPlainObject(routes)) replace("routes", timedRoutes(timer, routes));
  return timed;
}

/** An object of the same class with the same properties. Accessors are asked of the original, whose private fields they may read. */
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
