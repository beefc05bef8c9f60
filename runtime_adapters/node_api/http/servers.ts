/**
 * The servers of `node:http`, `node:https` and `node:http2`, whoever makes them: Express, Fastify and
 * Koa do.
 *
 * @module
 */

import type { Replaceable, ServerTimer } from "../../../src/runtime.ts";
import { type AnyFunction, mustReplaceFunction } from "../../web_api/replaced_function.ts";
import { builtin } from "../builtins.ts";

/** Events of a server whose listeners get a request, and answer it. */
const EVENTS: readonly unknown[] = ["request", "checkContinue", "checkExpectation", "upgrade"];

/** The used part of a module with servers. */
interface ServerModule {
  readonly Server: { readonly prototype: object };
}

/** The used part of a server. */
interface Server {
  listenerCount(event: unknown): number;
}

/**
 * Servers tell their listeners of requests by `emit`, which is called for nothing else but
 * connections.
 */
export const nodeServers: Replaceable<ServerTimer> = {
  name: "node:http",
  replace({ listener }) {
    const timed = listener(function (this: unknown, _request: unknown, _response: unknown, emit: AnyFunction, args) {
      return emit.apply(this, args);
    } as AnyFunction);
    const undo = prototypes().map((prototype) =>
      mustReplaceFunction(prototype, "emit", (emit) =>
        function (this: Server, ...args: unknown[]): unknown {
          const [event, request, response] = args;
          if (!EVENTS.includes(event) || this.listenerCount(event) === 0) return emit.apply(this, args);
          return timed.call(this, request, response, emit, args);
        })
    );
    return () => undo.forEach((putBack) => putBack());
  },
};

/** What the servers inherit from: those of `node:net`, except on Bun those of `node:http`. */
function prototypes(): object[] {
  const { Server: { prototype: ofNet } } = builtin<ServerModule>("node:net");
  const { Server: { prototype: ofHttp } } = builtin<ServerModule>("node:http");
  return Object.prototype.isPrototypeOf.call(ofNet, ofHttp) ? [ofNet] : [ofNet, ofHttp];
}
