import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { NO_LIMITS } from "../../../../src/control/retention/room.ts";
import { CsvEncoder } from "../../../../src/csv/encode.ts";
import { BackgroundRecovery } from "../../../../src/recording/recovery/background_recovery.ts";
import { MonitoringDirectory } from "../../../../src/files/directory.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";
import { csvPaths, DIRECTORY, temporaryPaths } from "../../../support/fake/published_files.ts";
import { failAll, repair } from "../../../support/fake/disk_faults.ts";
import { DEAD, killedWith } from "../../../support/spools/dead_programs.ts";
import { wrongOnceRecovered } from "../../../support/spools/recover_all.ts";

/** One beside a program on a disk, with what it reported. */
function recoveryOn(disk: MemoryDisk, interval = 1_000) {
  const runtime = new FakeRuntime(disk);
  const { clock, timers } = runtime;
  const errors: Error[] = [];
  const report = (error: Error): void => void errors.push(error);
  const directory = new MonitoringDirectory(disk, DIRECTORY);
  const recovery = new BackgroundRecovery({
    directory,
    encoder: new CsvEncoder(),
    clock,
    timers,
    interval,
    report,
    room: NO_LIMITS,
  });
  return { recovery, clock, timers, errors };
}

describe("BackgroundRecovery", () => {
  it("touches nothing before the next turn of the event loop, and then recovers all", () => {
    const { disk, rows } = killedWith(20);
    const { recovery, timers, errors } = recoveryOn(disk);
    recovery.start();
    assertEquals([csvPaths(disk), recovery.rows], [[], 0]);
    timers.advance(0);
    assertEquals([recovery.rows, recovery.damaged, errors], [40, 0, []]);
    assertEquals([rows.findIn(disk), temporaryPaths(disk)], [{ count: 40, wrong: [] }, []]);
    recovery.abandon();
    assertEquals(timers.count, 0);
  });

  it("takes a turn for each spool when time is short", () => {
    const { disk } = killedWith(80);
    const { recovery, clock, timers } = recoveryOn(disk, 0);
    clock.step = 400_000; // a turn is over with the next look at the clock
    recovery.start();
    let turns = 0;
    for (; timers.count > 0 && turns < 100; turns++) {
      const before = recovery.rows;
      timers.advance(0);
      assert(recovery.rows - before <= 80, `${recovery.rows - before} rows in a turn`);
    }
    assert(turns > 1, `${turns}`);
    assertEquals(recovery.rows, 160);
  });

  it("looks again from time to time, for those who died meanwhile", () => {
    const { disk } = killedWith(3);
    const { recovery, timers } = recoveryOn(disk);
    recovery.start();
    timers.advance(0);
    assertEquals(recovery.rows, 6);
    const later = killedWith(2, "segments", 43).disk;
    disk.plant(`${DIRECTORY}/.spools`, "directory");
    for (const path of later.paths()) if (path.endsWith(".spool")) disk.plant(path, "file", later.bytes(path));
    timers.advance(999);
    assertEquals(recovery.rows, 6);
    timers.advance(1);
    assertEquals(recovery.rows, 10);
    recovery.abandon();
  });

  it("looks once with an interval of 0", () => {
    const { recovery, timers } = recoveryOn(new MemoryDisk(), 0);
    recovery.start();
    timers.advance(0);
    assertEquals(timers.count, 0);
  });

  it("reports each failure once, and brings the rows when the disk works again", () => {
    const { disk } = killedWith(3);
    const { recovery, timers, errors } = recoveryOn(disk);
    failAll(disk, "EIO", "read");
    recovery.start();
    timers.advance(5_500);
    assertEquals([recovery.rows, errors.length, new Set(errors.map(({ message }) => message)).size], [0, 2, 2]);
    repair(disk);
    timers.advance(1_000);
    assertEquals([recovery.rows, errors.length, disk.openHandles], [6, 2, 0]);
    recovery.abandon();
  });

  it("finishes what is under way when recording stops, and begins nothing any more", async () => {
    for (const turns of [0, 1, 2, 3]) {
      const { disk, rows } = killedWith(80);
      const { recovery, clock, timers } = recoveryOn(disk);
      clock.step = 400_000;
      recovery.start();
      for (let i = 0; i < turns; i++) timers.advance(0);
      await recovery.finish();
      assertEquals([rows.findIn(disk).count, disk.openHandles, timers.count], [160, 0, 0]);
      await recovery.finish();
    }
  });

  it("waits for a lock while it finishes, and not for ever", async () => {
    const { disk, rows } = killedWith(5, "append");
    disk.plant(`${DIRECTORY}/custom.csv`, "file", "");
    const release = disk.lock(`${DIRECTORY}/custom.csv`);
    const { recovery, timers, errors } = recoveryOn(disk);
    recovery.start();
    await recovery.finish();
    release();
    assertEquals([rows.findIn(disk), errors, timers.count], [{ count: 10, wrong: [] }, [], 0]);
  });

  it("lets go after any turn, and leaves to others what it has not done", () => {
    for (const [when, killed] of Object.entries(DEAD)) {
      for (let turns = 0; turns < 12; turns++) {
        const { disk, rows } = killed();
        const { recovery, clock, timers, errors } = recoveryOn(disk);
        clock.step = 400_000;
        recovery.start();
        for (let i = 0; i < turns; i++) timers.advance(0);
        recovery.abandon();
        assertEquals([when, turns, disk.openHandles, timers.count, errors], [when, turns, 0, 0, []]);
        recovery.abandon();
        assertEquals([when, turns, wrongOnceRecovered(disk, rows)], [when, turns, []]);
      }
    }
  });

  it("counts rows that are damaged", () => {
    const { disk } = killedWith(3);
    const spool = disk.paths().find((path) => path.endsWith(".spool"))!;
    const bytes = disk.bytes(spool);
    bytes.fill(0, 256, 264);
    disk.plant(spool, "file", bytes);
    const { recovery, timers, errors } = recoveryOn(disk);
    recovery.start();
    timers.advance(10_000);
    assertEquals([recovery.rows, recovery.damaged, errors.length], [3, 3, 1]);
    recovery.abandon();
  });
});
