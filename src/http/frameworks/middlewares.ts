/**
 * What frameworks are given so that they tell the routes of their requests. None of it answers a
 * request, changes one or throws. A name that a handler gives with `nameRequest` comes first.
 *
 * @module
 */

import { noteRoute } from "../request_sample.ts";

/** The used part of a context of Elysia. */
export interface ElysiaContext {
  /** The request that the server got. */
  readonly request: Request;
  /** Empty or missing if no route matches. */
  readonly route?: string;
}

/** Hook that tells the routes of an application of Elysia: `app.onTransform(elysiaRoutes)`, before the routes. */
export function elysiaRoutes({ request, route }: ElysiaContext): void {
  noteRoute(request, route);
}

/** The used part of an event of h3. */
export interface H3Event {
  /** The request that the server got. */
  readonly req: Request;
  /** What h3 knows of it. */
  readonly context: { readonly matchedRoute?: { readonly route?: string | undefined } | undefined };
}

/** Middleware that tells the routes of an application of h3: `app.use(h3Routes)`. */
export function h3Routes({ req, context }: H3Event): void {
  noteRoute(req, context.matchedRoute?.route);
}

/** The used part of a context of Oak. */
export interface OakContext {
  /** The request. */
  readonly request: {
    /** The request that the server got. */
    readonly source?: object | undefined;
    readonly method: string;
  };
  /** The routes and middlewares of the router that match the path. */
  readonly matched?: readonly RouterLayer[] | undefined;
}

/** A route of Oak or Koa, or a middleware, which has no methods. */
export interface RouterLayer {
  /** Its pattern. */
  readonly path: string | RegExp;
  /** Its methods. */
  readonly methods: readonly string[];
}

/** Middleware that tells the routes of a router of Oak: `router.use(oakRoutes)`, before its routes. */
export function oakRoutes({ request, matched }: OakContext, next: () => Promise<unknown>): Promise<unknown> {
  noteRoute(request.source, pathOf(matched, request.method));
  return next();
}

/** The used part of a context of Koa. */
export interface KoaContext {
  /** The request of `node:http`. */
  readonly req: object;
  /** The method of the request. */
  readonly method: string;
}

/** What `@koa/router` adds to a context. */
interface RoutedKoaContext extends KoaContext {
  readonly matched?: readonly RouterLayer[];
}

/**
 * Middleware that tells the routes of `@koa/router`: `app.use(koaRoutes)`, before its routers. The
 * router sets what has matched only when it is called, and a client may leave before it returns.
 */
export function koaRoutes(context: KoaContext, next: () => Promise<unknown>): Promise<unknown> {
  noteKoaRouteWhenSet(context);
  return next();
}

/** The used part of an application of Koa. */
interface Koa {
  /** Makes the context of a request. */
  createContext(...args: unknown[]): KoaContext;
}

/** Applications whose routes are noted. */
const applications = new WeakSet<object>();

/** Notes the routes of an object if it is an application of Koa. Does not throw. */
export function followKoa(candidate: object): void {
  try {
    const { createContext, callback, middleware } = candidate as Koa & Record<"callback" | "middleware", unknown>;
    if (typeof createContext !== "function" || typeof callback !== "function" || !Array.isArray(middleware)) return;
    if (applications.has(candidate)) return;
    applications.add(candidate);
    Reflect.defineProperty(candidate, "createContext", {
      configurable: true,
      writable: true,
      value(this: unknown, ...args: unknown[]): KoaContext {
        const context = createContext.apply(this, args);
        noteKoaRouteWhenSet(context);
        return context;
      },
    });
  } catch {
    // It is none.
  }
}

function noteKoaRouteWhenSet(context: KoaContext): void {
  let matchedRoute: unknown;
  Reflect.defineProperty(context, "_matchedRoute", {
    configurable: true,
    enumerable: true,
    get: () => matchedRoute,
    set(route: unknown) {
      matchedRoute = route;
      const { req, method, matched } = context as RoutedKoaContext;
      noteRoute(req, pathOf(matched, method));
    },
  });
}

/** The path of the last layer that is a route for this method: the router's own choice. */
function pathOf(layers: readonly RouterLayer[] | undefined, method: string): string | undefined {
  try {
    return layers?.findLast(({ methods }) => methods.includes(method))?.path.toString();
  } catch {
    return undefined; // the request is served all the same
  }
}
