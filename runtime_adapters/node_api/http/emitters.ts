import type { Replaceable } from "../../../src/runtime.ts";
import { type AnyFunction, mustReplaceFunction } from "../../web_api/replaced_function.ts";
import { builtin } from "../builtins.ts";

/**
 * Applications that emit events, as those of Koa do, which ask who listens to their errors when they
 * are about to serve. Streams ask that, too.
 */
export const emitters: Replaceable<(candidate: object) => void> = {
  name: "koa",
  replace(found) {
    const { EventEmitter } = builtin<{ EventEmitter: { readonly prototype: object } }>("node:events");
    return mustReplaceFunction(
      EventEmitter.prototype,
      "listenerCount",
      (listenerCount: AnyFunction) =>
        function (this: object, ...args: unknown[]): unknown {
          if (args[0] === "error") found(this);
          return listenerCount.apply(this, args);
        },
    );
  },
};
