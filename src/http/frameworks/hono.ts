/**
 * The routes of Hono: told by a middleware, or found by the application's own router if the server is
 * given the application itself.
 *
 * @module
 */

import { noteRoute } from "../request_sample.ts";

/** The used part of a context of Hono. */
export interface HonoContext {
  /** What Hono knows of the request. */
  readonly req: {
    /** The request that the server got. */
    readonly raw: Request;
    /** The place of the handler that was called last among all that match. */
    readonly routeIndex: number;
    /** All that match, middlewares too, in the order in which they are called. */
    readonly matchedRoutes: readonly HonoRoute[];
  };
}

/** A handler of Hono and what it is for. */
export interface HonoRoute {
  /** Its pattern. */
  readonly path: string;
  /** `"ALL"` for middlewares. */
  readonly method: string;
  /** The handler; middlewares take two parameters. */
  // deno-lint-ignore ban-types -- only its length is of interest
  readonly handler: Function;
}

/**
 * Middleware that tells the routes of an application of Hono: `app.use(honoRoutes)`, before the
 * routes.
 */
export async function honoRoutes(context: HonoContext, next: () => Promise<void>): Promise<void> {
  // What is called at the end is known only then; but the client may have left.
  noteHonoRoute(context, (routes) => routes.find(isHonoRoute));
  try {
    await next();
  } finally {
    noteHonoRoute(context, (routes, called) => routes.slice(0, called + 1).findLast(isHonoRoute));
  }
}

function noteHonoRoute(
  { req }: HonoContext,
  choose: (routes: readonly HonoRoute[], called: number) => HonoRoute | undefined,
): void {
  try {
    noteRoute(req.raw, choose(req.matchedRoutes, req.routeIndex)?.path);
  } catch {
    // The request is served all the same.
  }
}

/** Whether it is a route: middlewares are for all methods, and take two parameters. */
function isHonoRoute({ method, handler }: HonoRoute): boolean {
  return method !== "ALL" || handler.length < 2;
}

/** The used part of an application of Hono. */
interface Hono {
  readonly router: { match(method: string, path: string): readonly [matches: readonly HonoMatch[]] };
  getPath(request: Request): string;
}

/** Something that matches: a handler with its route, and parameters. */
type HonoMatch = readonly [handler: readonly [handle: unknown, route: HonoRoute]];

/**
 * What finds the routes of an application of Hono; `undefined` if it is none. Several may match: the
 * first that is no middleware is taken, as it is the one that answers unless it calls the next.
 */
export function honoPatterns(application: object): ((request: Request) => string | undefined) | undefined {
  const { router, getPath, routes } = application as Partial<Hono> & { readonly routes?: unknown };
  if (!Array.isArray(routes) || typeof getPath !== "function" || typeof router?.match !== "function") return undefined;
  return (request) => {
    try {
      const { method } = request;
      const [matches] = router.match(method === "HEAD" ? "GET" : method, getPath(request));
      for (const [[, route]] of matches) if (isHonoRoute(route)) return route.path;
    } catch {
      // The request is served all the same.
    }
    return undefined;
  };
}
