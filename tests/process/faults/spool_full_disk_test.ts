import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readdirSync } from "node:fs";
import { recover } from "../../../mod.ts";
import { quotePath } from "../../../src/errors.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { PATIENCE } from "../../support/process/recorder_controller.ts";
import { thisRuntime } from "../../support/process/run.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import { readNumbers } from "../../support/process/recorded_numbers.ts";
import { ObservedRecorderController, type ObservedState } from "../../support/process/observed_recorder_controller.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";
import { cannotMount, DISK_KINDS, SmallDisk } from "../../support/disks/small_disk.ts";
import { assertNumbersConserved } from "../../support/process/recorded_numbers.ts";

const ENOSPC = "no space left on device";

/** Two spools of 128 KiB for each channel. */
const MEMORY_THRESHOLD = 2 ** 18;

/** Observations that fill one spool and start another, and that fill both. */
const MORE_THAN_ONE = 10_000;
const MORE_THAN_BOTH = 20_000;

const TIMES = shortOrFull(1, 10);

/** The reports that no spool could be created. */
function spoolReports({ reports }: ObservedState): readonly string[] {
  return reports.filter((report) => report.startsWith("Cannot make a spool"));
}

for (const kind of DISK_KINDS) {
  describe(`recording with spools on ${kind}`, { skip: cannotMount(kind) }, () => {
    const optionsFor = ({ directory }: SmallDisk) => ({
      monitoringDir: directory,
      memoryThreshold: MEMORY_THRESHOLD,
      flushInterval: 50,
    });

    it("does not start on a full disk, and leaves no file", async () => {
      using scratch = scratchDirectory();
      await using disk = await SmallDisk.make(kind, scratch.path);
      await using recorder = new ObservedRecorderController(thisRuntime, disk.wrapper);
      const options = { ...optionsFor(disk), withRuntime: true };
      const rooms = {
        "none": () => disk.fill(),
        "less than a spool takes": () => disk.fillBut(64 * 1024),
        "enough for one spool, but not for another": () => disk.fillBut(160 * 1024),
      };
      for (const [room, fill] of Object.entries(rooms)) {
        fill();
        const { thrown, running } = await recorder.send("start", options);
        assertEquals([thrown?.name, thrown?.code, running], ["KymoError", "io", false], room);
        // Which of the two depends on whether there is room for the spool directory.
        const [what, ...rest] = thrown!.message.split(": ");
        assertMatch(what!, /^Cannot (make a spool|create the monitoring directory)$/);
        assertEquals(rest.join(": "), `${quotePath(disk.directory)}: ${ENOSPC}`);
        assertEquals(readdirSync(disk.seen), ["ballast"], room);
        disk.empty();
      }
      assertEquals((await recorder.send("start", options)).durability, "spool");
      await recorder.send("number", MORE_THAN_BOTH);
      const stopped = await recorder.send("stop");
      assertEquals({ dropped: stopped.dropped, errors: stopped.errors }, { dropped: 0, errors: 0 });
      assertEquals(readNumbers(disk.seen).length, MORE_THAN_BOTH);
      await recorder.end();
      recordFigure(5, `${kind}: start refused with KymoError, with room for no, half a and one spool; exit 0`);
    });

    it("uses memory when the disk is full at a roll-over, reports that once, and uses spools again once there is room", async () => {
      using scratch = scratchDirectory();
      await using disk = await SmallDisk.make(kind, scratch.path);
      await using recorder = new ObservedRecorderController(thisRuntime, disk.wrapper);
      await recorder.send("start", { ...optionsFor(disk), flushInterval: 0 });
      const first = await recorder.send("number", 10);
      assertEquals({ durability: first.durability, errors: first.errors }, { durability: "spool", errors: 0 });
      disk.fill();
      await recorder.send("number", MORE_THAN_ONE);
      const full = await recorder.send("number", MORE_THAN_BOTH);
      assertEquals({ durability: full.durability, running: full.running }, { durability: "memory", running: true });
      assertEquals(spoolReports(full).length, 1);
      assertStringIncludes(spoolReports(full)[0]!, `${quotePath(disk.directory)}: ${ENOSPC}`);
      assert(full.buffered > 7_000 && full.dropped > 0 && full.flushed === 0);
      assertNumbersConserved(full, disk.seen);

      disk.empty();
      await recorder.send("flush", 1);
      await recorder.send("number", 3 * MORE_THAN_ONE);
      const { dropped, durability, ...spooling } = await recorder.send("number", 100);
      assertEquals({ dropped, durability }, { dropped: full.dropped, durability: "spool" });
      assertEquals(spoolReports({ dropped, durability, ...spooling }).length, 1);
      assert(spooling.buffered >= 100);
      recorder.kill("SIGKILL");
      await recorder.ended;
      const { rows, damaged, alive, failures } = await recover(disk.seen);
      assertEquals({ damaged, alive, failures }, { damaged: 0, alive: 0, failures: [] });
      // Of the two segments, the full one may have been flushed before the kill.
      assert(rows >= 100 && rows <= spooling.buffered, `${rows} rows of ${spooling.buffered} were recovered`);
      const numbers = readNumbers(disk.seen);
      const kept = spooling.recorded - dropped;
      assertEquals({ rows: numbers.length, different: new Set(numbers).size }, { rows: kept, different: kept });
      recordFigure(
        5,
        `${kind}: full at the roll-over, in memory with one report, spools again: SIGKILL then loses nothing`,
      );
    });

    it("uses memory, and reports that once, while there is room for files but not for a spool", async () => {
      using scratch = scratchDirectory();
      await using disk = await SmallDisk.make(kind, scratch.path);
      await using recorder = new ObservedRecorderController(thisRuntime, disk.wrapper);
      await recorder.send("start", optionsFor(disk));
      disk.fillBut(64 * 1024);
      for (let flushed = 10; flushed <= 50; flushed += 10) {
        await recorder.send("number", 10);
        const state = await recorder.send("settle", PATIENCE);
        assertEquals({ flushed: state.flushed, durability: state.durability }, { flushed, durability: "memory" });
        assertEquals(spoolReports(state).length, 1);
        assertEquals(state.errors, 1);
      }
      disk.empty();
      await recorder.send("number", 10);
      await recorder.send("settle", PATIENCE);
      const spooling = await recorder.send("number", 10);
      assertEquals({ durability: spooling.durability, errors: spooling.errors }, { durability: "spool", errors: 1 });
      assertNumbersConserved(await recorder.send("stop"), disk.seen);
      await recorder.end();
    });

    it("goes on when other programs fill the disk", async () => {
      using scratch = scratchDirectory();
      await using disk = await SmallDisk.make(kind, scratch.path);
      await using recorder = new ObservedRecorderController(thisRuntime, disk.wrapper);
      await recorder.send("start", optionsFor(disk));
      // Both its spools exist then, and hardly any page of them was written.
      await recorder.send("number", 10);
      await recorder.send("settle", PATIENCE);
      let before = await recorder.send("number", 10);
      for (let i = 0; i < TIMES; i++) {
        disk.fill();
        const full = await recorder.send("number", MORE_THAN_BOTH);
        assertEquals({ running: full.running, durability: full.durability }, { running: true, durability: "spool" });
        const { buffered, dropped, errors } = full;
        assert(buffered > 6_000 && dropped > before.dropped && errors > before.errors, JSON.stringify(full));
        assertStringIncludes(full.lastError!, ENOSPC);
        assertNumbersConserved(full, disk.seen);
        disk.empty();
        const freed = await recorder.send("settle", PATIENCE);
        assertEquals({ buffered: freed.buffered, dropped: freed.dropped }, { buffered: 0, dropped: full.dropped });
        assertNumbersConserved(freed, disk.seen);
        before = freed;
      }
      const stopped = await recorder.send("stop");
      assertNumbersConserved(stopped, disk.seen);
      assertEquals(Object.keys(stopped.files).filter((name) => name.startsWith(".")), []);
      await recorder.end();
      recordFigure(5, `${kind}: filled ${TIMES} times by others under the mapped spools: no SIGBUS, conserved`);
    });
  });
}
