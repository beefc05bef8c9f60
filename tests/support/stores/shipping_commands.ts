import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { defaultRuntime } from "../../../src/default_runtime.ts";
import { SCHEMES, targetConnector } from "../../../src/ship/targets/connect_target.ts";
import type { Target } from "../../../src/ship/targets/target.ts";
import { parseTarget } from "../../../src/ship/targets/target_address.ts";
import { atCallOfThread, readTrace } from "../faults/strace.ts";
import { commandOf, type Ended, spawnCommand, type Spawned, spawnOn, thisRuntime } from "../process/run.ts";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const recorder = fileURLToPath(new URL("../programs/awkward_recorder.ts", import.meta.url));

/** Rows that {@linkcode record} leaves for each of its counts: 10 labels, 10 values, and one more. */
export const ROWS_EACH = 21;

/** The command that ships. */
export function shipCommand(...args: string[]): string[] {
  return commandOf(thisRuntime, entry, ["ship", ...args]);
}

/** Starts `kymo ship`. */
export function startShipping(...args: string[]): Spawned {
  return spawnCommand(shipCommand(...args));
}

/** Runs `kymo ship DIR --to STORE --json`. */
export function ship(directory: string, store: string, ...args: string[]): Promise<Ended> {
  return startShipping(directory, "--to", store, "--json", ...args).ended;
}

/** What the only lane of a `--json` says. */
// deno-lint-ignore no-explicit-any -- it is compared with what is expected
export function laneOf({ stdout }: Ended): any {
  return JSON.parse(stdout).lanes[0];
}

/** Records rows that are hard to copy, in a program of its own. */
export async function record(directory: string, options: object, count: number, end = "stop"): Promise<void> {
  const given = JSON.stringify({ monitoringDir: directory, name: "orders", ...options });
  await spawnOn(thisRuntime, recorder, [given, String(count), end]).ended;
}

/** The names of the CSV files in a directory. */
export function csvFiles(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.endsWith(".csv") && !name.startsWith(".")).sort();
}

/** A store, which is not connected yet. Disposing disconnects. */
export async function targetOf(store: string): Promise<Target & AsyncDisposable> {
  const runtime = defaultRuntime();
  const address = await parseTarget(store, { schemes: SCHEMES, resolve: (path) => path });
  const target = (await targetConnector(runtime, address, {}))();
  return Object.assign(target, { [Symbol.asyncDispose]: () => target.close() });
}

/** Waits until something holds, up to a minute. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) if (await holds()) return;
  throw new Error(`it does not hold: ${holds}`);
}

/** Faults that kill a traced program at the first of some system calls, whichever the runtime makes. */
export function killAtFirst(...calls: readonly string[]): readonly string[] {
  return calls.map((name) => `?${name}:signal=KILL:when=1`);
}

/**
 * Faults that kill a traced program at each of the calls by which it changes something, as they are
 * in the trace of a run without faults.
 */
export async function everyCall(
  start: (inject: readonly string[]) => Promise<Ended>,
  log: string,
): Promise<readonly (readonly string[])[]> {
  await start([]);
  const calls = readTrace(log);
  return calls.flatMap(({ name }, i) =>
    /write|sync|truncate|unlink|rename|link/.test(name) ? [atCallOfThread(calls, i + 1, "signal=KILL")] : []
  );
}
