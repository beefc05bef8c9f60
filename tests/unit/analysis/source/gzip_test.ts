import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import { writeFileSync } from "node:fs";
import { GunzippedFile, isGzip, readDecompressed } from "../../../../src/analysis/source/gzip.ts";
import { FileError } from "../../../../src/runtime.ts";
import { Reader } from "../../../support/analysis/duckdb_reader.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";

const HEADER = "Timepoint,Measurement,Label,PID\n";
const row = (number: number, label = "x"): string =>
  `17000000000000${String(number).padStart(5, "0")},0.5,${label},7\n`;
const text = (number: number, label = "x"): string => `17000000000000${String(number).padStart(5, "0")}|0.5|${label}|7`;
const rows = (count: number): string => Array.from({ length: count }, (_, i) => row(i)).join("");

/** An open file with these bytes of which a read gives at most `most`. */
function fileOf(bytes: Uint8Array, most = Infinity) {
  const disk = new MemoryDisk();
  const handle = disk.create("/file");
  handle.write(bytes);
  return {
    status: () => handle.status(),
    readAt: (into: Uint8Array, at: number) => handle.readAt(into.subarray(0, most), at),
  };
}

const decoded = (bytes: Uint8Array, most?: number): string | undefined => {
  const all = readDecompressed(fileOf(bytes, most) as never, 1_000_000);
  return all && new TextDecoder().decode(all);
};

describe("a file of gzip", () => {
  it("is decompressed, however few bytes a read gives, with all of its members and padding", () => {
    const two = new Uint8Array([...gzipSync("hello\n"), ...gzipSync("world\n"), 0, 0, 0]);
    for (let most = 1; most <= two.length; most++) assertEquals([most, decoded(two, most)], [most, "hello\nworld\n"]);
    const long = "0123456789".repeat(90_000);
    assertEquals(decoded(gzipSync(long)) === long, true);
    assertEquals([decoded(gzipSync("")), decoded(new TextEncoder().encode("plain"))], ["", "plain"]);
  });

  it("is refused if it is damaged, ends too early, or holds more than asked for", () => {
    const good = gzipSync("hello\n".repeat(100));
    const checksum = good.length - 6;
    const changed = good.with(checksum, good[checksum]! ^ 1);
    for (
      const [bytes, why] of [
        [changed, "its gzip data is damaged: incorrect data check"],
        [new Uint8Array([...good, 1, 2, 3]), "its gzip data is damaged: incorrect header check"],
        [good.subarray(0, good.length - 1), "its gzip data ends too early"],
        [good.subarray(0, 2), "its gzip data ends too early"],
      ] as const
    ) assertThrows(() => decoded(bytes), FileError, why);
    assertEquals(readDecompressed(fileOf(good) as never, 599), undefined);
    assertEquals(readDecompressed(fileOf(good) as never, 600)?.length, 600);
  });

  it("is known by its content, and gives what is before its end if that is missing", () => {
    assertEquals([isGzip(fileOf(gzipSync(""))), isGzip(fileOf(new Uint8Array([0x1f])))], [true, false]);
    const bytes = gzipSync(rows(1_000));
    const cut = new GunzippedFile(fileOf(bytes), bytes.length - 100);
    const into = new Uint8Array(100_000);
    let length = 0;
    for (let read = -1; read !== 0; length += read) read = cut.readAt(into.subarray(length), length);
    const found = new TextDecoder().decode(into.subarray(0, length));
    assertEquals([rows(1_000).startsWith(found), found.length > 10_000, cut.isDamaged], [true, true, false]);
  });
});

describe("openSources with gzip", () => {
  it("has DuckDB read sound files, whatever their names, and their lines that are no rows not", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const expected = [0, 1, 2].map((number) => text(number));
    for (const name of ["duration.csv", "duration.csv.1.gz", "duration.csv-20261128.gz"]) {
      writeFileSync(scratch.at(name), gzipSync(HEADER + rows(3)));
      const sources = await reader.open(scratch.at(name));
      assertEquals(await reader.rows(sources, "duration"), expected, name);
      assertEquals(sources.relations.get("duration")!.includes("compression = 'gzip'"), true);
    }
    const named = scratch.at("duration.csv.2.gz"); // but plain: somebody decompressed it in place
    writeFileSync(named, HEADER + rows(3));
    assertEquals(await reader.rows(await reader.open(named), "duration"), expected);

    const damaged = scratch.at("duration.csv.3.gz");
    writeFileSync(damaged, gzipSync(`${HEADER}${row(1)}1.5,2,a,3\n${row(2, '"a\nb"')}${row(3)}1700`));
    const sources = await reader.open(damaged);
    assertEquals(await reader.rows(sources, "duration"), [text(1), text(2, "a\nb"), text(3)]);
    const { unread, problems } = sources.reading;
    assertEquals([unread, problems.map(({ line }) => line)], [2, [3, 7]]);
  });

  it("reads several members, and labels with line feeds, as DuckDB reads them elsewhere", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const path = scratch.at("duration.csv.gz");
    const odd = Array.from({ length: 40_000 }, (_, i) => row(i, i % 3 === 0 ? '"a\nb"' : "x")).join("");
    writeFileSync(
      path,
      new Uint8Array([...gzipSync(HEADER + odd.slice(0, 1_000_000)), ...gzipSync(odd.slice(1_000_000))]),
    );
    const sources = await reader.open(path);
    const found = await reader.rows(sources, "duration");
    assertEquals(found.length, 40_000);
    assertEquals(found.slice(0, 4), [text(0, "a\nb"), text(1), text(2), text(3, "a\nb")]);
    assertEquals(sources.reading.problems, []);
  });

  it("reads the whole rows of a file that ends too early, and nothing of one that is damaged", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const whole = gzipSync(HEADER + rows(20_000));
    const cut = scratch.at("duration.csv.1.gz");
    writeFileSync(cut, whole.subarray(0, whole.length - 100));
    const sources = await reader.open(cut);
    const found = await reader.rows(sources, "duration");
    assertEquals([found.length > 1_000, found.length < 20_000], [true, true]);
    assertEquals(found, Array.from({ length: found.length }, (_, i) => text(i)));
    assertEquals(sources.reading.problems, [{ file: cut, line: 0, rows: 0, reason: "its gzip data ends too early" }]);

    const changed = scratch.at("duration.csv.2.gz");
    const at = whole.length - 6;
    writeFileSync(changed, whole.with(at, whole[at]! ^ 1));
    const refused = await reader.open(changed);
    assertEquals(await reader.rows(refused, "duration"), []);
    const reason = "its gzip data is damaged: incorrect data check";
    assertEquals(refused.reading.problems, [{ file: changed, line: 0, rows: 0, reason }]);
  });

  it("knows the isolates of compressed segments, few or many", async () => {
    for (const count of [3, 120]) {
      using scratch = scratchDirectory();
      using reader = await Reader.create();
      const isolates: string[] = [];
      for (let i = 0; i < count; i++) {
        const isolate = String(i).padStart(8, "0");
        isolates.push(isolate);
        const content = i % 2 === 0 ? gzipSync(HEADER + row(i)) : HEADER + row(i);
        writeFileSync(scratch.at(`duration.7-${isolate}-000001.csv${i % 2 === 0 ? ".gz" : ""}`), content);
      }
      const at = 11; // a gzip that is damaged must not give rows to a table before that is seen
      const bad = gzipSync(HEADER + row(99_999));
      writeFileSync(scratch.at("duration.7-ffffffff-000001.csv.gz"), bad.with(bad.length - at, bad.at(-at)! ^ 255));
      const sources = await reader.open(scratch.path);
      const query = () => `SELECT Isolate FROM ${sources.relations.get("duration")} ORDER BY Isolate`;
      assertEquals((await reader.query(sources, query))[0].flat(), isolates);
      assertEquals(sources.reading.problems.length, 1);
    }
  });
});
