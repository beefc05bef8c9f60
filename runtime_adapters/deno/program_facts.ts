import type { ProgramFacts } from "../../src/runtime.ts";
import { programFactsOf, SERVICE_NAME_VARIABLE } from "../node_api/program_facts.ts";
import { inWorker } from "./signals.ts";

/** What is known about the program on Deno, within its permissions. Never prompts. */
export function denoProgramFacts(): ProgramFacts {
  const granted = (permission: Deno.PermissionDescriptor): boolean =>
    Deno.permissions.querySync(permission).state === "granted";
  return programFactsOf({
    isWorker: inWorker,
    entry: granted({ name: "read" }) ? Deno.mainModule : undefined,
    host: granted({ name: "sys", kind: "hostname" }) ? Deno.hostname() : undefined,
    serviceName: granted({ name: "env", variable: SERVICE_NAME_VARIABLE })
      ? Deno.env.get(SERVICE_NAME_VARIABLE)
      : undefined,
  });
}
