/**
 * The demo: a small service on Deno and on Bun, recorded under load into one directory, then a
 * summary of the files and a report.
 *
 * @module
 */

import { ensureDir } from "@std/fs";
import { mkdtemp, rmdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { kymo } from "./command_line.ts";
import { checkCompleteness } from "./completeness.ts";
import { aborted, Interruption } from "./interruption.ts";
import { loadServers } from "./load.ts";
import { nextSteps, processLines } from "./next_steps.ts";
import { type DemoOptions, HELP, OptionError, readOptions } from "./options.ts";
import { Server } from "./servers.ts";
import { bold, green, red } from "./style.ts";

process.exit(await main());

/** Runs the demo and returns its exit code. */
async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2), new Date());
    if (options === undefined) {
      console.log(HELP);
      return 0;
    }
    await prepareDirectory(options.dir);
    return await demonstrate(options);
  } catch (error) {
    console.error(`Cannot run the demo: ${(error as Error).message}`);
    return error instanceof OptionError ? 2 : 1;
  }
}

/** Checks now that files can be created in the directory, before the servers try. */
async function prepareDirectory(path: string): Promise<void> {
  try {
    await ensureDir(path);
    await rmdir(await mkdtemp(join(path, ".probe-")));
  } catch (error) {
    throw new OptionError(`--dir cannot be written: "${path}": ${(error as Error).message}`);
  }
}

async function demonstrate(options: DemoOptions): Promise<number> {
  const interruption = new Interruption();
  const servers: Server[] = [];
  let recorded = false;
  try {
    for (const runtime of options.runtimes) servers.push(await Server.start(runtime, options.dir));
    recorded = await record(servers, options, interruption.signal);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
  const complete = recorded && await tellWhatTheFilesTell(servers, options.dir);
  const failures = servers.flatMap(({ failure }) => failure ?? []);
  for (const failure of failures) console.error(`\n${red(failure)}`);
  return interruption.exitCode ?? (complete && failures.length === 0 ? 0 : 1);
}

/**
 * Loads the servers until the time is over, the user interrupts, or one of them exits. Returns
 * whether there was any load.
 */
async function record(servers: readonly Server[], options: DemoOptions, interrupted: AbortSignal): Promise<boolean> {
  const stop = AbortSignal.any([interrupted, ...servers.map(({ gone }) => gone)]);
  const processes = await Promise.race([Promise.all(servers.map(({ ready }) => ready)), aborted(stop)]);
  if (processes === undefined) return false;

  section("Recording a small HTTP service");
  for (const { runtime, pid, url } of processes) console.log(`  ${runtime.padEnd(11)} ${url}, PID ${pid}`);
  console.log(`  directory   ${options.dir}`);
  await loadServers(processes.map(({ url }) => url), options, stop);
  return true;
}

/** Prints a summary of the files, and writes a report. Returns whether the files are complete. */
async function tellWhatTheFilesTell(servers: readonly Server[], directory: string): Promise<boolean> {
  const processes = servers.flatMap(({ process }) => process ?? []);
  if (processes.length === 0) return false;
  const report = join(directory, "report.html");
  await kymo("summary", [directory, "--by-process"]);
  await kymo("report", [directory, "--output", report, "--force"]);
  const { ok, text } = await checkCompleteness(directory, servers);
  section("What was recorded", processLines(servers), `\n  ${ok ? green(text) : red(text)}`);
  section("What to do next", nextSteps(directory, report));
  return ok;
}

function section(title: string, ...parts: readonly string[]): void {
  console.log(`\n${bold(title)}\n`);
  for (const part of parts) console.log(part);
}
