import { detect } from "../../runtime_adapters/detect.ts";

/**
 * A goal for each configuration: most of the time of a sample is that of the clock, which differs
 * between them.
 */
export interface GoalByConfiguration {
  /** Deno with `--allow-ffi`. */
  readonly deno: number;
  /** Deno without. */
  readonly withoutFfi: number;
  readonly bun: number;
}

/** The goal of the current configuration. */
export function goalHere({ deno, withoutFfi, bun }: GoalByConfiguration): number {
  const runtime = detect(globalThis);
  if (runtime.name === "bun") return bun;
  return runtime.clock.name === "clock_gettime" ? deno : withoutFfi;
}
