import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { CsvEncoder } from "../../../../src/csv/encode.ts";
import { MonitoringDirectory } from "../../../../src/files/directory.ts";
import { encodeProgramRecord, type ProgramEnd, readProgramRecord } from "../../../../src/files/program_record.ts";
import { Recovery } from "../../../../src/files/recovery.ts";
import { FileError } from "../../../../src/runtime.ts";
import { HeaderWord } from "../../../../src/segment/format.ts";
import { EPOCH, FakeRuntime } from "../../../support/fake/runtime.ts";
import type { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { DIRECTORY } from "../../../support/fake/published_files.ts";
import { killedWith } from "../../../support/spools/dead_programs.ts";
import { LATER, recoverAll } from "../../../support/spools/recover_all.ts";

const PATH = `${DIRECTORY}/program.42-00000001.json`;
const CUSTOM = `${DIRECTORY}/.spools/custom.42-00000001.1.spool`;
const DURATION = `${DIRECTORY}/.spools/duration.42-00000001.1.spool`;

const RECORD = {
  kymo: "0.1.0",
  runtime: "fake",
  runtimeVersion: "1",
  pid: 42,
  isolate: "00000001",
  kind: "main",
  name: "orders",
  clock: "fake",
  started: EPOCH + 1n,
  options: {},
} as const;

/** A disk with the spools and the record of a program that was killed after it recorded `rows` rows. */
function killed(rows: number, end?: ProgramEnd): MemoryDisk {
  const { disk } = killedWith(rows);
  disk.plant(PATH, "file", encodeProgramRecord({ ...RECORD, ...end && { end } }));
  return disk;
}

function endOf(disk: MemoryDisk): ProgramEnd | undefined {
  const read = readProgramRecord(disk, PATH);
  assert(read.ok, read.ok ? "" : read.reason);
  return read.value.end;
}

describe("the record of a dead program", () => {
  it("says after a recovery that it was killed, and was last seen at its last row", () => {
    const disk = killed(9);
    assertEquals(recoverAll(disk).failures, []);
    // The clock begins at 1 µs, and each of the 18 rows takes 1 µs.
    assertEquals(endOf(disk), { how: "killed", at: EPOCH + 19_000n });
    assertEquals(disk.paths().filter((path) => path.includes("spool") || path.endsWith(".tmp")), []);
  });

  it("says so of a program without rows: it was last seen when it began to fill its spools", () => {
    const disk = killed(0);
    assertEquals(recoverAll(disk).failures, []);
    assertEquals(endOf(disk), { how: "killed", at: EPOCH + 1_000n });
  });

  it("shows nothing that is still to come", () => {
    const disk = killed(9);
    const clock = new FakeRuntime().clock;
    clock.time = 5_500;
    const recovery = new Recovery({
      directory: new MonitoringDirectory(disk, DIRECTORY),
      encoder: new CsvEncoder(),
      clock,
    });
    for (const _ of recovery.run());
    assertEquals(endOf(disk), { how: "killed", at: EPOCH + 5_000n });
  });

  it("keeps an end that it has, and one that this version does not know", () => {
    const stopped = killed(9, { how: "stop", at: EPOCH + 5n });
    recoverAll(stopped);
    assertEquals(endOf(stopped), { how: "stop", at: EPOCH + 5n });
    const disk = killed(9);
    const text = disk.text(PATH).replace('"options"', '"end": { "how": "hibernated" }, "options"');
    disk.plant(PATH, "file", text);
    recoverAll(disk);
    assertEquals(disk.text(PATH), text);
  });

  it("keeps fields that this version does not know", () => {
    const disk = killed(9);
    disk.plant(PATH, "file", disk.text(PATH).replace('"options"', '"colour": "red", "options"'));
    recoverAll(disk);
    assertEquals(JSON.parse(disk.text(PATH)).colour, "red");
    assertEquals(endOf(disk)?.how, "killed");
  });

  const leftAlone: Readonly<Record<string, (disk: MemoryDisk) => void>> = {
    "gone": (disk) => disk.removeTree(PATH),
    "damaged": (disk) => disk.plant(PATH, "file", "{"),
    "of a later version": (disk) => disk.plant(PATH, "file", disk.text(PATH).replace('"format": 1', '"format": 2')),
    "of another process": (disk) => disk.plant(PATH, "file", disk.text(PATH).replace('"pid": 42', '"pid": 43')),
    "a pipe": (disk) => disk.plant(PATH, "other"),
    "a directory": (disk) => (disk.removeTree(PATH), disk.plant(PATH, "directory")),
    "a link": (disk) => {
      disk.move(PATH, "/elsewhere");
      disk.plant(PATH, "symlink", "/elsewhere");
    },
  };
  for (const [what, change] of Object.entries(leftAlone)) {
    it(`is left alone if it is ${what}, and the rows are recovered`, () => {
      const disk = killed(9);
      change(disk);
      const before = disk.paths().includes(PATH) ? disk.text(PATH) : undefined;
      const { failures, rows } = recoverAll(disk);
      assertEquals({ failures, rows }, { failures: [], rows: 18 });
      assertEquals(disk.paths().includes(PATH) ? disk.text(PATH) : undefined, before);
      if (what === "a link") assertEquals(disk.text("/elsewhere").includes("killed"), false);
    });
  }

  it("has no end as long as one of its spools is locked, and gets it with the last of them", () => {
    for (const path of [CUSTOM, DURATION]) {
      const disk = killed(9);
      const unlock = disk.lock(path);
      assert(recoverAll(disk).alive > 0);
      assertEquals(endOf(disk), undefined, path);
      unlock();
      recoverAll(disk);
      assertEquals(endOf(disk)?.how, "killed", path);
    }
  });

  it("has no end if a spool is of another version, which may know more", () => {
    const disk = killed(9);
    const bytes = disk.bytes(DURATION);
    new DataView(bytes.buffer).setUint32(4 * HeaderWord.version, 2, true);
    disk.plant(DURATION, "file", bytes);
    recoverAll(disk);
    assertEquals(endOf(disk), undefined);
  });

  it("is whole, and says killed before the last spool goes, wherever the recovery is killed", () => {
    const disk = killed(9);
    let kills = 0;
    disk.before = () => {
      const dead = disk.clone();
      const end = endOf(dead);
      assert(end !== undefined || dead.paths().includes(CUSTOM));
      recoverAll(dead);
      assertEquals(endOf(dead), { how: "killed", at: EPOCH + 19_000n });
      assertEquals(dead.paths().filter((path) => path.endsWith(".tmp")), []);
      kills++;
    };
    recoverAll(disk);
    assert(kills > 20);
  });

  it("is not needed for the rows: if it cannot be written, that is reported and they are recovered", () => {
    const disk = killed(9);
    disk.before = (operation, path) => {
      if (operation === "rename" && path.includes(".json")) throw new FileError("EIO", "input/output error");
    };
    const { failures, rows } = recoverAll(disk);
    assertEquals(rows, 18);
    assertEquals(failures.map(({ message }) => message), [
      `Cannot write the end of a program: "${PATH}": input/output error`,
    ]);
    assertEquals(endOf(disk), undefined);
  });

  it("gets one end from two recoveries at once", () => {
    const disk = killed(9);
    const directory = new MonitoringDirectory(disk, DIRECTORY);
    const runs = [1, 2].map(() => new Recovery({ directory, encoder: new CsvEncoder(), clock: LATER }).run());
    for (let left = runs; left.length > 0;) left = left.filter((run) => !run.next().done);
    assertEquals(endOf(disk), { how: "killed", at: EPOCH + 19_000n });
  });
});
