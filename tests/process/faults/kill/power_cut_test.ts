import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { HEADER } from "../../../../src/csv/dialect.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import { csvFiles, readFileRows } from "../../../support/process/recorded_rows.ts";
import { commandOf, spawnCommand, type Spawned, thisRuntime } from "../../../support/process/run.ts";
import { recordFigure } from "../../../support/faults/fault_figures.ts";
import { cannotCutPower, PowerCutDisk } from "../../../support/disks/power_cut_disk.ts";
import { shortOrFull } from "../../../support/faults/suite_size.ts";
import { randomNumbers } from "../../../support/random.ts";
import { SMALL_BUFFERS } from "../../../support/small_buffers.ts";

const fixture = fileURLToPath(new URL("./fixtures/durable_writer.ts", import.meta.url));

const WRITERS = 2;
/** Disks, each new so that none fills up, and power cuts of each. */
const DISKS = shortOrFull(1, 10);
const CUTS = shortOrFull(4, 10);

/** Longest time between two cuts, ms. */
const PAUSE = 200;

const skip = await cannotCutPower();

/** Numbers by the PID of their writer. */
type NumbersByWriter = ReadonlyMap<number, readonly number[]>;

/** A program that writes, with its output so far. */
class Writer implements Disposable {
  readonly pid: number;
  readonly #process: Spawned;
  /** Number of durable numbers, from 0 on, that it has acknowledged. */
  durable = 0;

  constructor(disk: PowerCutDisk, options: object) {
    this.#process = spawnCommand([...disk.wrapper, ...commandOf(thisRuntime, fixture, [JSON.stringify(options)])], {
      timeLimit: 600_000,
    });
    this.pid = this.#process.child.pid!;
    let rest = "";
    this.#process.child.stdout.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      if (lines.length > 0) this.durable = Number(/^flushed (\d+)$/.exec(lines.at(-1)!)![1]);
    });
  }

  /** Resolves once it has acknowledged a number, or has exited. */
  async hasBegun(): Promise<void> {
    await this.#process.said(/^flushed \d+$/m);
  }

  /** Stops it, and asserts that it exits normally. */
  async end(): Promise<void> {
    this.#process.child.stdin.end();
    const { code, signal, stderr } = await this.#process.ended;
    assertEquals({ code, signal, stderr }, { code: 0, signal: null, stderr: "" });
  }

  /** Kills it if it still runs. */
  [Symbol.dispose](): void {
    this.#process.kill("SIGKILL");
  }
}

/** The content of a disk after a power cut. */
interface Found {
  readonly numbers: NumbersByWriter;
  /** Bytes after the last whole row of the appended file. */
  readonly torn: number;
}

/** Number of durable rows, and of cuts that tore the end of the appended file. */
interface Outcome {
  readonly rows: number;
  readonly torn: number;
}

/**
 * Cuts the power of one disk after another while programs write, and asserts that no durable row is
 * lost.
 */
async function cutPower(layout: string): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (let i = 0; i < DISKS; i++) outcomes.push(await cutPowerOfDisk(layout, randomNumbers(i)));
  return {
    rows: outcomes.reduce((sum, { rows }) => sum + rows, 0),
    torn: outcomes.reduce((sum, { torn }) => sum + torn, 0),
  };
}

async function cutPowerOfDisk(layout: string, random: () => number): Promise<Outcome> {
  using scratch = scratchDirectory();
  await using disk = await PowerCutDisk.make(scratch.path);
  const options = { monitoringDir: `${disk.directory}/monitoring`, layout, durability: "fsync", ...SMALL_BUFFERS };
  using stack = new DisposableStack();
  const writers = Array.from({ length: WRITERS }, () => stack.use(new Writer(disk, options)));
  await Promise.all(writers.map((writer) => writer.hasBegun()));
  const counts = [];
  let torn = 0;
  for (let i = 0; i < CUTS; i++) {
    await sleep(random() * PAUSE);
    const durable = writers.map((writer) => [writer.pid, writer.durable] as const);
    const found = await disk.cut((after) => read(`${after}/monitoring`));
    for (const [pid, count] of durable) {
      assertHolds(found.numbers.get(pid) ?? [], count, `cut ${i + 1} of writer ${pid}`);
    }
    if (found.torn > 0) torn++;
    counts.push(durable.reduce((sum, [, count]) => sum + count, 0));
  }
  for (const writer of writers) await writer.end();
  assert(counts.at(-1)! > counts[0]!, "nothing was written between the cuts");
  return { rows: counts.at(-1)!, torn };
}

/** Asserts that the first `count` numbers exist, and that no number exists twice. */
function assertHolds(numbers: readonly number[], count: number, where: string): void {
  const different = new Set(numbers);
  assertEquals(different.size, numbers.length, `${where}: a row is there twice`);
  const missing = Array.from({ length: count }, (_, i) => i).filter((number) => !different.has(number));
  assertEquals(missing, [], `${where}: of ${count} durable rows`);
}

/**
 * Reads all published files, which must be whole; the appended file may be torn after its last
 * whole row.
 */
function read(directory: string): Found {
  const numbers = new Map<number, number[]>();
  const take = (pid: number, number: number): void => void numbers.getOrInsertComputed(pid, () => []).push(number);
  let torn = 0;
  for (const name of csvFiles(directory, "custom")) {
    const path = join(directory, name);
    if (name === "custom.csv") torn = readWholeRows(path, take);
    else readFileRows(path, (_label, pid, _seconds, _nanoseconds, number) => take(pid, number));
  }
  return { numbers, torn };
}

/** Reads the rows of a file up to the first torn one. Returns the number of bytes after them. */
function readWholeRows(path: string, take: (pid: number, number: number) => void): number {
  const text = readFileSync(path, "latin1");
  assert(text.startsWith(HEADER), "a file without its header");
  const row = /\d{19},(\d+),number,(\d+)\r\n/y;
  let end = row.lastIndex = HEADER.length;
  for (let match = row.exec(text); match !== null; match = row.exec(text)) {
    take(Number(match[2]), Number(match[1]));
    end = row.lastIndex;
  }
  return text.length - end;
}

describe("power cut with durability fsync", () => {
  it("leaves every durable row and only whole files in layout segments", { skip }, async () => {
    const { rows } = await cutPower("segments");
    recordFigure(8, `segments: ${DISKS * CUTS} cuts, ${rows} durable rows, all there; no partial file`);
  });

  it("leaves every durable row in layout append, and tears only the end", { skip }, async () => {
    const { rows, torn } = await cutPower("append");
    recordFigure(8, `append: ${DISKS * CUTS} cuts, ${rows} durable rows, all there; ${torn} times a torn end`);
  });
});
