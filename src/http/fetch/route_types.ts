/**
 * The types of handlers in a table of routes, by the pattern of their route.
 *
 * @module
 */

/** The names of the parameters of a pattern: `"id"` of `"/orders/:id"`. */
export type ParametersOf<P extends string> = P extends `${infer First}/${infer Rest}`
  ? ParametersOf<First> | ParametersOf<Rest>
  : P extends `:${infer Name}` ? Name
  : never;

/** A request whose path matches the pattern `P`. */
export type RoutedRequest<P> = Request & {
  /** The parts of the path, by the names of the parameters of the pattern. */
  readonly params: { readonly [Name in P extends string ? ParametersOf<P> : never]: string };
};

/** What a handler may return: nothing after an upgrade to a websocket. */
export type MaybeResponse = Response | undefined | void;

/** A handler of the pattern `P`. */
export type RouteHandler<P> = {
  // deno-lint-ignore no-explicit-any -- `this` and the server differ between servers
  handle(this: any, request: RoutedRequest<P>, server: any): MaybeResponse | Promise<MaybeResponse>;
}["handle"];

/**
 * What a table of routes has for the pattern `P`: a handler, handlers by method, or something that
 * the server answers by itself.
 */
export type RouteOf<P> = RouteHandler<P> | { readonly [method: string]: RouteHandler<P> | object } | object | false;
