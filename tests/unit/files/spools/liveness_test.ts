import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { MonitoringDirectory } from "../../../../src/files/directory.ts";
import { settleDeadPrograms } from "../../../../src/files/dead_program.ts";
import { LifeLock, type Liveness, ProgramOwners } from "../../../../src/files/liveness.ts";
import { failAll } from "../../../support/fake/disk_faults.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { DIRECTORY } from "../../../support/fake/published_files.ts";
import { KilledProgram } from "../../../support/spools/killed_program.ts";
import { RecordedRows } from "../../../support/spools/recorded_rows.ts";

const PROCESS = { pid: 42, isolate: "00000001" };

/** A disk on which a program is recording. */
function diskWithProgram(): { readonly disk: MemoryDisk; readonly program: KilledProgram } {
  const disk = new MemoryDisk();
  return { disk, program: new KilledProgram(disk, new RecordedRows(), { layout: "segments", durability: "spool" }) };
}

const livenessOn = (disk: MemoryDisk, process = PROCESS): Liveness =>
  new ProgramOwners(new MonitoringDirectory(disk, DIRECTORY)).liveness(process);

describe("liveness of a process", () => {
  it("is alive while it holds the lock of a spool, and asking leaves no file open", () => {
    const { disk } = diskWithProgram();
    assertEquals(livenessOn(disk), "alive");
    assertEquals(livenessOn(disk), "alive");
    assertEquals(disk.openHandles, 0);
  });

  it("is dead if its spools are there and none is locked, however often it is asked", () => {
    const disk = diskWithProgram().disk.clone();
    assertEquals(livenessOn(disk), "dead");
    assertEquals(livenessOn(disk), "dead");
    const unlock = disk.lock(`${DIRECTORY}/.spools/duration.42-00000001.1.spool`);
    assertEquals(livenessOn(disk), "alive", "one of its spools is locked");
    unlock();
    assertEquals(livenessOn(disk), "dead");
  });

  it("is not known of a process without spools, also if another has its PID", () => {
    const { disk } = diskWithProgram();
    assertEquals(livenessOn(disk, { pid: 42, isolate: "00000002" }), "unknown");
    assertEquals(livenessOn(disk, { pid: 43, isolate: "00000001" }), "unknown");
    assertEquals(livenessOn(new MemoryDisk()), "unknown");
  });

  it("is told by its lock file where it has no spools, and does not outlive it", () => {
    const disk = new MemoryDisk();
    const lock = new LifeLock(new MonitoringDirectory(disk, DIRECTORY), PROCESS);
    lock.hold();
    lock.hold();
    assertEquals(livenessOn(disk), "alive");
    assertEquals(livenessOn(disk.clone()), "dead");
    assertEquals(new ProgramOwners(new MonitoringDirectory(disk, DIRECTORY)).processes, [PROCESS]);
    lock.end();
    lock.end();
    assertEquals([livenessOn(disk), disk.openHandles, disk.paths()], ["unknown", 0, [DIRECTORY]]);
  });

  it("is not known where files cannot be locked, though there is a lock file", () => {
    const disk = new MemoryDisk({ locks: false });
    new LifeLock(new MonitoringDirectory(disk, DIRECTORY), PROCESS).hold();
    assertEquals(livenessOn(disk), "unknown");
    settleDeadPrograms(new MonitoringDirectory(disk, DIRECTORY));
    assertEquals(disk.paths().length, 3);
  });

  it("is not known once it has closed its spools", async () => {
    const { disk, program } = diskWithProgram();
    await program.channels.close();
    assertEquals(livenessOn(disk), "unknown");
  });

  for (const operation of ["list", "open", "lock", "status"] as const) {
    it(`is not known if ${operation} fails`, () => {
      const { disk } = diskWithProgram();
      failAll(disk, "EACCES", operation);
      assertEquals(livenessOn(disk), "unknown");
      assertEquals(disk.openHandles, 0);
    });
  }

  it("does not follow a link among the spools, nor open a pipe", () => {
    const { disk } = diskWithProgram();
    disk.removeTree(`${DIRECTORY}/.spools`);
    disk.plant(`${DIRECTORY}/.spools`, "directory");
    disk.plant("/precious", "file");
    disk.plant(`${DIRECTORY}/.spools/duration.42-00000001.1.spool`, "symlink", "/precious");
    disk.plant(`${DIRECTORY}/.spools/custom.42-00000001.1.spool`, "other");
    disk.before = (operation, path) => {
      if (operation === "open") throw new Error(`opened ${path}`);
    };
    assertEquals(livenessOn(disk), "unknown");
  });
});

describe("what programs leave among the programs", () => {
  const PROGRAMS = `${DIRECTORY}/.programs`;
  const remaining = (disk: MemoryDisk): string[] => {
    settleDeadPrograms(new MonitoringDirectory(disk, DIRECTORY));
    assertEquals(disk.openHandles, 0);
    return disk.paths().filter((path) => path.startsWith(PROGRAMS));
  };

  it("is removed once they are dead, with their directory", () => {
    const disk = new MemoryDisk();
    new LifeLock(new MonitoringDirectory(disk, DIRECTORY), PROCESS).hold();
    const killed = disk.clone();
    killed.plant(`${PROGRAMS}/42-00000001.json`, "file");
    assertEquals(remaining(killed), []);
  });

  it("stays while they live, or their spools wait for recovery", () => {
    const { disk } = diskWithProgram();
    disk.plant(PROGRAMS, "directory");
    const answer = `${PROGRAMS}/42-00000001.json`;
    disk.plant(answer, "file");
    assertEquals(remaining(disk), [PROGRAMS, answer]);
    disk.removeTree(`${DIRECTORY}/.spools`);
    assertEquals(remaining(disk), []);
  });

  it("stays if it is of something else", () => {
    const disk = new MemoryDisk();
    disk.plant(DIRECTORY, "directory");
    disk.plant(PROGRAMS, "directory");
    disk.plant(`${PROGRAMS}/notes.txt`, "file");
    assertEquals(remaining(disk), [PROGRAMS, `${PROGRAMS}/notes.txt`]);
  });
});
