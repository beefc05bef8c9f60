import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { parse } from "../../../src/csv/parse.ts";
import { HEADER } from "../../../src/csv/dialect.ts";
import { CsvEncoder } from "../../../src/csv/encode.ts";
import { KymoError } from "../../../src/errors.ts";
import { FileError } from "../../../src/runtime.ts";
import { wholeRowsEnd } from "../../../src/files/append_file.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import { SegmentFlush } from "../../../src/files/flush.ts";
import { SpoolReader } from "../../../src/files/spool_reader.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";
import { csvPaths, DIRECTORY } from "../../support/fake/published_files.ts";
import { DEAD } from "../../support/spools/dead_programs.ts";
import { recoverAll } from "../../support/spools/recover_all.ts";
import { mutate } from "../../support/spools/segment_bytes.ts";
import { pick, type Random, randomFrom } from "../../support/random.ts";
import { openSegment } from "../../support/segments.ts";

const SPOOL = `${DIRECTORY}/.spools/custom.42-00000001.1.spool`;
const ROWS = [
  "1700000000000000001,1,plain,42\r\n",
  '1700000000000000002,0.5,"a, ""b""",42\r\n',
  '1700000000000000003,NaN,"two\r\nlines",42\r\n',
  "1700000000000000004,-0,Ω😀,42\r\n",
  '1700000000000000005,5,"",42\r\n',
];

/** Changes some bytes of a text, and may cut it. */
function mutateText(random: Random, text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  for (let left = 1 + random(3); left > 0; left--) {
    bytes[random(bytes.length)] = random(2) === 0 ? random(256) : pick(random, [0x22, 0x2c, 0x0a, 0x0d, 0x00, 0x31]);
  }
  return random(3) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}

describe("corrupt bytes", () => {
  const spools = shortOrFull(600, 100_000);
  it(`in one of ${spools} spools stop no recovery, and lose no row of another spool`, () => {
    const random = randomFrom(1);
    const dead = Object.values(DEAD).map((killed) => killed()).filter(({ disk }) => disk.paths().includes(SPOOL));
    assert(dead.length > 3);
    for (let i = 0; i < spools; i++) {
      const { disk: original, rows } = pick(random, dead);
      const disk = original.clone();
      const bytes = disk.bytes(SPOOL);
      const cut = random(8) === 0 ? bytes.slice(0, 4 + random(bytes.length)) : bytes;
      mutate(random, cut);
      disk.plant(SPOOL, "file", cut);
      const spool = SpoolReader.open(disk, SPOOL);
      assert(spool.ok);
      const found = spool.value.read();
      spool.value.close();
      const { rows: published, spools: settled, damaged } = recoverAll(disk);
      const claimed = found.ok ? found.value.segment.count + found.value.damaged : 0;
      assert(damaged <= claimed && settled <= 2, `${i}: ${damaged} damaged, ${settled} settled`);
      assert(published <= claimed + rows.size, `${i}: ${published} published`);
      assertEquals([disk.openHandles, disk.mappings], [0, 0]);
      // If the journal is lost, a torn row stays in the file until the next writer cuts it off.
      const isTorn = rows.findIn(original).wrong.length > 0;
      for (const path of csvPaths(disk)) if (disk.text(path) !== "" && !isTorn) parse(disk.text(path));
      const durations = csvPaths(disk).filter((path) => path.includes("/duration"));
      const values = durations.flatMap((path) => parse(disk.text(path))).map(({ measurement }) => measurement);
      assertEquals([values.length, new Set(values).size], [rows.size / 2, rows.size / 2]);
    }
    recordFigure(
      15,
      `${spools} recoveries of mutated spools: no throw, no file left open, every other row published once`,
    );
  });

  const texts = shortOrFull(12_000, 500_000);
  it(`in ${texts} CSV texts give observations or a KymoError`, () => {
    const random = randomFrom(2);
    let refused = 0;
    for (let i = 0; i < texts; i++) {
      const text = new TextDecoder().decode(mutateText(random, HEADER + ROWS.join("")));
      try {
        for (const { timepoint, measurement, label, pid } of parse(text)) {
          assertEquals([typeof timepoint, typeof measurement, typeof label], ["bigint", "number", "string"]);
          assert(Number.isInteger(pid), text);
        }
      } catch (error) {
        if (!(error instanceof KymoError)) throw error;
        refused++;
      }
    }
    assert(refused > texts / 10 && refused < texts);
    recordFigure(15, `${texts} mutated CSVs decoded: observations or a KymoError`);
  });

  it(`in ${texts / 4} CSV files stay but for a torn row, and rows are appended whole`, () => {
    const random = randomFrom(3);
    const segment = openSegment(4096);
    for (let i = 0; i < 5; i++) segment.add(i === 2 ? 'a "b",\r\nc' : "ours", i, 1 + i);
    const ours = ["1,0,ours", "2,1,ours", '3,2,"a ""b"",\r\nc"', "4,3,ours", "5,4,ours"];
    const rows = ours.map((row) => `170000000000000000${row},4242\r\n`).join("");
    let refused = 0;
    for (let i = 0; i < texts / 4; i++) {
      const disk = new MemoryDisk();
      const path = `${DIRECTORY}/custom.csv`;
      const before = mutateText(random, HEADER + ROWS.join(""));
      disk.plant(path, "file", before);
      const handle = disk.open(path);
      const directory = new MonitoringDirectory(disk, DIRECTORY);
      const flush = new SegmentFlush({ directory, encoder: new CsvEncoder(), layout: "append" }, segment);
      try {
        const end = wholeRowsEnd(handle, before.length);
        assert(end <= before.length);
        assertEquals(flush.step(), "done");
        const after = disk.bytes(path);
        const head = end === 0 ? HEADER : "";
        assertEquals(after.subarray(0, end), before.subarray(0, end));
        assertEquals(new TextDecoder().decode(after.subarray(end)), head + rows);
      } catch (error) {
        if (!(error instanceof FileError && error.code === "EFTYPE")) throw error;
        assertEquals(disk.bytes(path), before);
        refused++;
      }
      handle.close();
      segment.journal.fill(0);
      assertEquals(disk.openHandles, 0);
    }
    assert(refused > 0 && refused < texts / 4);
    recordFigure(15, `${texts / 4} mutated CSVs appended to: no throw, our rows whole`);
  });

  it("far before the torn end of a CSV file cut off no more than one row", () => {
    const disk = new MemoryDisk();
    const rows = "1700000000000000004,1,x,42\r\n".repeat(20_000);
    disk.plant("/x.csv", "file", `${HEADER}1700000000000000001,1,stray"quote,42\r\n${rows}1700000000000000009,1,to`);
    const handle = disk.open("/x.csv");
    const { size } = handle.status();
    let end = size;
    try {
      end = wholeRowsEnd(handle, size);
    } catch (error) {
      if (!(error instanceof FileError && error.code === "EFTYPE")) throw error;
    }
    assert(size - end <= 2 ** 16, `${size - end} of ${size} bytes would be cut off`);
  });
});
