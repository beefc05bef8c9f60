import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { RecorderController, type RecorderState } from "../../support/process/recorder_controller.ts";
import {
  commandOf,
  onlyOn,
  type RuntimeName,
  spawnCommand,
  type Spawned,
  spawnOn,
  thisRuntime,
} from "../../support/process/run.ts";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const program = commandOf(thisRuntime, entry);

/** Refresh interval, s. */
const INTERVAL = 0.1;

/** The used part of a line of `kymo top --json`. */
interface Line {
  readonly from: string;
  readonly seconds: number;
  readonly processes: readonly {
    readonly pid: number;
    readonly name?: string;
    readonly runtime?: string;
    readonly kind?: string;
    readonly count: number;
    readonly rss?: number;
  }[];
  readonly series: readonly {
    readonly label: string;
    readonly pid: number;
    readonly count: number;
    readonly max: number | null;
  }[];
  readonly sampled: boolean;
  readonly missed: number;
}

/** A running `kymo top` on a directory, by process. */
class Top {
  readonly #spawned: Spawned;
  #text = "";

  constructor(directory: string) {
    this.#spawned = spawnCommand([...program, "top", directory, "--json", "--by-process", "--interval", `${INTERVAL}`]);
    this.#spawned.child.stdout.on("data", (text: string) => this.#text += text);
  }

  /** All refreshes so far. */
  get lines(): Line[] {
    return this.#text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  }

  /** Waits for the first refresh that starts after now. */
  async refreshed(): Promise<void> {
    const now = BigInt(Date.now()) * 1_000_000n;
    for (let i = 0; i < 1_000; i++) {
      // An interval starts when the refresh before it is done.
      if (this.lines.some(({ from }) => BigInt(from) > now)) return;
      await sleep(10);
    }
    throw new Error("it does not refresh");
  }

  /** Number of rows so far, by process and label. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { label, pid, count } of this.lines.flatMap(({ series }) => series)) {
      counts[`${pid} ${label}`] = (counts[`${pid} ${label}`] ?? 0) + count;
    }
    return counts;
  }

  /** Interrupts it, and asserts that it exits without output on stderr. */
  async interrupt(): Promise<void> {
    this.#spawned.kill("SIGINT");
    const { code, signal, stderr } = await this.#spawned.ended;
    assertEquals({ code, signal, stderr }, { code: 0, signal: null, stderr: "" });
  }
}

/** Names, sizes, modification times and contents of all files of a directory. */
function fingerprint(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).map((name) => join(directory, name)).sort()
    .filter((path) => statSync(path).isFile())
    .map((path) => {
      const { size, mtimeMs, ino } = statSync(path);
      return `${path} ${size} ${mtimeMs} ${ino} ${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
    });
}

function countsOf({ recorded, flushed, buffered, dropped, errors }: RecorderState): number[] {
  return [recorded, flushed, buffered, dropped, errors];
}

describe("kymo top as a program", () => {
  for (const layout of ["segments", "append"]) {
    it(`counts each row of programs on both runtimes once, at the next refresh, in layout ${layout}`, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const runtimes: RuntimeName[] = ["deno", "bun"];
      const top = new Top(directory); // does not exist yet
      await top.refreshed();
      const expected: Record<string, number> = {};
      const options = { monitoringDir: directory, layout, withRuntime: true, memoryThreshold: 65_536 };
      for (const runtime of runtimes) {
        await using recorder = new RecorderController(runtime);
        await recorder.send("start", options);
        for (const count of [1, 999, 20_000]) {
          await recorder.send("number", count);
          expected[`${recorder.pid} number`] = (expected[`${recorder.pid} number`] ?? 0) + count;
          await top.refreshed();
          assertEquals(top.counts(), expected);
        }
        const last = top.lines.flatMap(({ processes }) => processes).findLast(({ pid }) => pid === recorder.pid);
        assert(last!.rss! > 1_000_000, `${last!.rss}`);
        assertEquals([last!.name, last!.runtime!.split(" ")[0], last!.kind], ["recorder.ts", runtime, "main"]);
        await recorder.send("number", 10); // read from the files, or from the spool before
        await recorder.send("stop");
        await recorder.end();
        expected[`${recorder.pid} number`]! += 10;
        await top.refreshed();
        assertEquals(top.counts(), expected);
      }
      await top.interrupt();
      const { lines } = top;
      assertEquals(lines.filter(({ sampled, missed }) => sampled || missed > 0), []);
      assertEquals(Math.max(...lines.flatMap(({ series }) => series).map(({ max }) => max ?? 0)), 21_009);
    });
  }

  it("needs no permission on Deno except to read the directory", { skip: onlyOn("deno") }, async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    await using recorder = new RecorderController(thisRuntime);
    await recorder.send("start", { monitoringDir: directory, flushInterval: 0 });
    await recorder.send("number", 10);
    const permissions = ["--no-prompt", `--allow-read=${directory}`];
    const args = ["top", directory, "--count", "2", "--interval", "0.1", "--json"];
    const { code, stdout, stderr } = await spawnOn("deno", entry, args, { permissions }).ended;
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const [, second] = stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line));
    const { pid, state } = second.processes[0];
    assertEquals([pid, state], [recorder.pid, "silent"]); // so its lock could be tried
    await recorder.send("stop");
    await recorder.end();
  });

  it("changes neither the directory nor the recording program", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    mkdirSync(directory);
    await using recorder = new RecorderController(thisRuntime);
    await recorder.send("start", { monitoringDir: directory, flushInterval: 0 });
    let before = await recorder.send("number", 30_000);
    while (before.flushed === 0) before = await recorder.send("settle", 50); // one file, and the rest in a spool
    const files = fingerprint(directory);
    const top = new Top(directory);
    await top.refreshed();
    await top.interrupt();
    assertEquals(fingerprint(directory), files);
    const after = await recorder.send("status");
    assertEquals(countsOf(after), countsOf(before));
    await recorder.send("stop");
    await recorder.end();
  });
});
