import type { ProgramFacts } from "../../src/runtime.ts";
import { builtin, nodeProcess } from "../node_api/builtins.ts";
import { posixTimeZone } from "../posix/time_zone.ts";
import { timeZone } from "../web_api/time_zone.ts";
import { programFactsOf } from "../node_api/program_facts.ts";

/** What is known about the program on Bun. In a worker `argv[1]` is the worker's own file. */
export function bunProgramFacts(): ProgramFacts {
  const { argv, env } = nodeProcess() as unknown as {
    readonly argv: readonly string[];
    readonly env: Readonly<Record<string, string | undefined>>;
  };
  const { hostname } = builtin<{ hostname(): string }>("node:os");
  const { isMainThread } = builtin<{ isMainThread: boolean }>("node:worker_threads");
  const { readlinkSync } = builtin<{ readlinkSync(path: string): string }>("node:fs");
  return programFactsOf({
    isWorker: !isMainThread,
    entry: argv[1],
    host: hostname,
    timeZone: posixTimeZone(env["TZ"], readlinkSync) ?? timeZone(),
    variable: (name) => env[name],
  });
}
