import type { ProgramFacts } from "../../src/runtime.ts";
import { builtin, nodeProcess } from "./builtins.ts";
import { posixTimeZone } from "../posix/time_zone.ts";
import { timeZone } from "../web_api/time_zone.ts";
import { programFactsOf } from "./program_facts.ts";

/**
 * What `process` tells about the program, on Bun and Node. In a worker `argv[1]` is the worker's own
 * file.
 */
export function processFacts(): ProgramFacts {
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
  });
}
