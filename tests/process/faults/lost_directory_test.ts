import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { recover } from "../../../mod.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { PATIENCE, RecorderController, type RecorderState } from "../../support/process/recorder_controller.ts";
import { thisRuntime } from "../../support/process/run.ts";
import {
  canMount,
  mountAgain,
  remount,
  seenFromOutside,
  unmount,
  withSmallDisk,
} from "../../support/disks/mounted_tmpfs.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import { assertNumbersConserved, readNumbers } from "../../support/process/recorded_numbers.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";
import { SMALL_BUFFERS } from "../../support/small_buffers.ts";

const LAYOUTS = ["segments", "append"] as const;

const cannotMount = !canMount() && "this system lets us mount no disk";

/** ms. Recording must resume within two intervals; one of them is a margin for a busy machine. */
const FLUSH_INTERVAL = shortOrFull(1_000, 2_000);

/** How often the directory disappears. */
const TIMES = shortOrFull(1, 3);

/** How a directory is made unusable and usable again. Both use the path that the program uses. */
interface Loss {
  /** Beginning of the reported error; `undefined` if there may be none. */
  readonly reason: string | undefined;
  take(directory: string, pid: number): void;
  giveBack(directory: string, pid: number): void;
}

const LOSSES: Readonly<Record<string, Loss & { readonly onSmallDisk?: boolean }>> = {
  "replaced by a file": {
    reason: "a file of that name already exists",
    take(directory) {
      renameSync(directory, `${directory}.kept`);
      writeFileSync(directory, "theirs");
    },
    giveBack(directory) {
      assertEquals(readFileSync(directory, "utf8"), "theirs");
      rmSync(directory);
      renameSync(`${directory}.kept`, directory);
    },
  },
  "made read-only": {
    onSmallDisk: true,
    reason: "read-only file system",
    take: (directory, pid) => remount(pid, directory, "ro"),
    giveBack: (directory, pid) => remount(pid, directory, "rw"),
  },
};

for (const layout of LAYOUTS) {
  describe(`monitoring directory in layout ${layout} that is`, () => {
    const optionsFor = (monitoringDir: string) => ({
      monitoringDir,
      layout,
      ...SMALL_BUFFERS,
      flushInterval: FLUSH_INTERVAL,
    });

    it("deleted is created again within two flush intervals", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const recorder = new RecorderController(thisRuntime);
      await recorder.send("start", optionsFor(directory));
      const numbers: number[] = [];
      for (let i = 0; i < TIMES; i++) {
        await recorder.send("number", 1000);
        assertKept(await recorder.send("settle", 2 * FLUSH_INTERVAL));
        numbers.push(...readNumbers(directory));
        rmSync(directory, { recursive: true });
        await recorder.send("number", 1000);
        assertKept(await recorder.send("settle", 2 * FLUSH_INTERVAL));
        assert(existsSync(directory));
      }
      await recorder.send("number", 300);
      const stopped = await recorder.send("stop");
      assertKept(stopped);
      numbers.push(...readNumbers(directory));
      assertEquals(numbers.toSorted((one, other) => one - other), range(stopped.recorded));
      assertEquals(unpublished(directory), []);
      await recorder.end();
      recordFigure(7, `${layout}: deleted ${TIMES} times, no row lost but those in the deleted files`);
    });

    for (const [name, loss] of Object.entries(LOSSES)) {
      const skip = loss.onSmallDisk === true && cannotMount;
      it(`${name} is written to again within two flush intervals once it is back`, { skip }, async () => {
        using scratch = scratchDirectory();
        const directory = loss.onSmallDisk ? scratch.path : scratch.at("monitoring");
        const recorder = new RecorderController(thisRuntime, loss.onSmallDisk ? withSmallDisk(directory) : []);
        const seen = loss.onSmallDisk ? seenFromOutside(recorder.pid, directory) : directory;
        assertEquals((await recorder.send("start", optionsFor(directory))).thrown, undefined);
        await recorder.send("number", 300);
        let state = await recorder.send("settle", 2 * FLUSH_INTERVAL);
        assertKept(state);
        for (let i = 0; i < TIMES; i++) {
          loss.take(directory, recorder.pid);
          const refused = await recorder.send("number", 5_000);
          assert(refused.errors > state.errors && refused.buffered > 0 && refused.dropped > state.dropped);
          assertStringIncludes(refused.lastError!, loss.reason!);
          assertEquals(refused.recorded, refused.flushed + refused.buffered + refused.dropped);
          loss.giveBack(directory, recorder.pid);
          state = await recorder.send("settle", 2 * FLUSH_INTERVAL);
          assertEquals(state.buffered, 0);
          assertNumbersConserved(state, seen);
        }
        await recorder.send("number", 300);
        const stopped = await recorder.send("stop");
        assertEquals(stopped.dropped, state.dropped);
        assertNumbersConserved(stopped, seen);
        assertEquals((await recover(seen)).rows, 0);
        assertEquals(unpublished(seen), []);
        await recorder.end();
        recordFigure(
          7,
          `${layout}: ${name} ${TIMES} times, conserved, resumed within 2 intervals of ${FLUSH_INTERVAL} ms`,
        );
      });
    }
  });
}

describe("monitoring directory on a volume that is unmounted", () => {
  for (const durability of ["memory", "spool"] as const) {
    it(
      `is not created below the mount point, and gets all rows once the volume is back, with durability ${durability}`,
      {
        skip: cannotMount,
      },
      async () => {
        using scratch = scratchDirectory();
        for (const name of ["volume", "also"]) mkdirSync(scratch.at(name));
        const directory = scratch.at("volume/monitoring");
        await using recorder = new RecorderController(thisRuntime, withSmallDisk(scratch.at("volume")));
        await recorder.send("status"); // it has mounted its disk
        // So that the same disk can be mounted again after it was unmounted.
        mountAgain(recorder.pid, scratch.at("volume"), scratch.at("also"));
        const seen = seenFromOutside(recorder.pid, directory);
        const options = { monitoringDir: directory, memoryThreshold: 2 ** 16, flushInterval: FLUSH_INTERVAL };
        assertEquals((await recorder.send("start", { ...options, durability })).durability, durability);
        await recorder.send("number", 300);
        await recorder.send("flush");
        unmount(recorder.pid, scratch.at("volume"));
        await recorder.send("number", 300);
        const lost = await recorder.send("flush");
        assertEquals([lost.flushed, lost.buffered, lost.dropped], [300, 300, 0]);
        // Of the rows or of the next spool.
        assertStringIncludes(lost.lastError!, "the volume that it was on is not mounted");
        assertEquals(readdirSync(seenFromOutside(recorder.pid, scratch.at("volume"))), []);

        mountAgain(recorder.pid, scratch.at("also"), scratch.at("volume"));
        const { flushed, buffered, dropped } = await recorder.send("flush");
        assertEquals([flushed, buffered, dropped], [600, 0, 0]);
        assertEquals(readNumbers(seen), range(600));
        await recorder.send("stop");
        await recorder.end();
      },
    );
  }
});

for (const durability of ["memory", "spool"] as const) {
  describe(`monitoring directory that stays read-only, with durability ${durability},`, () => {
    const kept = durability === "spool";
    it(`lets the program stop, and unwritten rows are ${kept ? "kept in spools" : "counted as lost"}`, {
      skip: cannotMount,
    }, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.path;
      const recorder = new RecorderController(thisRuntime, withSmallDisk(directory));
      const seen = seenFromOutside(recorder.pid, directory);
      const options = { monitoringDir: directory, durability, ...SMALL_BUFFERS };
      assertEquals((await recorder.send("start", options)).durability, durability);
      await recorder.send("number", 300);
      assertKept(await recorder.send("settle", PATIENCE));
      remount(recorder.pid, directory, "ro");
      await recorder.send("number", 200);
      const { flushed, buffered, dropped } = await recorder.send("stop");
      assertEquals({ flushed, buffered, dropped }, { flushed: 300, buffered: kept ? 200 : 0, dropped: kept ? 0 : 200 });
      const { thrown } = await recorder.send("start", options);
      assertEquals([thrown?.name, thrown?.code], ["KymoError", "io"]);
      remount(recorder.pid, directory, "rw");
      assertEquals((await recover(seen)).rows, buffered);
      assertEquals(readNumbers(seen), range(flushed + buffered));
      assertEquals(unpublished(seen), []);
      await recorder.end();
    });
  });
}

function range(end: number): number[] {
  return Array.from({ length: end }, (_, i) => i);
}

/** Asserts that all rows are written, and that there was no error. */
function assertKept({ recorded, flushed, dropped, errors }: RecorderState): void {
  assertEquals({ flushed, dropped, errors }, { flushed: recorded, dropped: 0, errors: 0 });
}

function unpublished(directory: string): string[] {
  return readdirSync(directory).filter((name) => !/^(custom\..*csv|program\..*json)$/.test(name));
}
