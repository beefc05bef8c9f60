/**
 * The routes of Express, and of other frameworks that use its router.
 *
 * The router sets `request.route` when it has found a route, and says in `request.baseUrl` where the
 * router of that route is mounted. When an error leaves a mounted router, `baseUrl` is set back, so
 * that the route must be noted when it is set, and not when the response has ended.
 *
 * @module
 */

import { foldIds } from "../paths.ts";
import { noteRoute } from "../request_sample.ts";

/** The used part of a request, when its route is set. */
interface RoutedRequest {
  /** Where the router is mounted, as the client sent it: `/users/17`. */
  readonly baseUrl?: unknown;
  /** The parameters of the place where it is mounted: `{ user: "17" }`. */
  readonly params?: unknown;
}

/** The prototype that was looked at last. */
let known: unknown;

/** All prototypes that were looked at. */
const prototypes = new WeakSet<object>();

/**
 * Notes the route of this request, and of all others of its class, when a router sets it. Looks at
 * each class once: then a request costs one comparison.
 */
export function noteRouteWhenSet(request: object): void {
  const prototype: object | null = Object.getPrototypeOf(request);
  if (prototype === known) return;
  known = prototype;
  // A request that is a plain object is none of `node:http`.
  if (prototype === null || Object.getPrototypeOf(prototype) === null || prototypes.has(prototype)) return;
  prototypes.add(prototype);
  if ("route" in prototype) return;
  Reflect.defineProperty(prototype, "route", {
    configurable: true,
    get: () => undefined,
    set(this: RoutedRequest, route: unknown) {
      let current = route;
      let mount = this.baseUrl;
      const note = (): void => noteRoute(this, routeOf(this, current));
      Reflect.defineProperty(this, "route", {
        configurable: true,
        enumerable: true,
        get: () => current,
        set: (later: unknown) => {
          // Set again when it is called, when the parameters are no longer those of the mount.
          if (later === current && this.baseUrl === mount) return;
          current = later;
          mount = this.baseUrl;
          note();
        },
      });
      note();
    },
  });
}

/** The pattern of a route with that of the place where its router is mounted. */
function routeOf({ baseUrl, params }: RoutedRequest, route: unknown): string | undefined {
  try {
    const path = pathOf((route as { readonly path?: unknown } | null | undefined)?.path);
    if (path === undefined || typeof baseUrl !== "string") return undefined;
    if (baseUrl === "") return path;
    const mount = mountOf(baseUrl, params);
    return path === "/" ? mount : mount + path;
  } catch {
    return undefined; // the request is served all the same
  }
}

/** The path of a route, which may be a text, an expression, or a list of them. */
function pathOf(path: unknown): string | undefined {
  if (typeof path === "string") return path;
  if (path instanceof RegExp) return String(path);
  return Array.isArray(path) ? path.map(pathOf).join("|") : undefined;
}

/** Where a router is mounted, with the names of the parameters in place of their values. */
function mountOf(baseUrl: string, params: unknown): string {
  const names = new Map(Object.entries(params ?? {}).map(([name, value]) => [value, name]));
  const segments = baseUrl.split("/").reverse().map((segment) => {
    const value = decoded(segment);
    const name = names.get(value);
    if (name === undefined) return segment;
    names.delete(value);
    return `:${name}`;
  });
  // The parameters of places further out may not be known.
  return foldIds(segments.reverse().join("/"));
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
