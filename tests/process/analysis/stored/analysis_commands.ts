import { assert, assertEquals } from "@std/assert";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runCommandLine } from "../../../../src/cli/command_line.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { fakeCliContext } from "../../../support/fake/cli_context.ts";
import { commandOf, type Ended, spawnCommand, spawnOn, thisRuntime } from "../../../support/process/run.ts";

const entry = fileURLToPath(new URL("../../../../src/cli/main.ts", import.meta.url));
const awkward = fileURLToPath(new URL("../../../support/programs/awkward_recorder.ts", import.meta.url));
const program = fileURLToPath(new URL("./fixtures/analysed_program.ts", import.meta.url));

/** Every kind of quantile: at a rank, between two, and the ends. */
export const QUANTILES: readonly string[] = ["--quantiles", "0,p25,p50,p90,p99,p99.9,1"];

/** Runs a command in this process, which takes a tenth of the time. */
export async function kymo(args: readonly string[]): Promise<Pick<Ended, "code" | "stdout" | "stderr">> {
  const context = fakeCliContext({
    runtime: defaultRuntime(),
    look: (path) => !existsSync(path) ? "nothing" : statSync(path).isDirectory() ? "directory" : "something else",
    writeFile: (path, text) => writeFileSync(path, text),
  });
  const code = await runCommandLine(args, context);
  return { code, stdout: context.stdout.text, stderr: context.stderr.text };
}

/** What a command says with `--json`. */
export async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await kymo([...args, "--json"]);
  assertEquals([code, stderr], [0, ""], args.join(" "));
  return JSON.parse(stdout);
}

/** What a summary says but for where it is of. */
export async function summary(...args: string[]): Promise<unknown> {
  const { sources: _, files: __, spools: ___, databases: ____, ...rest } = await json("summary", ...args, ...QUANTILES);
  return rest;
}

/** Records in a directory: two lives of a program with a worker, one of another that is killed, and awkward rows. */
export async function recordPrograms(directory: string, layout: "segments" | "append"): Promise<void> {
  const options = { monitoringDir: directory, layout, withRuntime: true, samplingInterval: 20 };
  const run = (name: string, end: string): Promise<Ended> =>
    spawnOn(thisRuntime, program, [JSON.stringify({ ...options, name }), end]).ended;
  await Promise.all([run("orders", "stop"), run("billing", "kill")]);
  await Promise.all([run("orders", "stop"), recordAwkward(directory, { layout, name: "awkward" }, 7)]);
}

/** Records rows that are hard to copy, `count` of each kind. */
export async function recordAwkward(directory: string, options: object, count: number): Promise<void> {
  await spawnOn(thisRuntime, awkward, [JSON.stringify({ monitoringDir: directory, ...options }), String(count)]).ended;
}

/** Ships what is in a directory, which stays there. */
export async function ship(directory: string, ...stores: readonly string[]): Promise<void> {
  const args = ["ship", directory, ...stores.flatMap((store) => ["--to", store]), "--keep", "forever"];
  const { code, stderr } = await spawnCommand(commandOf(thisRuntime, entry, args)).ended;
  assertEquals([code, stderr], [0, ""]);
}

/** Asserts that two values are equal but for the last digits of sums, which depend on the order of rows. */
export function assertAlike(actual: unknown, expected: unknown, path = ""): void {
  if (typeof actual === "number" && typeof expected === "number" && /\b(sum|mean|total|rate|growth)\b/.test(path)) {
    const isClose = Math.abs(actual - expected) <= 1e-12 * Math.abs(expected);
    return void assert(isClose, `${path}: ${actual}, not ${expected}`);
  }
  const isNested = typeof actual === "object" && actual !== null && typeof expected === "object" && expected !== null;
  if (!isNested) return void assertEquals(actual, expected, path);
  assertEquals(Object.keys(actual).sort(), Object.keys(expected).sort(), path);
  for (const [key, value] of Object.entries(actual)) {
    assertAlike(value, (expected as Record<string, unknown>)[key], `${path}/${key}`);
  }
}
