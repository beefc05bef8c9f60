import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { recover } from "../../../mod.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { PATIENCE, RecorderController } from "../../support/process/recorder_controller.ts";
import { thisRuntime } from "../../support/process/run.ts";
import { canMount, seenFromOutside, withSmallDisk } from "../../support/disks/mounted_tmpfs.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import { assertNumbersConserved, readNumbers } from "../../support/process/recorded_numbers.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";
import { SMALL_BUFFERS } from "../../support/small_buffers.ts";

const LAYOUTS = ["segments", "append"] as const;

const skip = !canMount() && "this system lets us mount no disk";

/** ms. Recording must resume within two intervals; one of them is a margin for a busy machine. */
const FLUSH_INTERVAL = shortOrFull(1_000, 2_000);

/** Observations made while the disk is full. Keeping them would take at least 16 bytes each. */
const FLOOD = shortOrFull(2_000_000, 20_000_000);

/** Allowed growth of the program in that time, bytes. */
const MOST_GROWTH = 10_000_000;

for (const layout of LAYOUTS) {
  describe(`recording on a disk of 1 MiB that fills up and is freed, in layout ${layout}`, () => {
    it(
      "tears and repeats no row, does not grow, and resumes within two flush intervals",
      { skip },
      async () => {
        using scratch = scratchDirectory();
        const recorder = new RecorderController(thisRuntime, withSmallDisk(scratch.path));
        const seen = seenFromOutside(recorder.pid, scratch.path);
        const options = { monitoringDir: scratch.path, layout, ...SMALL_BUFFERS, flushInterval: FLUSH_INTERVAL };
        await recorder.send("start", options);
        assertEquals((await recorder.send("number", 100)).thrown, undefined);
        assertNumbersConserved(await recorder.send("settle", 2 * FLUSH_INTERVAL), seen);
        fill(join(seen, "ballast"));

        const full = await recorder.send("number", shortOrFull(200_000, 1_000_000));
        assert(full.errors > 0 && full.buffered > 0 && full.dropped > 0);
        assertStringIncludes(full.lastError!, "no space left on device");
        assertNumbersConserved(full, seen);
        const flooded = await recorder.send("number", FLOOD);
        const growth = flooded.rss - full.rss;
        assert(growth < MOST_GROWTH, `it grew by ${growth} bytes`);
        assertEquals(flooded.buffered, full.buffered);
        assertNumbersConserved(flooded, seen);

        unlinkSync(join(seen, "ballast"));
        const freed = await recorder.send("settle", 2 * FLUSH_INTERVAL);
        assertEquals({ buffered: freed.buffered, dropped: freed.dropped }, { buffered: 0, dropped: flooded.dropped });
        assertNumbersConserved(freed, seen);
        await recorder.send("number", 300);
        const stopped = await recorder.send("stop");
        assertEquals(stopped.dropped, freed.dropped);
        assertNumbersConserved(stopped, seen);
        await recorder.end();
        recordFigure(
          4,
          `${layout}: ${FLOOD} observations on the full disk, RSS growth ${(growth / 1e6).toFixed(1)} MB; ` +
            `resumed within 2 intervals of ${FLUSH_INTERVAL} ms; 0 torn, 0 duplicates`,
        );
      },
    );
  });
}

for (const durability of ["memory", "spool"] as const) {
  for (const layout of LAYOUTS) {
    describe(`recording on a disk of 1 MiB that stays full, in layout ${layout} with durability ${durability}`, () => {
      const kept = durability === "spool";
      it(
        `stops, and counts the lost rows${kept ? "; rows in spools are recovered" : ""}`,
        { skip },
        async () => {
          using scratch = scratchDirectory();
          const recorder = new RecorderController(thisRuntime, withSmallDisk(scratch.path));
          const seen = seenFromOutside(recorder.pid, scratch.path);
          const options = { monitoringDir: scratch.path, layout, durability, ...SMALL_BUFFERS };
          assertEquals((await recorder.send("start", options)).durability, durability);
          await recorder.send("number", 300);
          await recorder.send("settle", PATIENCE);
          fill(join(seen, "ballast"));
          await recorder.send("number", 60_000);
          const stopped = await recorder.send("stop");
          assert(stopped.flushed >= 300 && stopped.dropped > 0);
          assertEquals(stopped.buffered > 0, kept);
          assertNumbersConserved(stopped, seen);
          unlinkSync(join(seen, "ballast"));
          assertEquals((await recover(seen)).rows, stopped.buffered);
          const numbers = readNumbers(seen);
          assertEquals(numbers.length, stopped.flushed + stopped.buffered);
          assertEquals(new Set(numbers).size, numbers.length);
          assertEquals(readdirSync(seen).filter((name) => !/^(custom\..*csv|program\..*json)$/.test(name)), []);
          await recorder.end();
        },
      );
    });
  }
}

/** Writes a file until the disk is full. */
function fill(path: string): void {
  for (const size of [65_536, 4_096, 1]) {
    const block = new Uint8Array(size);
    try {
      for (;;) writeFileSync(path, block, { flag: "a" });
    } catch (error) {
      assertEquals((error as { code?: string }).code, "ENOSPC");
    }
  }
}
