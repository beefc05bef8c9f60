/**
 * Runs `kymo` once for each list of arguments in its own, which is JSON, one after the other: to start a
 * process for each takes longer than what most of them do. After each it writes a line with its exit code
 * to both outputs.
 */

import process from "node:process";
import { runCommandLine } from "../../../../src/cli/command_line.ts";
import { processContext } from "../../../../src/cli/process_context.ts";

const commands: readonly (readonly string[])[] = JSON.parse(process.argv[2] ?? "[]");
const context = processContext();
for (const args of commands) {
  const code = await runCommandLine(args, context);
  for (const output of [context.stdout, context.stderr]) output.write(`exit code ${code}\n`);
}
