import type { Replaceable, ServerTimer } from "../../src/runtime.ts";
import { builtin } from "../node_api/builtins.ts";
import { isAtLeast } from "../version.ts";
import { beforeFirstEmittingServer, nodeServers } from "../node_api/http/servers.ts";
import {
  type AnyFunction,
  type Arguments,
  looksLike,
  mustReplaceFunction,
  replaceClass,
} from "../web_api/replaced_function.ts";

/** What makes servers on Deno. `deno serve` calls it, too. */
export const denoServers: readonly Replaceable<ServerTimer>[] = [
  { name: "Deno.serve", replace: replaceServe },
  nodeServers(beforeFirstEmittingServer),
];

function replaceServe(timer: ServerTimer): () => void {
  const timed = (serve: AnyFunction): AnyFunction =>
    function (this: unknown, ...args: unknown[]): unknown {
      return serve.apply(this, timedArguments(timer, args));
    };
  const before = Object.getOwnPropertyDescriptor(Deno, "serve");
  const { get } = before ?? {};
  if (before === undefined || get === undefined) return mustReplaceFunction(Deno, "serve", timed);
  // Since Deno 2.8 the first look at it loads the server, which takes 7 ms.
  let made: { readonly original: unknown; readonly replacement: AnyFunction } | undefined;
  const replacement = (): AnyFunction => {
    const original = get.call(Deno) as AnyFunction;
    if (made?.original !== original) made = { original, replacement: looksLike(original, timed(original)) };
    return made.replacement;
  };
  if (!Reflect.defineProperty(Deno, "serve", { ...before, get: replacement })) throw new Error("serve is read-only");
  return () => {
    if (Object.getOwnPropertyDescriptor(Deno, "serve")?.get !== replacement) return;
    Reflect.defineProperty(Deno, "serve", before);
  };
}

/**
 * The arguments of `Deno.serve` with a timed handler: the handler alone, options and the handler, or
 * options that have it. In the last case they are passed on as they are, and the handler beside
 * them, which comes first.
 */
function timedArguments({ handler }: ServerTimer, args: unknown[]): unknown[] {
  const [first, second, ...rest] = args;
  if (typeof first === "function") return [handler(first), second, ...rest];
  if (typeof second === "function") return [first, handler(second), ...rest];
  const own = (first as { readonly handler?: unknown } | null | undefined)?.handler;
  return typeof own === "function" ? [first, handler(own), ...rest] : args;
}

/** The version of Deno whose `node:module` can replace what modules export by name. */
const EXPORTS_SINCE = "2.8";

/** What makes workers on Deno. */
export const denoWorkers: readonly Replaceable<string>[] = [
  { name: "Worker", replace: (url) => replaceClass(globalThis, "Worker", (args) => withPreload(args, url, isModule)) },
  {
    name: "node:worker_threads",
    replace(url) {
      const undo = replaceClass(builtin("node:worker_threads"), "Worker", (args) => withPreload(args, url, isFile));
      if (!isAtLeast(Deno.version.deno, EXPORTS_SINCE)) {
        throw new Error(`where its Worker is imported by name: needs Deno ${EXPORTS_SINCE}`);
      }
      builtin<{ syncBuiltinESMExports(): void }>("node:module").syncBuiltinESMExports();
      return undo;
    },
  },
];

/** The used options of workers. */
interface WorkerOptions {
  readonly type?: string;
  readonly eval?: boolean;
  readonly deno?: unknown;
}

const isModule = ({ type, deno }: WorkerOptions): boolean => type === "module" && deno === undefined;
const isFile = (options: WorkerOptions): boolean => options.eval !== true;

/**
 * What a worker's module can see of a module that loads another one first: it is not `main`, and the
 * location and the arguments are others.
 */
const SEES = /\bimport\.meta\.main\b|\brequire\.main\b|\blocation\b|\bargv\b/;

/**
 * Arguments for a worker that loads a module first: Deno has no option for that, so a module that
 * imports both takes the place of the worker's own. Only where nobody notices: the worker must be a
 * file that does not ask for what differs. Others stay as they are.
 */
function withPreload(args: Arguments, url: string, suits: (options: WorkerOptions) => boolean): Arguments {
  const [specifier, options, ...rest] = args;
  if (!suits((options ?? {}) as WorkerOptions) || Deno.build.standalone) return args;
  const file = suits === isFile ? fileUrl(specifier) : String(specifier);
  if (!file.startsWith("file:")) return args;
  const path = new URL(file);
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return args;
  if (SEES.test(Deno.readTextFileSync(path))) return args;
  const both = [url, path.href].map((module) => `import ${JSON.stringify(module)};`).join("");
  return [new URL(`data:text/javascript,${encodeURIComponent(both)}`), options, ...rest];
}

/** The URL of the file of a worker of `node:worker_threads`: texts are paths. */
function fileUrl(specifier: unknown): string {
  if (typeof specifier !== "string") return String(specifier);
  const { resolve } = builtin<{ resolve(path: string): string }>("node:path");
  return builtin<{ pathToFileURL(path: string): URL }>("node:url").pathToFileURL(resolve(specifier)).href;
}
