import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { quote } from "../../../src/errors.ts";
import { recover } from "../../../mod.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { PATIENCE } from "../../support/process/recorder_controller.ts";
import { thisRuntime } from "../../support/process/run.ts";
import { AttachedStrace } from "../../support/faults/attached_strace.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import { readNumbers } from "../../support/process/recorded_numbers.ts";
import { ObservedRecorderController, type ObservedState } from "../../support/process/observed_recorder_controller.ts";
import { cannotTrace } from "../../support/process/system_tools.ts";
import { assertNumbersConserved } from "../../support/process/recorded_numbers.ts";
import { SMALL_BUFFERS } from "../../support/small_buffers.ts";

const LAYOUTS = ["segments", "append"] as const;

/** The system calls that write a file to the disk. */
const CALLS = "fsync,fdatasync,sync_file_range";
const INJECT = "fsync,fdatasync,sync_file_range:error=EIO";

const EIO = "input/output error";

/** What fails to sync: the paths that a program with PID `pid` writes next in a layout. */
const VICTIMS = {
  "the file": (directory: string, pid: number, layout: string) =>
    layout === "append"
      ? [`${directory}/custom.csv`]
      : [2, 3].map((sequence) => `${directory}/.custom.${pid}-00000001-00000${sequence}.csv.tmp`),
  "the directory": (directory: string) => [directory],
} as const;

/** Published files. */
function published({ files }: ObservedState): [name: string, size: number][] {
  return Object.entries(files).filter(([name]) => name.endsWith(".csv"));
}

/** Numbers recorded at a time: fewer than a buffer holds. */
const COUNT = 300;

for (const layout of LAYOUTS) {
  for (const [victim, pathsOf] of Object.entries(VICTIMS)) {
    describe(`recording while ${victim} cannot be synced, in layout ${layout}`, { skip: cannotTrace() }, () => {
      const optionsFor = (monitoringDir: string) =>
        ({ monitoringDir, layout, ...SMALL_BUFFERS, durability: "fsync" }) as const;

      /** A recorder with a published file, whose disk then fails to sync. */
      async function prepare(directory: string, log: string) {
        const recorder = new ObservedRecorderController(thisRuntime);
        assertEquals((await recorder.send("start", optionsFor(directory))).thrown, undefined);
        await recorder.send("number", COUNT);
        const before = await recorder.send("settle", PATIENCE);
        assertEquals({ flushed: before.flushed, errors: before.errors }, { flushed: COUNT, errors: 0 });
        assertEquals(published(before).length, 1);
        const paths = pathsOf(directory, recorder.pid, layout);
        const strace = await AttachedStrace.to({ pid: recorder.pid, inject: INJECT, calls: CALLS, paths, log });
        return { recorder, before, strace };
      }

      /** Asserts that nothing was published since, and that the failure is reported. */
      function assertNothingPublished(state: ObservedState, before: ObservedState): void {
        assertEquals(published(state), published(before));
        assertEquals({ flushed: state.flushed, durability: state.durability }, { flushed: COUNT, durability: "fsync" });
        assert(state.errors > 0);
        assertStringIncludes(state.lastError!, EIO);
        assertEquals(state.reports.length, new Set(state.reports).size, "the same failure was told again");
      }

      it("publishes no file and reports why, and later publishes every row once", async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        const { recorder, before, strace } = await prepare(directory, scratch.at("trace"));
        await using _ = recorder;
        await recorder.send("number", COUNT);
        for (let failures = 1; failures <= 3; failures++) {
          const refused = await recorder.send("fail", PATIENCE);
          assert(refused.errors >= failures);
          assertNothingPublished(refused, before);
          assertEquals({ buffered: refused.buffered, dropped: refused.dropped }, { buffered: COUNT, dropped: 0 });
        }
        await strace.detach();
        const after = await recorder.send("settle", PATIENCE);
        assertEquals({ flushed: after.flushed, dropped: after.dropped }, { flushed: 2 * COUNT, dropped: 0 });
        await recorder.send("number", COUNT);
        const stopped = await recorder.send("stop");
        assertEquals({ flushed: stopped.flushed, errors: stopped.errors }, {
          flushed: 3 * COUNT,
          errors: after.errors,
        });
        assertNumbersConserved(stopped, directory);
        const names = Object.keys(stopped.files).filter((name) => !name.startsWith("program."));
        assertEquals(published(stopped).length, names.length);
        await recorder.end();
        recordFigure(
          6,
          `${layout}, ${victim}: ${after.errors} failures of fsync reported, nothing published; then every row once`,
        );
      });

      it("leaves the rows in a spool at stop, and they are recovered once when sync works", async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        const { recorder, before, strace } = await prepare(directory, scratch.at("trace"));
        await using _ = recorder;
        await recorder.send("number", COUNT);
        const stopped = await recorder.send("stop");
        assertNothingPublished(stopped, before);
        assertEquals({ buffered: stopped.buffered, dropped: stopped.dropped }, { buffered: COUNT, dropped: 0 });
        assertEquals(readNumbers(directory).length, COUNT);
        await strace.detach();
        await recorder.end();
        const { rows, damaged, failures } = await recover(directory);
        assertEquals({ rows, damaged, failures }, { rows: COUNT, damaged: 0, failures: [] });
        assertEquals((await recover(directory)).rows, 0);
        assertEquals(readNumbers(directory).sort((a, b) => a - b), Array.from({ length: 2 * COUNT }, (_, i) => i));
      });
    });
  }

  describe(`start on a disk that cannot sync, in layout ${layout}`, { skip: cannotTrace() }, () => {
    const places: Record<string, { action: string; pathOf: (directory: string, pid: number) => string }> = {
      "a file": {
        action: "Cannot make a spool",
        pathOf: (directory, pid) => `${directory}/.spools/duration.${pid}-00000001.1.spool.tmp`,
      },
      "the directory": { action: "Cannot create the monitoring directory", pathOf: (directory) => directory },
    };
    for (const [victim, { action, pathOf }] of Object.entries(places)) {
      it(`throws with durability fsync and not with spool: ${victim}`, async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        await using recorder = new ObservedRecorderController(thisRuntime);
        const { pid } = recorder;
        await recorder.send("status");
        const paths = [pathOf(directory, pid)];
        const strace = await AttachedStrace.to({ pid, inject: INJECT, calls: CALLS, paths, log: scratch.at("trace") });
        const options = { monitoringDir: directory, layout } as const;
        const { thrown, running } = await recorder.send("start", { ...options, durability: "fsync" });
        assertEquals({ thrown, running }, {
          thrown: {
            name: "KymoError",
            code: "io",
            message: `${action}: ${quote(directory)}: ${EIO}`,
          },
          running: false,
        });
        const spooled = await recorder.send("start", { ...options, durability: "spool" });
        assertEquals({ thrown: spooled.thrown, durability: spooled.durability }, {
          thrown: undefined,
          durability: "spool",
        });
        await recorder.send("number", COUNT);
        await recorder.send("stop");
        await strace.detach();
        await recorder.send("start", { ...options, durability: "fsync" });
        await recorder.send("number", COUNT);
        const stopped = await recorder.send("stop");
        assertEquals({ flushed: stopped.flushed, errors: stopped.errors }, { flushed: COUNT, errors: 0 });
        assertEquals(readNumbers(directory).length, 2 * COUNT);
        await recorder.end();
      });
    }
  });
}
