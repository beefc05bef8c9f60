import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { recover } from "../../../mod.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { readRows } from "../../support/process/recorded_rows.ts";
import { PATIENCE } from "../../support/process/recorder_controller.ts";
import { type RuntimeName, thisRuntime } from "../../support/process/run.ts";
import { AttachedStrace } from "../../support/faults/attached_strace.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import { ObservedRecorderController, type ObservedState } from "../../support/process/observed_recorder_controller.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";
import { cannotTrace } from "../../support/process/system_tools.ts";
import { SMALL_BUFFERS } from "../../support/small_buffers.ts";

const otherRuntime: RuntimeName = thisRuntime === "deno" ? "bun" : "deno";

/** Time for which the holder of the lock is stopped, ms. */
const STOPPED_FOR = shortOrFull(1_000, 10_000);

/** Numbers recorded at a time: fewer than a buffer holds. */
const COUNT = 300;

/** System calls that write to a file. */
const WRITES = "?write,?writev,?pwrite64,?pwritev";

function optionsFor(monitoringDir: string) {
  return { monitoringDir, layout: "append", ...SMALL_BUFFERS } as const;
}

/** Names of a program's own files, for rows that it could not append. */
function ownFiles({ files }: ObservedState, pid: number): string[] {
  return Object.keys(files).filter((name) => name.startsWith(`custom.${pid}-`));
}

/**
 * Number of rows in files by program. Throws unless those of each program are 0, 1, 2 and so on,
 * each once.
 */
function countByPid(directory: string): Record<number, number> {
  const numbers = new Map<number, number[]>();
  readRows(directory, "custom", (_label, pid, _seconds, _nanoseconds, number) => {
    numbers.getOrInsertComputed(pid, () => []).push(number);
  });
  return Object.fromEntries(Array.from(numbers, ([pid, of]) => {
    const wrong = of.sort((a, b) => a - b).findIndex((number, i) => number !== i);
    assert(wrong < 0, `number ${wrong} of ${pid} is ${of[wrong]}`);
    return [pid, of.length];
  }));
}

/** Whether a process is stopped. */
function isStopped(pid: number): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** Resolves once the condition holds. */
async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + PATIENCE; !isSo(); await sleep(5)) assert(Date.now() < end, "it does not come to that");
}

/**
 * A program on this runtime, and one on the other that was stopped right after it appended rows and
 * still holds the lock.
 */
async function withStoppedHolder(directory: string, log: string) {
  const holder = new ObservedRecorderController(otherRuntime);
  await holder.send("start", optionsFor(directory));
  const recorder = new ObservedRecorderController(thisRuntime);
  await recorder.send("start", optionsFor(directory));
  await recorder.send("number", COUNT);
  const before = await recorder.send("settle", PATIENCE);
  assertEquals({ flushed: before.flushed, own: ownFiles(before, recorder.pid) }, { flushed: COUNT, own: [] });
  const strace = await AttachedStrace.to({
    pid: holder.pid,
    calls: WRITES,
    inject: `${WRITES}:signal=SIGSTOP:when=1`,
    paths: [`${directory}/custom.csv`],
    log,
  });
  await holder.send("number", COUNT);
  await until(() => /SIGSTOP/.test(readFileSync(log, "utf8")));
  await strace.detach();
  await until(() => isStopped(holder.pid));
  return { holder, recorder, before };
}

describe("layout append while another program holds the lock", { skip: cannotTrace() }, () => {
  it("and is stopped: sampling never blocks, and every row is written once", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const { holder, recorder, before } = await withStoppedHolder(directory, scratch.at("trace"));
    await using _holder = holder;
    await using _recorder = recorder;
    let during = before;
    let batches = 0;
    for (const end = performance.now() + STOPPED_FOR; performance.now() < end; batches++, await sleep(20)) {
      during = await recorder.send("number", 2_000);
    }
    assert(batches > 0 && ownFiles(during, recorder.pid).length > 0);
    assertEquals({ recorded: during.recorded, dropped: during.dropped, errors: during.errors }, {
      recorded: COUNT + 2_000 * batches,
      dropped: 0,
      errors: 0,
    });
    // It can also stop.
    const stopped = await recorder.send("stop");
    assertEquals({ flushed: stopped.flushed, errors: stopped.errors }, { flushed: during.recorded, errors: 0 });
    assertEquals(stopped.files["custom.csv"], during.files["custom.csv"]);
    await recorder.end();
    assert(isStopped(holder.pid), "the holder has gone on meanwhile");

    holder.kill("SIGCONT");
    await holder.send("number", COUNT);
    const held = await holder.send("stop");
    assertEquals({ flushed: held.flushed, errors: held.errors }, { flushed: 2 * COUNT, errors: 0 });
    assertEquals(countByPid(directory), { [recorder.pid]: during.recorded, [holder.pid]: 2 * COUNT });
    await holder.end();
    recordFigure(
      12,
      `holder on ${otherRuntime} stopped for ${
        STOPPED_FOR / 1000
      } s: ${batches} batches of 2000 acknowledged meanwhile, 0 dropped, every row once`,
    );
  });

  it("and is killed: the lock is taken, and every row is written once", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const { holder, recorder, before } = await withStoppedHolder(directory, scratch.at("trace"));
    await using _holder = holder;
    await using _recorder = recorder;
    await recorder.send("number", COUNT);
    const waiting = await recorder.send("settle", 300);
    assertEquals({ flushed: waiting.flushed, buffered: waiting.buffered, errors: waiting.errors }, {
      flushed: COUNT,
      buffered: COUNT,
      errors: 0,
    });
    assertEquals(ownFiles(waiting, recorder.pid), []);
    const size = waiting.files["custom.csv"]!;
    assert(size > before.files["custom.csv"]!, "the holder has appended nothing");

    holder.kill("SIGKILL");
    await holder.ended;
    const killed = performance.now();
    const written = await recorder.send("settle", PATIENCE);
    const waited = performance.now() - killed;
    assertEquals({ flushed: written.flushed, own: ownFiles(written, recorder.pid) }, { flushed: 2 * COUNT, own: [] });
    assert(written.files["custom.csv"]! > size);
    await recorder.send("stop");
    await recorder.end();
    const { failures } = await recover(directory);
    assertEquals(failures, []);
    assertEquals(countByPid(directory), { [recorder.pid]: 2 * COUNT, [holder.pid]: COUNT });
    recordFigure(
      12,
      `holder on ${otherRuntime} killed: rows of the next one were in the file ${waited.toFixed(0)} ms later`,
    );
  });
});

for (const error of ["ENOLCK", "EOPNOTSUPP"]) {
  for (const layout of ["segments", "append"] as const) {
    describe(`recording where locks fail with ${error}, in layout ${layout}`, { skip: cannotTrace() }, () => {
      it("uses heap memory, and reports that once", async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        await using recorder = new ObservedRecorderController(thisRuntime);
        await recorder.send("status");
        await using _ = await AttachedStrace.to({
          pid: recorder.pid,
          calls: "flock",
          inject: `flock:error=${error}`,
          log: scratch.at("trace"),
        });
        const started = await recorder.send("start", { ...optionsFor(directory), layout, withRuntime: true });
        assertEquals({ thrown: started.thrown, durability: started.durability }, {
          thrown: undefined,
          durability: "memory",
        });
        await recorder.send("number", 3_000);
        const settled = await recorder.send("settle", PATIENCE);
        assertEquals({ buffered: settled.buffered, durability: settled.durability }, {
          buffered: 0,
          durability: "memory",
        });
        const stopped = await recorder.send("stop");
        assertEquals({ flushed: stopped.flushed, dropped: stopped.dropped }, {
          flushed: stopped.recorded,
          dropped: 0,
        });
        assertEquals(countByPid(directory), { [recorder.pid]: 3_000 });
        assertEquals(Object.keys(stopped.files).filter((name) => name.startsWith(".")), []);
        const { reports } = stopped;
        assertEquals(reports.length, layout === "append" ? 2 : 1, reports.join("\n"));
        assertMatch(reports[0]!, /^Cannot make a spool, so observations may be in memory only: /);
        if (layout === "append") assertMatch(reports[1]!, /^Cannot append, so separate files are written: /);
        await recorder.end();
        recordFigure(12, `flock fails with ${error}, layout ${layout}: durability "memory", said once, every row once`);
      });
    });
  }
}
