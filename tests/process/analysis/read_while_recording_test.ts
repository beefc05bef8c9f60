import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { Reader } from "../../support/analysis/duckdb_reader.ts";
import { type RuntimeName, type Spawned, spawnOn } from "../../support/process/run.ts";
import { SMALL_BUFFERS } from "../../support/small_buffers.ts";

const fixture = fileURLToPath(new URL("./fixtures/fast_recorder.ts", import.meta.url));

/** Readings while the programs record. */
const READINGS = 6;

const RUNTIMES: readonly RuntimeName[] = ["deno", "bun"];

/**
 * Programs on both runtimes in both layouts that observe numbers as fast as they can, each with its
 * own labels.
 */
class Recorders implements AsyncDisposable {
  readonly #spawned: Spawned[] = [];

  async start(monitoringDir: string): Promise<void> {
    for (const layout of ["segments", "append"]) {
      for (const runtime of RUNTIMES) {
        const options = { monitoringDir, layout, ...SMALL_BUFFERS };
        this.#spawned.push(spawnOn(runtime, fixture, [JSON.stringify(options), `${runtime} ${layout}`]));
      }
    }
    await Promise.all(this.#spawned.map((program) => program.said(/^ready$/m)));
  }

  /** Makes each program record 5,000 numbers per label. */
  go(): void {
    for (const { child } of this.#spawned) child.stdin.write("\n");
  }

  /** Stops the programs. Returns the number of observations by label. */
  async end(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { child, ended } of this.#spawned) {
      child.stdin.end();
      const { code, stdout, stderr } = await ended;
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      Object.assign(counts, JSON.parse(stdout.trimEnd().split("\n").at(-1)!));
    }
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#spawned) program.kill("SIGKILL");
    await Promise.all(this.#spawned.map(({ ended }) => ended));
  }
}

/**
 * Reads a directory. Asserts that each label has the numbers from 0 to the last, each once. Returns
 * their count by label.
 */
async function readSeries(directory: string): Promise<Record<string, number>> {
  using reader = await Reader.create();
  const sources = await reader.open(directory);
  const [rows] = await reader.query(
    sources,
    () =>
      `SELECT Label, count(*), count(DISTINCT Measurement), min(Measurement), max(Measurement) FROM ${
        sources.relations.get("custom")
      } GROUP BY Label ORDER BY Label`,
  );
  assertEquals(sources.reading.problems, []);
  return Object.fromEntries(rows.map(([label, count, distinct, min, max]) => {
    assertEquals([Number(distinct), min, max], [Number(count), 0, Number(count) - 1], `numbers of ${label}`);
    return [String(label), Number(count)];
  }));
}

describe("analysis of a directory that programs on both runtimes record into at full speed", () => {
  it("reads each row once, without a gap before the last", async () => {
    using scratch = scratchDirectory();
    await using recorders = new Recorders();
    const directory = scratch.at("monitoring");
    await recorders.start(directory);
    let last: Record<string, number> = {};
    for (let i = 0; i < READINGS; i++) {
      recorders.go();
      await sleep(i % 10);
      const now = await readSeries(directory);
      for (const [label, count] of Object.entries(last)) {
        assert((now[label] ?? 0) >= count, `there were ${count} of ${label}, now ${now[label]}`);
      }
      last = now;
    }
    const counts = await recorders.end();
    assertEquals(await readSeries(directory), counts);
  });
});
