import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  type Stats,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { MonitorStatus } from "../../../mod.ts";
import { Ledger } from "../../../src/control/retention/ledger.ts";
import { detect } from "../../../runtime_adapters/detect.ts";
import { atCall, readTrace, underStrace } from "../../support/faults/strace.ts";
import { sampled, shortOrFull } from "../../support/faults/suite_size.ts";
import { commandOf, type Ended, RUNTIMES, spawnCommand, spawnOn, thisRuntime } from "../../support/process/run.ts";
import { cannotTrace } from "../../support/process/system_tools.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { asOtherUser, cannotBeOthers, NOBODY } from "../../support/users/other_users.ts";

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const kymo = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

const BLOCK = 4096;
const LEDGER = 32 * 1024;

/**
 * What Kymo's files in a directory take at least at one instant, in blocks. Between the first and the last
 * look others remove some files and write more, which were never there together: so only those count
 * that are there before and after the instant, with their size before, since files do not shrink.
 */
function bytesIn(directory: string): number {
  const before = [directory, join(directory, ".spools"), join(directory, ".programs")]
    .flatMap((place) => names(place).map((name) => join(place, name)))
    .map((path) => ({ path, status: statusOf(path) }));
  let bytes = 0;
  for (const { path, status } of before) {
    if (status === undefined || statusOf(path)?.ino !== status.ino) continue;
    bytes += Math.ceil(status.size / BLOCK) * BLOCK;
  }
  return bytes;
}

/** Of a regular file; `undefined` if there is none. */
function statusOf(path: string): Stats | undefined {
  const status = lstatSync(path, { throwIfNoEntry: false });
  return status?.isFile() === true ? status : undefined;
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

const segment = (number: number): string => `custom.1-0000000a-${String(number).padStart(6, "0")}.csv`;

/** Makes files of a block, the older the lower their number. */
function plant(directory: string, numbers: readonly number[]): void {
  mkdirSync(directory, { recursive: true });
  for (const i of numbers) {
    const path = join(directory, segment(i));
    writeFileSync(path, "x".repeat(BLOCK), { mode: 0o600 });
    utimesSync(path, 1_000 + i, 1_000 + i);
  }
}

const PROGRAMS = shortOrFull(4, 16);
const MAX_BYTES = PROGRAMS * 2 ** 20;
const THRESHOLD = 2 ** 17;
/** More than the rows of a segment take as CSV: 18 bytes in memory, and 42 to 45 in the file. */
const SEGMENT = 2.6 * THRESHOLD / 2;

/** What programs wrote that share a directory. */
interface Written {
  /** Bytes that the directory took at most. */
  readonly most: number;
  /** Bytes that it takes in the end. */
  readonly last: number;
  readonly statuses: readonly MonitorStatus[];
}

/** Runs the programs. */
async function writeAtFullRate(layout: string): Promise<Written> {
  using scratch = scratchDirectory();
  const directory = scratch.at("monitoring");
  const retention = { maxBytes: MAX_BYTES };
  const options = { monitoringDir: directory, retention, layout, memoryThreshold: THRESHOLD, flushInterval: 200 };
  const programs = Array.from({ length: PROGRAMS }, (_, i) => {
    const numbersInTurn = [1_000, 30_000, 200_000][i % 3]!;
    const args = [JSON.stringify(options), "500", String(numbersInTurn)];
    return spawnOn(RUNTIMES[i % RUNTIMES.length]!, fixture("limited_writer.ts"), args);
  });
  let hasEnded = false;
  const ends = Promise.all(programs.map(({ ended }) => ended)).finally(() => hasEnded = true);
  let most = 0;
  for (; !hasEnded; await sleep(5)) most = Math.max(most, bytesIn(directory));
  const statuses = (await ends).map(({ stdout, stderr }) => {
    assertEquals(stderr, "");
    return JSON.parse(stdout.trim().split("\n").at(-1)!) as MonitorStatus;
  });
  return { most, last: bytesIn(directory), statuses };
}

/**
 * Runs of which the best counts. A program waits 250 ms for the others, no longer: if one of them gets
 * no processor for so long while it removes files, others write more than they should.
 */
const RUNS = 3;

describe("programs on all runtimes that write at full rate", () => {
  const skip = thisRuntime === "node" ? "Node has no locks" : false;
  for (const layout of ["segments", "append"]) {
    it(`never exceed maxBytes by more than one segment each, in layout ${layout}`, { skip }, async () => {
      let best = Infinity;
      for (let run = 0; run < RUNS && best > MAX_BYTES + PROGRAMS * SEGMENT; run++) {
        const { most, last, statuses } = await writeAtFullRate(layout);
        best = Math.min(best, most);
        const sum = (of: (status: MonitorStatus) => number): number =>
          statuses.reduce((total, status) => total + of(status), 0);
        // They wrote far more than is left, and what they removed is counted.
        assert(sum(({ pruned }) => pruned.bytes) > MAX_BYTES);
        assertEquals(sum(({ dropped, errors }) => dropped + errors), 0);
        assert(last > MAX_BYTES / 2, `${last} bytes`);
      }
      assert(best <= MAX_BYTES + PROGRAMS * SEGMENT, `${best} bytes`);
    });
  }
});

const LIMITS = { maxBytes: LEDGER + 3 * BLOCK };

/** The command that keeps a directory below the limits once, after `bytes` were published. */
function settleCommand(directory: string, bytes: number): string[] {
  return commandOf(thisRuntime, fixture("settle_once.ts"), [directory, JSON.stringify(LIMITS), String(bytes)]);
}

describe("a program that keeps the limits of a directory", () => {
  /** Makes the next program count anew, as a minute makes it. */
  function age(directory: string): void {
    const { files } = detect(globalThis);
    const path = join(directory, ".retention");
    if (files.status(path) === undefined) return;
    const handle = files.open(path);
    const ledger = new Ledger(handle);
    ledger.state.counted = 0;
    ledger.save();
    handle.close();
  }

  const beginnings = ["without a ledger", "with a list of the oldest files"];
  for (const beginning of beginnings) {
    const title = `that is killed at any system call leaves what the next one prunes right, ${beginning}`;
    it(title, { skip: cannotTrace() }, async () => {
      using scratch = scratchDirectory();
      const [directory, log] = [scratch.at("monitoring"), scratch.at("trace")];
      const also = [".retention", ...[1, 2, 3, 4, 5].map(segment)].map((name) => join(directory, name));

      /** Two files are too many, and one program sees it. */
      const run = async (inject: readonly string[]): Promise<Ended> => {
        rmSync(directory, { recursive: true, force: true });
        if (beginning !== beginnings[0]) {
          plant(directory, [1, 2, 3]);
          await spawnCommand(settleCommand(directory, BLOCK)).ended;
        }
        plant(directory, [1, 2, 3, 4, 5]);
        return spawnCommand([
          ...underStrace({ directory, log, inject, also }),
          ...settleCommand(directory, 2 * BLOCK),
        ]).ended;
      };

      const { code, stdout, stderr } = await run([]);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(JSON.parse(stdout), { pruned: { files: 2, bytes: 2 * BLOCK, unshippedRows: 0 }, errors: [] });
      const calls = readTrace(log);
      for (const n of sampled(calls.map((_, i) => i + 1), 4, (call) => calls[call - 1]!.name)) {
        const { line } = calls[n - 1]!;
        assertEquals((await run(atCall(calls, n, "signal=KILL"))).signal, "SIGKILL", line);
        plant(directory, [6]);
        age(directory);
        const next = await spawnCommand(settleCommand(directory, BLOCK)).ended;
        assertEquals(JSON.parse(next.stdout).errors, [], line);
        assertEquals(names(directory), [".retention", segment(4), segment(5), segment(6)], line);
      }
    });
  }

  it(
    "removes its own files only where others own the rest, and tells it once",
    { skip: cannotBeOthers() },
    async () => {
      using scratch = scratchDirectory();
      chmodSync(scratch.path, 0o755);
      const directory = scratch.at("monitoring");
      plant(directory, [1, 2, 3, 4, 5]);
      chmodSync(directory, 0o1777);
      for (const own of [2, 4]) chownSync(join(directory, segment(own)), NOBODY, NOBODY);
      const command = settleCommand(directory, 20 * BLOCK);
      const { stdout } = await spawnCommand([...asOtherUser(scratch.at("home")), ...command]).ended;
      const { pruned, errors } = JSON.parse(stdout);
      assertEquals([pruned.files, errors.length], [2, 1]);
      assertStringIncludes(errors[0], "Cannot remove a file that is beyond the limits of retention");
      assertEquals(names(directory), [".retention", segment(1), segment(3), segment(5)]);
    },
  );
});

describe("kymo prune", () => {
  /** Runs it, and returns its exit code and output. */
  const prune = (...args: string[]): Promise<Ended> =>
    spawnCommand(commandOf(thisRuntime, kymo, ["prune", ...args])).ended;

  it("removes the oldest files, or only says so", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    plant(directory, [1, 2, 3, 4]);
    writeFileSync(join(directory, "notes.txt"), "theirs");
    const said = {
      version: 1,
      kind: "prune",
      removed: { files: 3, bytes: 3 * BLOCK },
      names: [1, 2, 3].map(segment),
      unshippedRows: 0,
      left: { files: 1, bytes: BLOCK },
      isWithin: true,
      failures: [],
    };
    const dry = await prune(directory, "--max-age", "1s", "--max-bytes", "1MiB", "--dry-run", "--json");
    assertEquals(JSON.parse(dry.stdout).names, [1, 2, 3, 4].map(segment));
    const printed = await prune(directory, "--max-age", "1s", "--dry-run");
    assertEquals(printed.stdout.split("\n").slice(0, 4), [1, 2, 3, 4].map(segment));
    assert(printed.stdout.split("\n")[4]!.startsWith("Would remove 4 files, "));
    assertEquals(names(directory).length, 5);
    utimesSync(join(directory, segment(4)), Date.now() / 1000, Date.now() / 1000);
    const { code, stdout, stderr } = await prune(directory, "--max-age", "1h", "--json");
    assertEquals({ code, stderr, said: JSON.parse(stdout) }, { code: 0, stderr: "", said });
    assertEquals(names(directory), [segment(4), "notes.txt"]);
  });

  it("prunes what programs record, and they go on", { skip: thisRuntime === "node" && "no locks" }, async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const options = { monitoringDir: directory, memoryThreshold: 2 ** 16, flushInterval: 50, layout: "append" };
    const writer = spawnOn(thisRuntime, fixture("limited_writer.ts"), [JSON.stringify(options), "700", "1000"]);
    await writer.said(/started/);
    let removed = 0;
    for (let i = 0; i < 2; i++) {
      await sleep(100);
      // On a busy machine the program may write more meanwhile than the limit allows.
      const said = await prune(directory, "--max-bytes", "256KiB", "--json");
      const { failures, isWithin, removed: { files } } = JSON.parse(said.stdout);
      assertEquals([said.stderr, failures, said.code], ["", [], isWithin ? 0 : 1]);
      removed += files;
    }
    const { stdout, stderr } = await writer.ended;
    const { recorded, flushed, dropped, errors } = JSON.parse(stdout.trim().split("\n").at(-1)!);
    assertEquals({ stderr, flushed, dropped, errors }, { stderr: "", flushed: recorded, dropped: 0, errors: 0 });
    const last = await prune(directory, "--max-bytes", "256KiB", "--json");
    assertEquals([last.stderr, last.code], ["", 0]);
    assert(removed + JSON.parse(last.stdout).removed.files > 0);
  });

  it("wants a limit, and a directory", async () => {
    using scratch = scratchDirectory();
    const { code, stderr } = await prune(scratch.path);
    assertEquals([code, stderr], [2, "Cannot prune: give at least one of --max-age, --max-bytes and --min-free\n"]);
    const missing = await prune(scratch.at("nothing"), "--max-age", "1d");
    assertEquals([missing.code, missing.stderr.includes("no such directory")], [2, true]);
  });
});
