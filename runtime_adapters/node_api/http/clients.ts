/**
 * The requests of `node:http` and `node:https`, whoever makes them.
 *
 * @module
 */

import type { ClientTimer, Replaceable } from "../../../src/runtime.ts";
import { type AnyFunction, mustReplaceFunction } from "../../web_api/replaced_function.ts";
import { builtin } from "../builtins.ts";

/** The methods that send a request, or a part of it. */
const SENDING = ["write", "end", "flushHeaders"] as const;

/** All requests are of one class, so that it does not matter how a program imports what makes them. */
export const nodeClients: Replaceable<ClientTimer> = {
  name: "node:http requests",
  replace({ requests }) {
    const { ClientRequest: { prototype } } = builtin<{ ClientRequest: { readonly prototype: object } }>("node:http");
    const before = (name: string, tell: (request: object, args: unknown[]) => void): () => void =>
      mustReplaceFunction(
        prototype,
        name,
        (original: AnyFunction) =>
          function (this: object, ...args: unknown[]): unknown {
            tell(this, args);
            return original.apply(this, args);
          },
      );
    const undo = [
      ...SENDING.map((name) => before(name, (request) => requests.sent(request))),
      before("destroy", (request) => requests.destroyed(request)),
      before("emit", (request, [event, argument]) => requests.emitted(request, event, argument)),
    ];
    return () => undo.forEach((putBack) => putBack());
  },
};
