import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { MonitoringDirectory } from "../../../../src/files/directory.ts";
import { type Liveness, ProgramOwners } from "../../../../src/files/liveness.ts";
import { failAll } from "../../../support/fake/disk_faults.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { DIRECTORY } from "../../../support/published_files.ts";
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
