import type { Replaceable, ServerTimer } from "../../src/runtime.ts";
import { builtin } from "../node_api/builtins.ts";
import { type BeforeFirstServer, canListen, nodeServers } from "../node_api/http/servers.ts";
import { type Arguments, mustReplaceFunction, replaceClass, replaceFunction } from "../web_api/replaced_function.ts";

/** What makes servers on Bun. `export default` and `import { serve } from "bun"` call it, too. */
export function bunServers(bun: object): readonly Replaceable<ServerTimer>[] {
  return [
    { name: "Bun.serve", replace: (timer) => replaceServe(bun, timer) },
    nodeServers((seen) => beforeFirstOfNode(bun, seen)),
  ];
}

function replaceServe(bun: object, timer: ServerTimer): () => void {
  const reloading = new Set<object>();
  const undo: (() => void)[] = [];
  const replaceReload = (server: object): void => {
    const prototype = Object.getPrototypeOf(server);
    if (reloading.has(prototype)) return;
    reloading.add(prototype);
    undo.push(
      replaceFunction(
        prototype,
        "reload",
        (reload) =>
          function (this: unknown, options: unknown, ...rest: unknown[]): unknown {
            return reload.call(this, timer.server(options), ...rest);
          },
      ),
    );
  };
  undo.push(
    mustReplaceFunction(
      bun,
      "serve",
      (serve) =>
        function (this: unknown, options: unknown, ...rest: unknown[]): unknown {
          const timed = isOfNodeHttp(options) ? options : timer.server(options);
          if (timed === options) return serve.call(this, options, ...rest);
          let server: unknown;
          try {
            server = serve.call(this, timed, ...rest);
          } catch {
            // Be it that the port is taken, or that Bun does not like the copy: the program gets what it
            // would get without it.
            return serve.call(this, options, ...rest);
          }
          replaceReload(server as object);
          return server;
        },
    ),
  );
  return () => undo.forEach((putBack) => putBack());
}

/** Whether these are the options with which Bun's own `node:http` makes a server. */
function isOfNodeHttp(options: unknown): boolean {
  return typeof options === "object" && options !== null && "onNodeHTTPRequest" in options;
}

/** Servers of `node:http` call `Bun.serve`, those of `node:net` and `node:http2` `Bun.listen` with themselves. */
function beforeFirstOfNode(bun: object, seen: () => void): ReturnType<BeforeFirstServer> {
  const undo: (() => void)[] = [];
  const putBack = (): void => undo.forEach((step) => step());
  const seenIn = (name: string, isOfNode: (options: unknown) => boolean): void => {
    undo.push(mustReplaceFunction(bun, name, (make) =>
      function (this: unknown, ...args: unknown[]): unknown {
        if (isOfNode(args[0])) {
          putBack();
          seen();
        }
        return make.apply(this, args);
      }));
  };
  try {
    seenIn("serve", isOfNodeHttp);
    seenIn("listen", (options) => canListen((options as { readonly data?: unknown } | null | undefined)?.data));
    return putBack;
  } catch (error) {
    putBack();
    throw error;
  }
}

/** What makes workers on Bun. Both take modules to load first, which is in the documents of neither. */
export const bunWorkers: readonly Replaceable<string>[] = [
  { name: "Worker", replace: (url) => replaceClass(globalThis, "Worker", (args) => withPreload(args, url)) },
  {
    name: "node:worker_threads",
    replace: (url) => replaceClass(builtin("node:worker_threads"), "Worker", (args) => withPreload(args, url)),
  },
];

function withPreload([file, options, ...rest]: Arguments, url: string): Arguments {
  const given = (options ?? {}) as { readonly preload?: string | readonly string[]; readonly eval?: unknown };
  // Programs in a text are helpers, such as Kymo's own.
  if (given.eval === true) return [file, options, ...rest];
  const preload = given.preload ?? [];
  return [file, { ...given, preload: [url, ...Array.isArray(preload) ? preload : [preload]] }, ...rest];
}
