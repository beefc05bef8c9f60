/**
 * Runs `kymo` once for each list of arguments in its own, which is JSON, one after the other: to start a
 * process for each takes longer than what most of them do. After each it writes a line with its exit code
 * to both outputs.
 */

import process from "node:process";

const commands: readonly (readonly string[])[] = JSON.parse(process.argv[2] ?? "[]");
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);
for (const [i, args] of commands.entries()) {
  process.argv.splice(2, Infinity, ...args);
  process.exitCode = 0;
  const entry = new URL(`../../../src/cli/main.ts?run=${i}`, import.meta.url).href;
  await import(entry);
  for (const stream of [process.stdout, process.stderr]) stream.write(`exit code ${process.exitCode}\n`);
}
process.exitCode = 0;
