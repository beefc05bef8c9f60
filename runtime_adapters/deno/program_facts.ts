import type { ProgramFacts } from "../../src/runtime.ts";
import { nodeProcess } from "../node_api/builtins.ts";
import { programFactsOf } from "../node_api/program_facts.ts";
import { timeZone } from "../web_api/time_zone.ts";
import { isGranted } from "./permissions.ts";
import { inWorker } from "./signals.ts";

/** Why the host's name cannot be read; `undefined` if it can. */
export function hostDenied(): string | undefined {
  return isGranted({ name: "sys", kind: "hostname" }) ? undefined : "needs --allow-sys=hostname";
}

/** What is known about the program on Deno, within its permissions. Never prompts. */
export function denoProgramFacts(): ProgramFacts {
  return programFactsOf({
    isWorker: inWorker,
    entry: entry(),
    host: () => hostDenied() === undefined ? Deno.hostname() : undefined,
    timeZone: timeZone(),
  });
}

/**
 * Where the code of this isolate begins; no permission is needed for it. Web workers have no
 * `mainModule`, but a location, and those of `node:worker_threads` an `argv[1]` of their own.
 */
function entry(): string | undefined {
  if (!inWorker) return Deno.mainModule;
  const { location } = globalThis as { location?: { readonly href: string } };
  return location?.href ?? (nodeProcess() as unknown as { readonly argv: readonly string[] }).argv[1];
}
