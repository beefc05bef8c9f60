import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Retention } from "../../../../src/control/retention/retention.ts";
import { writeCountedMark } from "../../../../src/control/retention/counted_mark.ts";
import { shippedBefore, writeShippedMark } from "../../../../src/control/retention/shipped_mark.ts";
import type { RetentionOptions } from "../../../../src/control/retention_options.ts";
import { HEADER } from "../../../../src/csv/dialect.ts";
import { HEADER_BYTES } from "../../../../src/csv/encode.ts";
import type { KymoError } from "../../../../src/errors.ts";
import { MonitoringDirectory } from "../../../../src/files/directory.ts";
import { FlushJournal } from "../../../../src/files/flush_journal.ts";
import { encodeProgramRecord } from "../../../../src/files/program_record.ts";
import { Spool } from "../../../../src/files/spool.ts";
import { profileFileName } from "../../../../src/files/names.ts";
import { FileError } from "../../../../src/runtime.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { programRecord } from "../../../support/fake/program_record.ts";
import { EPOCH, FakeRuntime } from "../../../support/fake/runtime.ts";

const NOW = Number(EPOCH / 1_000_000n);
const HOUR = 3_600_000;
const KIB = 1024;
const BLOCK = 4 * KIB;
/** What the ledger takes. */
const LEDGER = 32 * KIB;

const segment = (sequence: number, isolate = "0000000a"): string =>
  `custom.1-${isolate}-${String(sequence).padStart(6, "0")}.csv`;

/** A directory with limits, on a disk in memory. */
class Limited {
  readonly runtime: FakeRuntime;
  readonly disk: MemoryDisk;
  readonly directory: MonitoringDirectory;
  readonly retention: Retention;
  readonly errors: KymoError[] = [];

  constructor(limits: RetentionOptions, disk = new MemoryDisk()) {
    this.runtime = new FakeRuntime(disk);
    this.runtime.clock.step = 60_000;
    this.disk = disk;
    this.directory = MonitoringDirectory.create(disk, "/m");
    const report = (error: KymoError): void => void this.errors.push(error);
    this.retention = new Retention({ directory: this.directory, clock: this.runtime.clock, limits, report });
  }

  /** Plants a file that was changed last `age` ms ago. */
  plant(name: string, age: number, size = BLOCK): void {
    this.disk.plant(`/m/${name}`, "file", new Uint8Array(size));
    this.disk.touch(`/m/${name}`, NOW - age);
  }

  /** Counts, and does what there is to do. */
  async keep(): Promise<void> {
    await this.retention.beginCount();
    while (this.retention.isBusy) assert(this.retention.work());
  }

  /** The names in the directory but the ledger. */
  get names(): string[] {
    return this.disk.list("/m").filter((name) => name !== ".retention").sort();
  }
}

describe("Retention", () => {
  it("removes the oldest files beyond maxBytes, and counts them", async () => {
    const limited = new Limited({ maxBytes: LEDGER + 3 * BLOCK });
    for (const [i, age] of [3, 1, 5, 2, 4].entries()) limited.plant(segment(i), age * HOUR);
    await limited.keep();
    assertEquals(limited.names, [segment(0), segment(1), segment(3)]);
    assertEquals(limited.retention.pruned, { files: 2, bytes: 2 * BLOCK, unshippedRows: 0 });
    assertEquals(limited.errors, []);
  });

  it("removes files that are older than maxAge", async () => {
    const limited = new Limited({ maxAge: 3 * HOUR });
    for (let i = 1; i <= 5; i++) limited.plant(segment(i), i * HOUR);
    await limited.keep();
    assertEquals(limited.names, [segment(1), segment(2), segment(3)]);
  });

  it("removes files while less than minFree is free", async () => {
    const limited = new Limited({ minFree: 10 * BLOCK });
    for (let i = 1; i <= 5; i++) limited.plant(segment(i), i * HOUR);
    limited.disk.capacity = LEDGER + 12 * BLOCK + 1;
    await limited.keep();
    assertEquals(limited.names, [segment(1), segment(2)]);
  });

  it("removes at most twice what was published in one call, and the rest in the background", async () => {
    const limited = new Limited({ maxBytes: LEDGER + BLOCK });
    for (let i = 1; i <= 20; i++) limited.plant(segment(i), i * HOUR);
    await limited.retention.beginCount();
    while (limited.retention.pruned.files === 0) limited.retention.work();
    const before = limited.retention.pruned.files;
    limited.plant(segment(30), 0);
    limited.directory.noteGrowth(BLOCK);
    assert(limited.retention.settle());
    assertEquals(limited.retention.pruned.files, before + 2);
    while (limited.retention.isBusy) limited.retention.work();
    assertEquals(limited.names, [segment(30)]);
  });

  it("counts at once where the next file cannot wait", () => {
    const limited = new Limited({ maxBytes: LEDGER + 3 * BLOCK });
    for (let i = 1; i <= 5; i++) limited.plant(segment(i), i * HOUR);
    limited.directory.noteGrowth(BLOCK);
    assertEquals([limited.retention.settle(), limited.retention.pruned.files], [false, 0]);
    assertEquals([limited.retention.settle(true), limited.retention.pruned.files], [true, 2]);
  });

  it("leaves what the bridge has not counted yet, for an hour after it has said how far it is", async () => {
    const minute = HOUR / 60;
    for (const [said, left] of [[5 * minute, 2], [59 * minute, 5], [61 * minute, 0]] as const) {
      const limited = new Limited({ maxAge: 1 });
      for (let i = 1; i <= 5; i++) limited.plant(segment(i), i * 2.2 * minute);
      limited.disk.ensureDirectory("/m/.bridge");
      writeCountedMark(limited.directory, NOW - said);
      await limited.keep();
      assertEquals(limited.names.filter((name) => name.endsWith(".csv")).length, left);
    }
  });

  it("leaves what is not shipped yet to all databases, and says so, unless it may drop that", async () => {
    const disk = new MemoryDisk();
    const limited = new Limited({ maxBytes: LEDGER + BLOCK }, disk);
    for (let i = 1; i <= 5; i++) limited.plant(segment(i), i * HOUR);
    const row = '1795948585720000000,1,"a\r\nb",7\r\n';
    disk.plant(`/m/${segment(3)}`, "file", new TextEncoder().encode(HEADER + row.repeat(3)));
    disk.touch(`/m/${segment(3)}`, NOW - 3 * HOUR);
    limited.plant("duration.1795948585720.csv", 6 * HOUR);
    limited.plant(profileFileName({ pid: 1, isolate: "0000000a" }, 1), 2 * HOUR);
    const mark = (target: string, age: number): void => writeShippedMark(limited.directory, target, NOW - age);
    disk.ensureDirectory("/m/.ship");
    for (const target of ["0123456789ab", "ba9876543210"]) disk.ensureDirectory(`/m/.ship/${target}`);
    mark("0123456789ab", 2.5 * HOUR);
    assertEquals(shippedBefore(limited.directory), 0); // nothing is known of the other
    await limited.keep();
    assertEquals([limited.names.filter((name) => name.endsWith(".csv")).length, limited.retention.pruned.files], [
      6,
      1,
    ]);
    disk.remove("/m/.retention"); // so that the next one counts at once
    const told = new Limited({ maxBytes: LEDGER + BLOCK }, disk);
    await told.keep();
    assertEquals(told.errors.map(({ code }) => code), ["limit-exceeded"]);
    assertStringIncludes(told.errors[0]!.message, `${6 * BLOCK} of them what kymo ship or kymo serve has not read yet`);
    mark("ba9876543210", 3.5 * HOUR);
    disk.remove("/m/.retention");
    const later = new Limited({ maxBytes: LEDGER + BLOCK }, disk);
    await later.keep();
    assertEquals(limited.names, [".ship", segment(1), segment(2), segment(3)]);
    disk.remove("/m/.retention");
    const dropping = new Limited({ maxBytes: LEDGER + BLOCK, dropUnshipped: true }, disk);
    await dropping.keep();
    assertEquals(limited.names, [".ship", segment(1)]);
    assertEquals(dropping.retention.pruned, { files: 2, bytes: 2 * BLOCK, unshippedRows: 3 });
    assertEquals(dropping.errors.map(({ code }) => code), ["limit-exceeded"]);
    assertStringIncludes(dropping.errors[0]!.message, "3 rows were not shipped yet");
  });

  it("removes nothing that is in use, and nothing that is not of Kymo", async () => {
    const limited = new Limited({ maxBytes: LEDGER, maxAge: 1_000 });
    const kept = [
      ...["report.csv.txt", "notes.json", "data.parquet", "1.csv.gz", "custom.1.csv", "custom.csv"],
      ...[`.${segment(1)}.tmp`, ".control", ".compact.tmp"],
    ].sort();
    for (const name of kept) limited.plant(name, 1_000 * HOUR);
    limited.disk.plant(`/m/${segment(1)}`, "symlink", "/victim");
    limited.disk.plant("/victim", "file", "theirs");
    limited.disk.ensureDirectory(`/m/${segment(2)}`);
    limited.plant(segment(3), HOUR);
    await limited.keep();
    assertEquals(limited.names, [...kept, segment(1), segment(2)].sort());
    assertEquals(limited.disk.text("/victim"), "theirs");
  });

  it("removes Parquet files, profiles, and spools that were set aside, but no other spools", async () => {
    const limited = new Limited({ maxAge: 1_000 });
    limited.disk.ensureDirectory("/m/.spools");
    const spool = ".spools/custom.1-0000000a.1.spool";
    const gone = [
      "custom.2023-11-14T10.0123456789ab.parquet",
      "profiler.1-0000000a-000001.cpuprofile",
      "profiler.1-0000000a-000001.heapprofile",
      `${spool}.damaged`,
    ];
    for (const name of [...gone, spool, `${spool}.tmp`]) limited.plant(name, 24 * HOUR);
    await limited.keep();
    assertEquals([limited.names, limited.disk.list("/m/.spools").sort()], [[".spools"], [
      spool.slice(8),
      `${spool.slice(8)}.tmp`,
    ]]);
  });

  it("orders the files that a recovery published late by the end of their program", async () => {
    const limited = new Limited({ maxBytes: LEDGER + 3 * BLOCK });
    const end = { how: "killed", at: EPOCH - BigInt(9 * HOUR) * 1_000_000n } as const;
    const record = { ...programRecord(), pid: 1, isolate: "0000000b", started: 0n, end };
    limited.disk.plant("/m/program.1-0000000b.json", "file", encodeProgramRecord(record));
    limited.plant(segment(1, "0000000b"), 0);
    for (let i = 1; i <= 2; i++) limited.plant(segment(i), i * HOUR);
    await limited.keep();
    // The record goes with the next count: nothing is left of its program.
    assertEquals(limited.names, [segment(1), segment(2), "program.1-0000000b.json"]);
  });

  it("removes the record of a dead program of which nothing is left", async () => {
    const limited = new Limited({ maxAge: HOUR });
    const plant = (isolate: string, how?: "stop"): void => {
      const at = EPOCH - BigInt(2 * HOUR) * 1_000_000n;
      const record = { ...programRecord(), pid: 1, isolate, started: 0n, end: undefined };
      const { end: _end, ...open } = record;
      limited.disk.plant(
        `/m/program.1-${isolate}.json`,
        "file",
        encodeProgramRecord(how === undefined ? open : { ...open, end: { how, at } }),
      );
      limited.disk.touch(`/m/program.1-${isolate}.json`, NOW - 2 * HOUR);
    };
    for (const isolate of ["0000000a", "0000000b", "0000000c"]) plant(isolate, "stop");
    plant("0000000d");
    plant("0000000e");
    limited.plant(segment(1, "0000000b"), 0);
    limited.disk.ensureDirectory("/m/.spools");
    limited.disk.ensureDirectory("/m/.programs");
    limited.plant(".spools/custom.1-0000000c.1.spool", 0);
    limited.plant(".programs/1-0000000d.lock", 0);
    await limited.keep();
    // b was killed, and its rows were published just now: they are as old as its end.
    assertEquals(limited.names.filter((name) => name.endsWith(".json")), [
      "program.1-0000000b.json",
      "program.1-0000000c.json",
      "program.1-0000000d.json",
    ]);
  });

  it("rotates a file that is appended to when nothing else is left, and then removes it", async () => {
    const limited = new Limited({ maxBytes: LEDGER + BLOCK });
    const row = new TextEncoder().encode("1700000000000000000,1,a,1\r\n");
    const content = new Uint8Array(3 * BLOCK);
    content.set(HEADER_BYTES);
    for (let at = HEADER_BYTES.length; at + row.length <= content.length; at += row.length) content.set(row, at);
    const rows = content.subarray(0, content.length - (content.length - HEADER_BYTES.length) % row.length);
    limited.disk.plant("/m/custom.csv", "file", rows);
    limited.disk.touch("/m/custom.csv", NOW - HOUR);
    await limited.keep();
    assertEquals(limited.names, [`custom.${NOW - HOUR}.csv`]);
    await limited.keep();
    assertEquals(limited.names, []);
  });

  it("keeps a rotated file while recovery may have to look into it", async () => {
    const limited = new Limited({ maxAge: 1_000 });
    limited.plant("custom.1600000000000.csv", 24 * HOUR);
    const owner = { channel: "custom", pid: 1, isolate: "0000000a", kind: 0 } as const;
    const spool = Spool.create(limited.directory, owner, { number: 1, bytes: 16 * KIB, layout: "append", sync: false });
    spool.segment.open(1, EPOCH);
    const journal = new FlushJournal(spool.segment);
    journal.appending(limited.disk.status("/m/custom.1600000000000.csv")!.identity, 0, 1);
    await limited.keep();
    assertEquals(limited.names, [".spools", "custom.1600000000000.csv"]);
    journal.settled(1);
    limited.runtime.clock.time += 61e9;
    await limited.keep();
    assertEquals(limited.names, [".spools"]);
  });

  it("tells once of files that it may not remove, and removes others", async () => {
    const limited = new Limited({ maxAge: 1_000 });
    for (let i = 1; i <= 6; i++) limited.plant(segment(i), i * HOUR);
    limited.disk.before = (operation, path) => {
      if (operation === "remove" && /-00000[246]\.csv/.test(path)) throw new FileError("EPERM", "not permitted");
    };
    await limited.keep();
    assertEquals(limited.names, [segment(2), segment(4), segment(6)]);
    assertEquals(limited.errors.map(({ code }) => code), ["permission-denied"]);
    assertStringIncludes(limited.errors[0]!.message, "Cannot remove a file that is beyond the limits of retention");
  });

  it("does not count as removed what others have removed", async () => {
    const limited = new Limited({ maxBytes: LEDGER + 2 * BLOCK });
    for (let i = 1; i <= 4; i++) limited.plant(segment(i), i * HOUR);
    await limited.retention.beginCount();
    limited.disk.before = (operation, path) => {
      if (operation !== "remove" || !path.endsWith(segment(4))) return;
      limited.disk.before = () => {};
      limited.disk.removeTree(path); // just before
    };
    while (limited.retention.isBusy) limited.retention.work();
    assertEquals([limited.names, limited.retention.pruned.files], [[segment(1), segment(2)], 1]);
  });

  it("says so once if what is in use takes more than maxBytes", () => {
    const limited = new Limited({ maxBytes: LEDGER + BLOCK });
    limited.disk.ensureDirectory("/m/.spools");
    limited.plant(".spools/custom.1-0000000a.1.spool", 0, 10 * BLOCK);
    for (let i = 0; i < 3; i++) {
      limited.directory.noteGrowth(BLOCK);
      limited.retention.settle(true);
    }
    assertEquals(limited.errors.map(({ code }) => code), ["limit-exceeded"]);
    assertMatch(limited.errors[0]!.message, /maxBytes of retention: "\/m": nothing is left that may be removed/);
  });

  it("counts anew if the ledger is garbage, cut short or gone", async () => {
    for (const change of ["garbage", "short", "gone"]) {
      const limited = new Limited({ maxBytes: LEDGER + 2 * BLOCK });
      for (let i = 1; i <= 2; i++) limited.plant(segment(i), i * HOUR);
      await limited.keep();
      if (change === "garbage") limited.disk.plant("/m/.retention", "file", new Uint8Array(LEDGER).fill(0x41));
      if (change === "short") limited.disk.plant("/m/.retention", "file", "kymoret1");
      if (change === "gone") limited.disk.remove("/m/.retention");
      limited.plant(segment(3), 0);
      limited.directory.noteGrowth(BLOCK);
      assert(limited.retention.settle(true));
      assertEquals([change, limited.names, limited.errors], [change, [segment(1), segment(3)], []]);
      assertEquals(limited.disk.status("/m/.retention")?.size, LEDGER);
    }
  });

  it("uses no ledger that is a link, a directory or may be written by others, and counts by itself", async () => {
    for (const kind of ["symlink", "directory", "file"] as const) {
      const limited = new Limited({ maxBytes: 2 * BLOCK });
      limited.disk.plant("/victim", "file", "theirs");
      limited.disk.plant("/m/.retention", kind, "/victim");
      if (kind === "file") limited.disk.permit("/m/.retention", { mode: 0o666 });
      for (let i = 1; i <= 4; i++) limited.plant(segment(i), i * HOUR);
      await limited.keep();
      assertEquals(limited.names.length <= 2, true);
      assertEquals(limited.disk.text("/victim"), "theirs");
      assertEquals(limited.errors.length, kind === "file" ? 0 : 1);
    }
  });

  it("removes files on a full disk, on which it cannot make the ledger", async () => {
    const limited = new Limited({ minFree: 16 * BLOCK });
    for (let i = 1; i <= 20; i++) limited.plant(segment(i), i * HOUR);
    limited.disk.capacity = 20 * BLOCK;
    await limited.keep();
    await limited.keep();
    await limited.keep();
    assertEquals(limited.disk.freeBytes("/m") >= 8 * BLOCK, true);
    assert(limited.retention.pruned.files >= 16);
  });

  it("keeps limits without locks, by its own count", async () => {
    const limited = new Limited({ maxBytes: 2 * BLOCK }, new MemoryDisk(false));
    for (let i = 1; i <= 4; i++) limited.plant(segment(i), i * HOUR);
    await limited.keep();
    assertEquals([limited.names, limited.errors], [[segment(1), segment(2)], []]);
  });

  it("lets the next file wait while another program holds the lock, but for a second only", () => {
    const limited = new Limited({ maxBytes: 2 ** 20 });
    limited.directory.noteGrowth(BLOCK);
    assert(limited.retention.settle(true));
    const unlock = limited.disk.lock("/m/.retention");
    limited.directory.noteGrowth(BLOCK);
    assertEquals(limited.retention.settle(), false);
    limited.runtime.clock.time += 1_100e6;
    assertEquals(limited.retention.settle(), true);
    unlock();
    assertEquals([limited.retention.settle(), limited.directory.growth.added], [true, 0]);
  });

  it("leaves the count to the program that has the lease, until that runs out", async () => {
    const disk = new MemoryDisk();
    const first = new Limited({ maxAge: 1_000 }, disk);
    const second = new Limited({ maxAge: 1_000 }, disk);
    first.plant(segment(1), HOUR);
    await first.retention.beginCount(); // and is killed
    await second.keep();
    assertEquals(second.names, [segment(1)]);
    second.runtime.clock.time += 31e9;
    await second.keep();
    assertEquals(second.names, []);
  });
});
