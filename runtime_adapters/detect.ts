import type { Runtime } from "../src/runtime.ts";
import { bunRuntime } from "./bun/runtime.ts";
import { denoRuntime } from "./deno/runtime.ts";

/** The runtimes there is an adapter for. */
export type RuntimeName = "deno" | "bun";

/** Which runtime has these globals; `undefined` if it is another one. */
export function runtimeName(globals: object): RuntimeName | undefined {
  if ("Deno" in globals) return "deno";
  if ("Bun" in globals) return "bun";
  return undefined;
}

let detected: Runtime | undefined;

/**
 * The adapter of this isolate, made with the first call.
 *
 * @throws {Error} on another runtime than Deno and Bun.
 */
export function detect(globals: object): Runtime {
  return detected ??= make(globals);
}

function make(globals: object): Runtime {
  switch (runtimeName(globals)) {
    case "deno":
      return denoRuntime();
    case "bun":
      return bunRuntime();
    default: {
      const { navigator } = globals as { navigator?: { userAgent?: string } };
      throw new Error(`Cannot record: not on Deno or Bun: ${navigator?.userAgent ?? "unknown runtime"}`);
    }
  }
}
