import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { CsvEncoder } from "../../../../src/csv/encode.ts";
import { KymoError } from "../../../../src/errors.ts";
import { MAX_LABEL_BYTES } from "../../../../src/segment/format.ts";
import { Segment } from "../../../../src/segment/segment.ts";
import { HeaderWord } from "../../../../src/segment/format.ts";
import { MonitoringDirectory } from "../../../../src/files/directory.ts";
import { spoolFileName } from "../../../../src/files/names.ts";
import { Recovery } from "../../../../src/files/recovery.ts";
import { isFullSuite } from "../../../support/faults/suite_size.ts";
import { randomNumbers } from "../../../support/random.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { csvPaths, DIRECTORY, temporaryPaths } from "../../../support/fake/published_files.ts";
import { DISK_ERRORS, failAll, failBetween, repair } from "../../../support/fake/disk_faults.ts";
import { KilledProgram } from "../../../support/spools/killed_program.ts";
import { DEAD, killAt, killedWith } from "../../../support/spools/dead_programs.ts";
import { LATER, recoverAll, wrongAfter, wrongOnceRecovered } from "../../../support/spools/recover_all.ts";
import { RecordedRows } from "../../../support/spools/recorded_rows.ts";
import { EPOCH, OWNER } from "../../../support/segments.ts";

const SPOOL = `${DIRECTORY}/.spools/custom.42-00000001.1.spool`;
const TEMPORARY_STAYS = /^(list|status|remove) \d+: \S+\.tmp was left behind$/;

/** Changes bytes of a file, as no program does. */
function damage(disk: MemoryDisk, path: string, change: (bytes: Uint8Array) => void): void {
  const content = disk.bytes(path);
  change(content);
  disk.plant(path, "file", content);
}

function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, 64);
}

/** A recovery and its pieces. */
function piecesOn(disk: MemoryDisk): { recovery: Recovery; pieces: Generator<number, void> } {
  const recovery = new Recovery({
    directory: new MonitoringDirectory(disk, DIRECTORY),
    encoder: new CsvEncoder(),
    clock: LATER,
  });
  return { recovery, pieces: recovery.run() };
}

describe("recovery on a failing disk", () => {
  for (const [when, killed] of Object.entries(DEAD)) {
    for (const times of [1, Infinity]) {
      const often = times === 1 ? "once" : "for good";
      it(`reports a failure at any operation, ${often}, and leaves all that a later one needs, of a program killed ${when}`, () => {
        const wrong: string[] = [];
        const { disk: dead, rows } = killed();
        for (
          const code of isFullSuite ? [...DISK_ERRORS, "ENOLCK", "EBADF", "EINVAL", "UNKNOWN"] : ["EIO", "ENOLCK"]
        ) {
          for (let first = 1;; first++) {
            const disk = dead.clone();
            const faults = failBetween(disk, first, first + times - 1, code);
            const { failures } = recoverAll(disk);
            repair(disk);
            // A spool that may not be removed stays, without a word: its rows are published.
            const isDone = rows.findIn(disk).count === rows.size &&
              (code === "EACCES" || temporaryPaths(disk).every((path) => !path.endsWith(".spool")));
            if (!isDone && failures.length === 0) wrong.push(`${faults.first}: not reported`);
            if (disk.openHandles > 0) wrong.push(`${faults.first}: ${disk.openHandles} files are open`);
            if (failures.length > faults.count) wrong.push(`${faults.first}: ${failures.length} failures are reported`);
            const later = wrongAfter(disk, rows, recoverAll(disk)).map((what) => `${faults.first}: ${what}`);
            // A temporary file of a flush may stay if the disk refuses to remove it.
            wrong.push(...later.filter((what) => !TEMPORARY_STAYS.test(what)));
            if (faults.count === 0) break;
          }
        }
        assertEquals(wrong.slice(0, 6), []);
      });
    }
  }

  it("says which file failed, and why", () => {
    const { disk } = killedWith(3);
    failAll(disk, "EIO", "read");
    const { failures, spools, rows, damaged, alive } = recoverAll(disk);
    assertEquals({ spools, rows, damaged, alive }, { spools: 0, rows: 0, damaged: 0, alive: 0 });
    assertEquals(failures.length, 2);
    assert(failures[0] instanceof KymoError);
    assertEquals(failures.map(({ code }) => code), ["io", "io"]);
    assertMatch(failures[0].message, /^Cannot recover: "\/_monitoring\/\.spools\/\w+\S+\.spool": EIO: read/);
  });
});

describe("recovery", () => {
  it("finds nothing and creates nothing where no directory is", () => {
    const disk = new MemoryDisk();
    assertEquals(recoverAll(disk), { spools: 0, rows: 0, damaged: 0, alive: 0, refused: 0, failures: [] });
    assertEquals(disk.paths(), []);
  });

  it("does nothing without permission, and reports that", () => {
    const { disk } = killedWith(3);
    disk.missingPermission = "no permission";
    const before = disk.paths();
    const { failures, rows } = recoverAll(disk);
    assertEquals([rows, failures.length, disk.paths()], [0, 1, before]);
    assertMatch(failures[0]!.message, /no permission$/);
    assertEquals(failures[0]!.code, "permission-denied");
  });

  it("leaves alone what is not a spool, whatever its name", () => {
    const disk = new MemoryDisk();
    const others = [
      "a.spool",
      "custom.1-0badcafe.spool",
      ".custom.1-0badcafe.1.spool",
      "custom.1-0badcafe.1.spool.damaged",
    ];
    for (const name of others) disk.plant(`${DIRECTORY}/.spools/${name}`, "file", "x");
    disk.plant(DIRECTORY, "directory");
    disk.plant(`${DIRECTORY}/.spools`, "directory");
    disk.plant("/precious", "file", "precious");
    disk.plant(SPOOL, "symlink", "/precious");
    disk.plant(`${SPOOL}.tmp`, "symlink", "/precious");
    disk.plant(`${DIRECTORY}/.spools/custom.2-00000001.1.spool`, "directory");
    const before = disk.paths();
    assertEquals(recoverAll(disk).failures, []);
    assertEquals([disk.paths(), disk.text("/precious"), disk.openHandles], [before, "precious", 0]);
  });

  it("does not touch spools whose owner lives, and counts them", () => {
    const disk = new MemoryDisk();
    const rows = new RecordedRows();
    new KilledProgram(disk, rows, { layout: "segments", durability: "spool" }).record(5);
    const before = disk.paths();
    const { alive, spools } = recoverAll(disk);
    assertEquals([alive, spools, disk.paths()], [2, 0, before]);
  });

  it("publishes under the names that the owner would have used", () => {
    const { disk } = killedWith(5);
    recoverAll(disk);
    const names = ["custom", "duration"].map((channel) => `${DIRECTORY}/${channel}.42-00000001-000001.csv`);
    assertEquals(csvPaths(disk), names);
  });

  it("removes a spool whose owner was killed while it emptied it, since its rows are published", () => {
    const disk = new MemoryDisk();
    const rows = new RecordedRows();
    const program = new KilledProgram(disk, rows, { layout: "segments", durability: "spool" });
    program.record(9);
    program.channels.flushNow(false);
    const killed = disk.clone();
    // The owner resets the count first, and the sequence, which the journal is about, later.
    damage(killed, SPOOL, (bytes) => wordsOf(bytes)[HeaderWord.sequence] = 1);
    assertEquals(wrongOnceRecovered(killed, rows), []);
  });

  it("reports its progress", () => {
    const { disk, rows } = killedWith(20);
    const { recovery, pieces } = piecesOn(disk);
    assertEquals(recovery.progress, { spools: 0, settled: 0, rows: 0 });
    const seen: number[] = [];
    for (const _ of pieces) seen.push(recovery.progress.settled);
    assertEquals(recovery.progress, { spools: 2, settled: 2, rows: rows.size });
    assertEquals(seen, seen.toSorted());
    assertEquals(recovery.summary.spools, 2);
  });

  it("can be abandoned after any piece, and leaves no open file and no temporary file", () => {
    for (const killed of Object.values(DEAD)) {
      const { disk: dead, rows } = killed();
      for (let count = 0;; count++) {
        const disk = dead.clone();
        const { pieces } = piecesOn(disk);
        let done = false;
        for (let i = 0; i < count && !done; i++) done = pieces.next().done === true;
        pieces.return();
        assertEquals(disk.openHandles, 0);
        assertEquals(wrongOnceRecovered(disk, rows), []);
        if (done) break;
      }
    }
  });

  it("can be done by another program, from beginning to end, at any operation of the first", () => {
    for (const [when, killed] of Object.entries(DEAD)) {
      const { disk: dead, rows } = killed();
      for (let nth = 1, operations = nth; operations >= nth; nth++) {
        const disk = dead.clone();
        operations = 0;
        disk.before = () => {
          if (++operations !== nth) return;
          const { before } = disk;
          repair(disk);
          recoverAll(disk);
          disk.before = before;
        };
        const { failures } = recoverAll(disk);
        repair(disk);
        assertEquals([when, nth, failures.map(({ message }) => message)], [when, nth, []]);
        assertEquals([when, nth, wrongAfter(disk, rows, recoverAll(disk))], [when, nth, []]);
      }
    }
  });

  it("can be done by several programs at once, which share the work", () => {
    const random = randomNumbers(3);
    for (const killed of Object.values(DEAD)) {
      const { disk: dead, rows } = killed();
      for (let i = 0; i < 20; i++) {
        const disk = dead.clone();
        const published = rows.findIn(disk).count;
        const all = Array.from({ length: 3 }, () => piecesOn(disk));
        const running = [...all];
        while (running.length > 0) {
          const at = Math.floor(random() * running.length);
          if (running[at]!.pieces.next().done) running.splice(at, 1);
        }
        const sum = all.reduce((total, { recovery }) => total + recovery.summary.rows, 0);
        assertEquals(all.flatMap(({ recovery }) => recovery.summary.failures), []);
        assertEquals(published + sum, rows.size);
        assertEquals(wrongAfter(disk, rows, recoverAll(disk)), []);
      }
    }
  });
});

describe("recovery of a damaged spool", () => {
  it("publishes the whole rows before the damage, counts the others, and sets the file aside", () => {
    const { disk } = killedWith(9);
    damage(disk, SPOOL, (bytes) => new Float64Array(bytes.buffer, bytes.byteOffset + 256, 9)[5] = NaN);
    const { rows, damaged, spools, failures } = recoverAll(disk);
    assertEquals({ rows, damaged, spools }, { rows: 9 + 5, damaged: 4, spools: 2 });
    assertMatch(failures[0]!.message, /^Cannot recover: "\S+\.spool\.damaged": some of its rows are damaged$/);
    assertEquals(failures[0]!.code, "invalid-data");
    assertEquals(temporaryPaths(disk), [`${DIRECTORY}/.spools`, `${SPOOL}.damaged`]);
    assertEquals(recoverAll(disk), { spools: 0, rows: 0, damaged: 0, alive: 0, refused: 0, failures: [] });
  });

  const headers: Readonly<Record<string, [change: (words: Uint32Array) => void, why: RegExp]>> = {
    "it is not a segment": [(words) => words[HeaderWord.magic] = 1, /bad magic number$/],
    "its header has another owner": [
      (words) => words[HeaderWord.pid] = 43,
      /the owner in its header does not match its name$/,
    ],
    "it has more rows than fit": [
      (words) => words[HeaderWord.count] = 1e6,
      /more rows than its capacity of \d+: 1000000$/,
    ],
  };
  for (const [what, [change, why]] of Object.entries(headers)) {
    it(`sets it aside, and publishes nothing, if ${what}`, () => {
      const { disk } = killedWith(9);
      damage(disk, SPOOL, (bytes) => change(wordsOf(bytes)));
      const { rows, spools, failures } = recoverAll(disk);
      assertEquals({ rows, spools }, { rows: 9, spools: 1 });
      assertEquals(failures.length, 1);
      assertMatch(failures[0]!.message, why);
      assertEquals(failures[0]!.code, "invalid-data");
      assertEquals(disk.paths().includes(`${SPOOL}.damaged`), true);
    });
  }

  it("leaves a spool of another version of Kymo alone", () => {
    const { disk } = killedWith(9);
    damage(disk, SPOOL, (bytes) => wordsOf(bytes)[HeaderWord.version] = 2);
    const { failures } = recoverAll(disk);
    assertEquals(disk.paths().includes(SPOOL), true);
    assertEquals(failures.map(({ code, message }) => [code, message]), [[
      "unsupported",
      `Cannot recover: "${SPOOL}": made by another version of Kymo: format 2, not 1`,
    ]]);
    damage(disk, SPOOL, (bytes) => wordsOf(bytes)[HeaderWord.version] = 1);
    assertEquals(recoverAll(disk).rows, 9);
  });
});

describe("recovery in layout append", () => {
  it("waits for a lock, then writes a separate file", () => {
    const { disk, rows } = killedWith(5, "append");
    new KilledProgram(disk, rows, { layout: "append", durability: "spool" }, 77).record(1); // creates no file yet
    disk.plant(`${DIRECTORY}/custom.csv`, "file", "");
    const release = disk.lock(`${DIRECTORY}/custom.csv`);
    let waited = 0;
    const { failures } = recoverAll(disk, false, () => waited++);
    release();
    assertEquals(failures, []);
    assert(waited > 100);
    assertEquals(
      csvPaths(disk),
      ["custom.42-00000001-000001.csv", "custom.csv", "duration.csv"].map((name) => `${DIRECTORY}/${name}`),
    );
    assertEquals(rows.findIn(disk), { count: 10, wrong: [] });
  });

  it("goes on once the lock is released", () => {
    const { disk, rows } = killedWith(5, "append");
    disk.plant(`${DIRECTORY}/custom.csv`, "file", "");
    const release = disk.lock(`${DIRECTORY}/custom.csv`);
    assertEquals(recoverAll(disk, false, release).failures, []);
    assertEquals(csvPaths(disk), [`${DIRECTORY}/custom.csv`, `${DIRECTORY}/duration.csv`]);
    assertEquals(rows.findIn(disk), { count: 10, wrong: [] });
  });

  it("leaves a spool to the next recovery while the lock keeps it from seeing what was appended", () => {
    const { disk, rows } = killAt("append", "write", "/custom.csv", 5);
    const release = disk.lock(`${DIRECTORY}/custom.csv`);
    const { failures } = recoverAll(disk);
    assertEquals(failures.length, 1);
    assertMatch(
      failures[0]!.message,
      /custom.*: a running program holds the lock of the CSV file that the dead program was appending to$/,
    );
    release();
    assertEquals(wrongOnceRecovered(disk, rows), []);
  });

  it("finds rows in the file that the owner appended to, under whatever name", () => {
    const { disk, rows } = killAt("append", "close", "/custom.csv", 2);
    disk.move(`${DIRECTORY}/custom.csv`, `${DIRECTORY}/custom.yesterday.csv`);
    assertEquals(wrongOnceRecovered(disk, rows), []);
  });

  it("writes a separate file where the common file has another format", () => {
    const { disk, rows } = killedWith(5, "append");
    disk.plant(`${DIRECTORY}/custom.csv`, "file", "a,b\n1,2\n");
    assertEquals(recoverAll(disk).failures, []);
    assertEquals(disk.text(`${DIRECTORY}/custom.csv`), "a,b\n1,2\n");
    disk.removeTree(`${DIRECTORY}/custom.csv`);
    assertEquals(rows.findIn(disk), { count: 10, wrong: [] });
  });
});

describe("recovery of a label longer than the limit", () => {
  for (const character of ["x", '"']) {
    for (const length of [16_384, 16_385, 65_536, 70_000]) {
      it(`counts its row as damaged: ${length} times ${character}`, () => {
        const buffer = new ArrayBuffer(2 ** 20);
        const segment = new Segment(buffer, { ...OWNER, channel: "custom" });
        segment.open(1, EPOCH);
        segment.add("", 1, 1);
        segment.labelBytes.fill(character.charCodeAt(0), 4, 4 + length);
        new DataView(segment.labelBytes.buffer, segment.labelBytes.byteOffset).setUint32(0, length, true);
        new Uint32Array(buffer, 0, 64)[HeaderWord.labelBytes] = 4 + length;
        const disk = new MemoryDisk();
        for (const path of [DIRECTORY, `${DIRECTORY}/.spools`]) disk.plant(path, "directory");
        disk.plant(
          `${DIRECTORY}/.spools/${spoolFileName({ owner: segment.owner, number: 1, state: "complete" })}`,
          "file",
          new Uint8Array(buffer),
        );
        const { rows, damaged } = recoverAll(disk);
        assertEquals({ rows, damaged }, length <= MAX_LABEL_BYTES ? { rows: 1, damaged: 0 } : { rows: 0, damaged: 1 });
      });
    }
  }
});
