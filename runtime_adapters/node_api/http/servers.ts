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
 * Calls a function once, before the first server gets a request. Returns a function that forgets it.
 *
 * @throws {Error} if nobody tells of servers.
 */
export type BeforeFirstServer = (seen: () => void) => () => void;

/**
 * Servers tell their listeners of requests by `emit`, which is called for nothing else but
 * connections. It is replaced when the program makes its first server: before, that would load
 * `node:net` and `node:http`, a third of what a preload adds to a start.
 */
export function nodeServers(beforeFirst: BeforeFirstServer): Replaceable<ServerTimer> {
  return {
    name: "node:http",
    replace({ listener }, onFailure) {
      const timed = listener(function (this: unknown, _request: unknown, _response: unknown, emit: AnyFunction, args) {
        return emit.apply(this, args);
      } as AnyFunction);
      const undo: (() => void)[] = [];
      const replaceNow = (): void => {
        for (const prototype of prototypes()) {
          undo.push(
            mustReplaceFunction(prototype, "emit", (emit) =>
              function (this: Server, ...args: unknown[]): unknown {
                const [event, request, response] = args;
                if (!EVENTS.includes(event) || this.listenerCount(event) === 0) return emit.apply(this, args);
                return timed.call(this, request, response, emit, args);
              }),
          );
        }
      };
      let forget: (() => void) | undefined;
      try {
        forget = beforeFirst(() => {
          try {
            replaceNow();
          } catch (error) {
            onFailure?.(error);
          }
        });
      } catch {
        replaceNow();
      }
      return () => {
        forget?.();
        for (const putBack of undo) putBack();
      };
    },
  };
}

/** What the servers inherit from: those of `node:net`, except on Bun those of `node:http`. */
function prototypes(): object[] {
  const { Server: { prototype: ofNet } } = builtin<ServerModule>("node:net");
  const { Server: { prototype: ofHttp } } = builtin<ServerModule>("node:http");
  return Object.prototype.isPrototypeOf.call(ofNet, ofHttp) ? [ofNet] : [ofNet, ofHttp];
}

/** On Deno and Node: all emitters are made by one function, and servers are emitters that can listen. */
export const beforeFirstEmittingServer: BeforeFirstServer = (seen) => {
  const { EventEmitter } = builtin<{ EventEmitter: object }>("node:events");
  const putBack = mustReplaceFunction(
    EventEmitter,
    "init",
    (init) =>
      function (this: object, ...args: unknown[]): unknown {
        if (canListen(this)) {
          putBack();
          seen();
        }
        return init.apply(this, args);
      },
  );
  return putBack;
};

/** Whether this may be a server. */
export function canListen(candidate: unknown): boolean {
  return typeof (candidate as { readonly listen?: unknown } | null | undefined)?.listen === "function";
}
