import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Bridge } from "../../../src/bridge/bridge.ts";
import { prometheusText } from "../../../src/bridge/prometheus_text.ts";
import { countedBefore } from "../../../src/control/retention/counted_mark.ts";
import { defaultRuntime } from "../../../src/default_runtime.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import { parseAppendFileName, parseSegmentFileName, parseSpoolFileName } from "../../../src/files/names.ts";
import { processKey, programFileName, rotatedFileName, segmentFileName } from "../../../src/files/names.ts";
import { kymoCommand } from "../../support/bridge/bridge_process.ts";
import { Snapshot } from "../../support/faults/directory_snapshot.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import { atCallOfThread, readTrace, type TracedCall, underStrace } from "../../support/faults/strace.ts";
import { sampled, shortOrFull } from "../../support/faults/suite_size.ts";
import { type Ended, RUNTIMES, spawnCommand } from "../../support/process/run.ts";
import { cannotTrace } from "../../support/process/system_tools.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { record, ROWS_EACH } from "./recording.ts";

/** Kills of each layout in the short form. */
const SAMPLE = 2;

/** The files of a bridge. */
const BRIDGE_FILES = [
  ".bridge",
  ".bridge/lock",
  ...["state.json", "counted"].flatMap((name) => [`.bridge/${name}`, `.bridge/${name}.new.tmp`]),
];

type Layout = "segments" | "append";

/** Counters, and the counts and sums of histograms, by name and labels as written. */
type Counters = ReadonlyMap<string, number>;

/** All counters of a text but those that tell of the bridge itself. */
function countersIn(text: string): Counters {
  const counters = new Map<string, number>();
  let isCounter = false;
  for (const line of text.split("\n")) {
    const [, name = "", type] = /^# TYPE (\S+) (\w+)$/.exec(line) ?? [];
    if (type !== undefined) isCounter = type !== "gauge" && !name.startsWith("kymo_bridge_");
    const at = line.lastIndexOf(" ");
    if (isCounter && !line.startsWith("#") && at > 0) counters.set(line.slice(0, at), Number(line.slice(at + 1)));
  }
  return counters;
}

/** How many rows are counted. */
function rowsOf(counters: Counters): number {
  return [...counters].reduce(
    (sum, [name, rows]) => /^kymo_rows_total.*(?<!runtime"})$/.test(name) ? sum + rows : sum,
    0,
  );
}

/** Asserts that no counter has fallen, or is gone. */
function assertNotFallen(counters: Counters, before: Counters): void {
  const fallen = [...before].filter(([name, value]) => !(counters.get(name)! >= value));
  assertEquals(fallen.map(([name, value]) => `${name}: ${counters.get(name)} after ${value}`), []);
}

/** Counts with a bridge of this process, and lets it write its state. */
async function countHere(path: string): Promise<Counters> {
  const options = { path, interval: 50, maxSeries: 10_000, byProcess: false, signal: AbortSignal.timeout(0) };
  const bridge = Bridge.open(defaultRuntime(), options);
  try {
    await bridge.begin();
    return countersIn(prometheusText(bridge.metrics, "prometheus"));
  } finally {
    bridge.close();
  }
}

/** Files of programs that have ended in a directory, and of such that come while a bridge runs. */
class Scene {
  readonly directory: string;
  readonly #coming: string;
  readonly #files: Snapshot;

  private constructor(directory: string, coming: string) {
    this.directory = directory;
    this.#coming = coming;
    this.#files = new Snapshot(join(directory, ".."));
  }

  static async make(root: string, layout: Layout): Promise<Scene> {
    const [directory, coming] = [join(root, "monitoring"), join(root, "coming")];
    for (const monitoringDir of [directory, coming]) {
      await record(RUNTIMES[0]!, monitoringDir, { layout, withRuntime: true }, 3);
      await record(RUNTIMES.at(-1)!, monitoringDir, { layout }, 3, "kill");
    }
    const renamed = readdirSync(coming).filter((name) => parseAppendFileName(name) !== undefined);
    for (const name of renamed) renameSync(join(coming, name), join(coming, rotatedFileName(name.slice(0, -4), 1e12)));
    return new Scene(directory, coming);
  }

  /** Makes all as it was at first; then the files are a minute old. */
  restore(): void {
    rmSync(join(this.directory, ".bridge"), { recursive: true, force: true });
    this.#files.restore();
    const then = Date.now() / 1_000 - 60;
    for (const path of this.#files.paths) utimesSync(path, then, then);
  }

  /** Lets the others come, if they have not: they are new. */
  come(): void {
    const now = Date.now() / 1_000;
    mkdirSync(join(this.directory, ".spools"), { recursive: true }); // the last recovery has removed it
    for (const from of this.#files.paths.filter((path) => path.startsWith(this.#coming))) {
      if (!existsSync(from)) continue;
      utimesSync(from, now, now);
      renameSync(from, from.replace(this.#coming, this.directory));
    }
  }

  /** Removes the files that may be removed. */
  prune(): void {
    const directory = new MonitoringDirectory(defaultRuntime().files, this.directory, { syncs: false });
    const before = countedBefore(directory, Date.now());
    if (before === Infinity) return; // there was no bridge yet
    for (const name of readdirSync(this.directory)) {
      const path = join(this.directory, name);
      if (parseSegmentFileName(name) !== undefined && statSync(path).mtimeMs < before) rmSync(path);
    }
  }

  /** All names that a bridge may use calls on. */
  get names(): string[] {
    const paths = this.#files.paths.map((path) => path.replace(this.#coming, this.directory));
    const there = paths.map((path) => path.slice(this.directory.length + 1));
    const published = there.flatMap((name) => {
      const spool = parseSpoolFileName(name.replace(".spools/", ""));
      if (spool === undefined) return [];
      const { owner } = spool;
      const file = segmentFileName({ owner, sequence: 1 });
      return [file, `.${file}.tmp`, programFileName(owner), `.${programFileName(owner)}.tmp`]
        .concat(`.programs/${processKey(owner)}.json`, `.programs/${processKey(owner)}.lock`);
    });
    return ["", ".spools", ".programs", ".control", ...BRIDGE_FILES, ...there, ...published];
  }
}

/**
 * The numbers of the calls, from 1, that differ by name and file: the first and the last of each, since a bridge looks
 * at the same files again and again. Calls on a descriptor are on the file that the thread has named last.
 */
function distinctCalls(calls: readonly TracedCall[]): number[] {
  const named = new Map<string, string>();
  const firsts = new Map<string, number>();
  const lasts = new Map<string, number>();
  for (const [i, { name, line }] of calls.entries()) {
    const [, thread = "", path] = /^(\d+)[^"]*(?:"(\/[^"]*)")?/.exec(line)!;
    if (path !== undefined) named.set(thread, path);
    const call = `${name} ${named.get(thread)}`;
    if (!firsts.has(call)) firsts.set(call, i + 1);
    lasts.set(call, i + 1);
  }
  return [...new Set([...firsts.values(), ...lasts.values()])].sort((one, other) => one - other);
}

describe("a bridge that is killed at a system call on files", { skip: cannotTrace() }, () => {
  for (const layout of shortOrFull<readonly Layout[]>(["segments"], ["segments", "append"])) {
    it(`leaves counters that never fall, and each row counts once, layout ${layout}`, async () => {
      using scratch = scratchDirectory();
      const log = scratch.at("trace");
      mkdirSync(scratch.at("scene"));
      const scene = await Scene.make(scratch.at("scene"), layout);
      const { directory } = scene;

      /** Runs a bridge, perhaps until it is killed, and then two others. */
      async function run(inject: readonly string[]): Promise<{ readonly ended: Ended; readonly counters: Counters }> {
        scene.restore();
        rmSync(log, { force: true });
        const also = scene.names.map((name) => join(directory, name));
        const trace = underStrace({ directory, log, inject, files: 0, also });
        const serve = kymoCommand("serve", directory, "--metrics", "0", "--interval", "100ms");
        const bridge = spawnCommand([...trace, ...serve]);
        let said = "";
        let isOver = false;
        let told: Counters = new Map();
        void bridge.ended.then(() => isOver = true);
        bridge.child.stderr.on("data", (text: string) => said += text);
        /** Scrapes until so many rows are counted, or it is dead. */
        const until = async (rows: number): Promise<void> => {
          for (; !isOver && rowsOf(told) < rows; await sleep(10)) {
            const [url] = /http:\S+/.exec(said) ?? [];
            const text = url === undefined ? "" : await fetch(url).then((response) => response.text(), () => "");
            if (!text.endsWith("\n")) continue;
            const next = countersIn(text);
            assertNotFallen(next, told);
            told = next;
          }
        };
        await until(6 * ROWS_EACH);
        scene.come();
        await until((layout === "segments" ? 12 : 9) * ROWS_EACH);
        bridge.kill("SIGTERM");
        const ended = await bridge.ended;
        scene.come();
        scene.prune();
        const counters = await countHere(directory);
        assertNotFallen(counters, told);
        scene.prune();
        assertEquals(await countHere(directory), counters);
        return { ended, counters };
      }

      const undisturbed = await run([]);
      assertEquals([undisturbed.ended.code, rowsOf(undisturbed.counters)], [0, 12 * ROWS_EACH]);
      const calls = readTrace(log);
      const kills = sampled(distinctCalls(calls), SAMPLE, (n) => calls[n - 1]!.name);
      let killed = 0;
      for (const n of kills) {
        try {
          const { ended, counters } = await run(atCallOfThread(calls, n, "signal=KILL"));
          if (ended.signal === "SIGKILL") killed++;
          assertEquals(counters, undisturbed.counters);
        } catch (error) {
          throw new Error(`killed at call ${n} of ${calls.length}: ${calls[n - 1]!.line}`, { cause: error });
        }
      }
      assert(killed > 0);
      recordFigure(22, `${layout}: ${killed} bridges killed at a system call; 0 lost, 0 twice, no counter fell`);
    });
  }
});
