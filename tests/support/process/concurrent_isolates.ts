import { assert, assertEquals, assertMatch } from "@std/assert";
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LABELS } from "../programs/isolates_job.ts";
import { otherNames } from "./recorder_controller.ts";
import { csvFiles, readRows } from "./recorded_rows.ts";
import { type RuntimeName, spawnOn } from "./run.ts";

/**
 * Processes that record into one directory concurrently, each in its main thread and in workers.
 */
export interface Crowd {
  /** The runtime of each process, by a name for it. */
  readonly processes: Readonly<Record<string, RuntimeName>>;
  /** Workers of each process. */
  readonly workers: number;
  /** Samples of each isolate. */
  readonly samples: number;
  /** Bytes that the buffers of an isolate may take, 1 MiB unless given. */
  readonly memoryThreshold?: number;
}

/** How the files of a recording are laid out. */
export const LAYOUTS = ["segments", "append"] as const;

/** How long a process may run while many others do, ms. */
const TIME_LIMIT = 600_000;

const program = fileURLToPath(new URL("../programs/isolates_record.ts", import.meta.url));

/**
 * Runs all processes. Asserts that each isolate reports all its rows as flushed, and that no other
 * files are left.
 */
export async function recordTogether(crowd: Crowd, directory: string, layout: string): Promise<void> {
  const { processes, workers, samples, memoryThreshold = 2 ** 20 } = crowd;
  const running = Object.entries(processes).map(([name, runtime]) => {
    const args = [directory, layout, workers, samples, memoryThreshold, name].map(String);
    return spawnOn(runtime, program, args, { timeLimit: TIME_LIMIT }).ended;
  });
  const told: string[] = [];
  for (const { code, stdout, stderr } of await Promise.all(running)) {
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    for (const { isolate, ...counts } of JSON.parse(stdout)) {
      const all = { recorded: samples, flushed: samples, buffered: 0, dropped: 0, errors: 0 };
      assertEquals(counts, all, isolate);
      told.push(isolate);
    }
  }
  assertEquals(told.sort(), isolatesOf(crowd).sort());
  assertEquals(otherNames(directory), []);
}

/** The names of the isolates of a crowd. */
function isolatesOf({ processes, workers }: Crowd): string[] {
  const isolates = ["main", ...Array.from({ length: workers }, (_, i) => `worker${i}`)];
  return Object.keys(processes).flatMap((name) => isolates.map((isolate) => `${name}-${isolate}`));
}

/** How many samples each isolate records under each of its labels, in turn. */
export function expectedCounts(crowd: Crowd): Record<string, number> {
  return Object.fromEntries(
    isolatesOf(crowd).flatMap((isolate) =>
      Array.from({ length: LABELS }, (_, i) => [`${isolate} ${i}`, Math.ceil((crowd.samples - i) / LABELS)])
    ),
  );
}

/**
 * Asserts that each sample of each isolate is there once, with its label and the PID of its
 * process, and that no row is torn.
 */
export function assertFoundOnce(crowd: Crowd, directory: string): void {
  const { samples, processes } = crowd;
  const isolates = isolatesOf(crowd);
  const expected = expectedCounts(crowd);
  const keys = new Map(isolates.map((isolate) => [isolate, new Float64Array(samples)]));
  const counts = new Map<string, number>();
  const pids = new Map<string, number>();
  let begin: number | undefined;
  readRows(directory, "duration", (label, pid, seconds, nanoseconds) => {
    const [isolate = "", index] = label.split(" ");
    const count = counts.get(isolate) ?? 0;
    begin ??= seconds - 3600;
    // Two samples of an isolate may not end at the same time under the same label; the product is
    // exact in a double.
    keys.get(isolate)![count] = ((seconds - begin) * 1e9 + nanoseconds) * LABELS + Number(index);
    counts.set(isolate, count + 1);
    const process = isolate.split("-")[0]!;
    if (pids.get(process) !== pid) {
      assert(!pids.has(process), `a row of ${isolate} bears the PID ${pid}`);
      pids.set(process, pid);
    }
  });
  assertEquals(Object.fromEntries(counts), Object.fromEntries(isolates.map((isolate) => [isolate, samples])));
  for (const [isolate, ofIsolate] of keys) {
    ofIsolate.sort();
    const twice = ofIsolate.findIndex((key, i) => key === ofIsolate[i - 1]);
    assertEquals(twice, -1, `a row of ${isolate} is there twice`);
    const byLabel = new Array<number>(LABELS).fill(0);
    for (const key of ofIsolate) byLabel[key % LABELS]!++;
    assertEquals(byLabel, byLabel.map((_, i) => expected[`${isolate} ${i}`]), isolate);
  }
  assertEquals(new Set(pids.values()).size, Object.keys(processes).length);
}

/**
 * `channel.<pid>-<isolate>-<sequence>.csv`. A number would follow the sequence if the name had been
 * taken.
 */
const OWN_NAME = /^duration\.(\d+)-([0-9a-f]{8})-(\d{6})\.csv$/;

/**
 * Asserts that no two isolates use one file name. Returns the number of files that belong to one
 * isolate.
 */
export function assertNoNameTwice(crowd: Crowd, directory: string, layout: string): number {
  const own = csvFiles(directory, "duration").filter((name) => layout === "segments" || name !== "duration.csv");
  const owners = new Map<string, string>();
  const sequences = new Map<string, number[]>();
  for (const name of own) {
    assertMatch(name, OWN_NAME);
    const [, pid = "", isolateId = "", sequence] = OWN_NAME.exec(name)!;
    const row = firstRow(join(directory, name));
    assertEquals(row.pid, pid, name);
    const known = owners.get(isolateId);
    assert(known === undefined || known === row.isolate, `${known} and ${row.isolate} have one name: ${name}`);
    owners.set(isolateId, row.isolate);
    sequences.set(isolateId, [...sequences.get(isolateId) ?? [], Number(sequence)]);
  }
  if (layout === "segments") {
    assertEquals([...owners.values()].sort(), isolatesOf(crowd).sort());
    for (const [id, numbers] of sequences) assertEquals(numbers, numbers.map((_, i) => i + 1), id);
  }
  return own.length;
}

/** Isolate and PID of the first row of a file. */
function firstRow(path: string): { isolate: string; pid: string } {
  const fd = openSync(path, "r");
  try {
    const bytes = new Uint8Array(256);
    const text = new TextDecoder().decode(bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0)));
    const [, , isolate = "", pid = ""] = /\r\n([^,]+,){2}([^, ]+) \d+,(\d+)\r\n/.exec(text) ?? [];
    return { isolate, pid };
  } finally {
    closeSync(fd);
  }
}
