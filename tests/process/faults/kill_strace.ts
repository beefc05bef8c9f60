import { readFileSync, writeFileSync } from "node:fs";
import { type TraceOptions, underStrace } from "./strace.ts";

/**
 * As {@linkcode underStrace}, but signals may be injected: of strace 6.1 they get lost where it watches by `--seccomp-bpf`, which is faster. A
 * call that comes with SIGKILL is not made.
 */
export function underStraceWithSignals(options: TraceOptions): string[] {
  const command = underStrace(options);
  const script = command.at(-1)!;
  writeFileSync(script, readFileSync(script, "utf8").replace(" --seccomp-bpf", ""));
  return command;
}
