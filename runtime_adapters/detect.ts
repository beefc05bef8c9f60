import type { Runtime } from "../src/runtime.ts";
import { bunRuntime } from "./bun/runtime.ts";
import { denoRuntime } from "./deno/runtime.ts";
import { nodeRuntime } from "./node/runtime.ts";

export { giveOwnFrame } from "./bun/own_frame.ts";
export { sharedInIsolate, sharedInOtherVersions, type SharingOptions } from "./web_api/shared_state.ts";
export { diagnostics } from "./node_api/http/diagnostics.ts";
export { timers } from "./web_api/timers.ts";

/** A runtime with an adapter. */
export type RuntimeName = "deno" | "bun" | "node";

/** The oldest version of Node with an adapter: it came with `process.getBuiltinModule`. */
const OLDEST_NODE = "22.3";

/** The globals by which runtimes are told apart. */
interface Globals {
  readonly process?: {
    readonly versions?: { readonly node?: string };
    readonly release?: { readonly name?: string };
    readonly getBuiltinModule?: unknown;
  };
  readonly navigator?: { readonly userAgent?: string };
}

/** The runtime that has these globals; `undefined` if there is no adapter for it. */
export function runtimeName(globals: object): RuntimeName | undefined {
  // Deno and Bun have the `process` of Node too.
  if ("Deno" in globals) return "deno";
  if ("Bun" in globals) return "bun";
  return isNode(globals) ? "node" : undefined;
}

/**
 * Whether it is Node, in which a test may have put the `navigator` of a browser. Bundlers give
 * browsers a `process` without versions, and Cloudflare's Workers have one of Node without its
 * threads and files.
 */
function isNode({ process, navigator }: Globals): boolean {
  return process?.release?.name === "node" && process.versions?.node !== undefined &&
    navigator?.userAgent !== "Cloudflare-Workers";
}

const adapters = new WeakMap<object, Runtime>();

/**
 * The adapter for the runtime that has these globals: the same one for the same globals.
 *
 * @throws {Error} if there is none, with what the runtime lacks.
 */
export function detect(globals: object): Runtime {
  const known = adapters.get(globals);
  if (known !== undefined) return known;
  const adapter = makeAdapter(globals);
  adapters.set(globals, adapter);
  return adapter;
}

function makeAdapter(globals: object): Runtime {
  switch (runtimeName(globals)) {
    case "deno":
      return denoRuntime();
    case "bun":
      return bunRuntime();
    case "node": {
      const { versions: { node = "" } = {}, getBuiltinModule } = (globals as Globals).process ?? {};
      // Node 20 got the function too, late.
      if (parseInt(node) < 22 || getBuiltinModule === undefined) throw unsupported(`Node ${node}`);
      return nodeRuntime();
    }
    default:
      throw unsupported((globals as Globals).navigator?.userAgent ?? "unknown runtime");
  }
}

function unsupported(runtime: string): Error {
  const needed =
    `Deno, Bun and Node from ${OLDEST_NODE} on have the files, the process and the exit hooks that it needs`;
  return new Error(`Cannot run Kymo: ${runtime}: only ${needed}`);
}
