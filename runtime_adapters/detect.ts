import type { Runtime } from "../src/runtime.ts";
import { bunRuntime } from "./bun/runtime.ts";
import { denoRuntime } from "./deno/runtime.ts";

/** A runtime with an adapter. */
export type RuntimeName = "deno" | "bun";

/** The runtime that has these globals; `undefined` if there is no adapter for it. */
export function runtimeName(globals: object): RuntimeName | undefined {
  if ("Deno" in globals) return "deno";
  if ("Bun" in globals) return "bun";
  return undefined;
}

const adapters = new WeakMap<object, Runtime>();

/**
 * The adapter for the runtime that has these globals: the same one for the same globals.
 *
 * @throws {Error} if the runtime is neither Deno nor Bun.
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
    default: {
      const { navigator } = globals as { navigator?: { userAgent?: string } };
      throw new Error(`Cannot record: ${navigator?.userAgent ?? "unknown runtime"}: only Deno and Bun are supported`);
    }
  }
}
