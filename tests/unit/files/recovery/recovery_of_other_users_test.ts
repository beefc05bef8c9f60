import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { NO_LIMITS } from "../../../../src/control/retention/room.ts";
import { CsvEncoder } from "../../../../src/csv/encode.ts";
import { wholeRowsEnd } from "../../../../src/files/append_file.ts";
import { MonitoringDirectory } from "../../../../src/files/directory.ts";
import type { Layout } from "../../../../src/files/names.ts";
import { BackgroundRecovery } from "../../../../src/recording/recovery/background_recovery.ts";
import { FileError } from "../../../../src/runtime.ts";
import { repair } from "../../../support/fake/disk_faults.ts";
import type { DiskOperation, MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { programRecord } from "../../../support/fake/program_record.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";
import { encodeProgramRecord } from "../../../../src/files/program_record.ts";
import { csvPaths, DIRECTORY } from "../../../support/fake/published_files.ts";
import { type Dead, killAt, killedWith } from "../../../support/spools/dead_programs.ts";
import { recoverAll, wrongAfter } from "../../../support/spools/recover_all.ts";

const SPOOLS = `${DIRECTORY}/.spools`;

/** Makes operations of these kinds on spools fail, as for another user. */
function refuse(disk: MemoryDisk, ...kinds: DiskOperation[]): void {
  disk.before = (operation, path) => {
    if (kinds.includes(operation) && path.endsWith(".spool")) throw new FileError("EACCES", "permission denied");
  };
}

const spoolsOn = ({ disk }: Dead): number => disk.paths().filter((path) => path.endsWith(".spool")).length;

describe("recovery of the spools of another user", () => {
  it("leaves alone what it may not read, counts it, and says so once", () => {
    const dead = killedWith(3);
    const before = dead.disk.clone();
    refuse(dead.disk, "open");
    const { failures, ...summary } = recoverAll(dead.disk);
    assertEquals(summary, { spools: 0, rows: 0, damaged: 0, alive: 0, refused: 2 });
    assertEquals(failures.map(({ code, message }) => [code, message]), [
      ["permission-denied", `Cannot recover the spools of other users: "${SPOOLS}": permission denied`],
    ]);
    assertEquals(dead.disk.paths(), before.paths());
  });

  it("knows that the owner lives where it may read a spool and not write it", () => {
    const dead = killedWith(3);
    const [path = ""] = dead.disk.paths().filter((path) => path.endsWith(".spool"));
    dead.disk.lock(path);
    const { open } = dead.disk;
    dead.disk.open = (path, access) => {
      if (access === undefined && path.endsWith(".spool")) throw new FileError("EACCES", "permission denied");
      return open.call(dead.disk, path, access);
    };
    const { alive, refused, rows } = recoverAll(dead.disk);
    // With the first spool of a program it knows of all.
    assertEquals({ alive, refused, rows }, { alive: 2, refused: 0, rows: 0 });
  });

  for (const layout of ["segments", "append"] as Layout[]) {
    it(`publishes each row once where it may not remove spools, in layout ${layout}`, () => {
      const dead = killedWith(3, layout);
      refuse(dead.disk, "remove", "rename");
      const { rows, spools, failures } = recoverAll(dead.disk);
      assertEquals([rows, spools, failures, spoolsOn(dead)], [6, 2, [], 2]);
      const again = recoverAll(dead.disk);
      assertEquals([again.rows, again.spools, again.failures], [0, 0, []]);
      assertEquals(dead.rows.findIn(dead.disk), { count: 6, wrong: [] });

      repair(dead.disk); // their owner comes
      assertEquals(wrongAfter(dead.disk, dead.rows, recoverAll(dead.disk)), []);
    });
  }

  it("deals with each spool once in a running program, and reports and counts it once", () => {
    const dead = killedWith(3);
    const [damaged = ""] = dead.disk.paths().filter((path) => path.endsWith(".spool"));
    const bytes = dead.disk.bytes(damaged);
    bytes.fill(0, 256, 264);
    dead.disk.plant(damaged, "file", bytes);
    refuse(dead.disk, "remove", "rename");
    const { clock, timers } = new FakeRuntime(dead.disk);
    const errors: Error[] = [];
    const recovery = new BackgroundRecovery({
      directory: new MonitoringDirectory(dead.disk, DIRECTORY),
      encoder: new CsvEncoder(),
      room: NO_LIMITS,
      clock,
      timers,
      interval: 1_000,
      report: (error) => void errors.push(error),
    });
    recovery.start();
    timers.advance(5_500);
    assertEquals([recovery.rows, recovery.damaged], [3, 3]);
    assertEquals(errors.map(({ message }) => message), [
      `Cannot recover: "${damaged}": some of its rows are damaged`,
    ]);
    recovery.abandon();
  });

  it("has each row once where it may only read the file that a program was appending to", () => {
    for (const nth of [1, 2, 3, 5]) {
      const dead = killAt("append", "write", "/custom.csv", nth);
      const { open } = dead.disk;
      dead.disk.open = (path, access) => {
        if (access === undefined && path.endsWith("/custom.csv")) throw new FileError("EACCES", "permission denied");
        return open.call(dead.disk, path, access);
      };
      assertEquals(recoverAll(dead.disk).failures, []);
      dead.disk.open = open;
      const end = wholeRowsEnd(
        dead.disk.open(`${DIRECTORY}/custom.csv`),
        dead.disk.bytes(`${DIRECTORY}/custom.csv`).length,
      );
      const whole = dead.disk.bytes(`${DIRECTORY}/custom.csv`).slice(0, end); // as the next writer leaves it
      dead.disk.plant(`${DIRECTORY}/custom.csv`, "file", whole);
      assertEquals([nth, dead.rows.findIn(dead.disk)], [nth, { count: dead.rows.size, wrong: [] }]);
    }
  });

  it("gives files the bits and the owner of their spool, but no right to run them", () => {
    const { disk } = killedWith(3);
    for (const path of disk.paths().filter((path) => path.endsWith(".spool"))) {
      disk.permit(path, { mode: 0o751, user: 1_001, group: 1_002 });
    }
    assertEquals(recoverAll(disk).failures, []);
    for (const path of csvPaths(disk)) {
      assertEquals(disk.status(path)?.access, { mode: 0o640, user: 1_001, group: 1_002 });
    }
  });

  it("leaves a program record as open as it is", () => {
    const { disk } = killedWith(3);
    const path = recordOn(disk, 42);
    disk.permit(path, { mode: 0o644, user: 1_001 });
    recoverAll(disk);
    assertEquals(disk.status(path)?.access, { mode: 0o644, user: 1_001, group: 0 });
    assertMatch(disk.text(path), /"killed"/);
  });

  it("says once that it may not write the records of others, and publishes their rows", () => {
    const { disk } = killedWith(3);
    killedWith(1, "segments", 43, disk);
    recordOn(disk, 42);
    recordOn(disk, 43);
    const killed = disk.clone();
    killed.before = (operation, path) => {
      if (operation === "rename" && path.includes(".json")) throw new FileError("EPERM", "operation not permitted");
    };
    const { failures, rows } = recoverAll(killed);
    assertEquals(rows, 8);
    assertEquals(failures.map(({ message }) => message), [
      `Cannot write the end of a program: "${DIRECTORY}": operation not permitted`,
    ]);
  });
});

/** Puts the record of a program that has not ended on a disk. Returns its path. */
function recordOn(disk: MemoryDisk, pid: number): string {
  const path = `${DIRECTORY}/program.${pid}-00000001.json`;
  disk.plant(path, "file", encodeProgramRecord(programRecord({ pid, isolate: "00000001" })));
  return path;
}
