import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { Reader } from "../../../support/analysis/duckdb_reader.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";

const HEADER = "Timepoint,Measurement,Label,PID\r\n";
const row = (number: number, value = "0.500000000", label = "x"): string =>
  `170000000000000000${number},${value},${label},7\r\n`;
const csv = (...numbers: number[]): string => HEADER + numbers.map((number) => row(number)).join("");

/** The numbers of the rows in each channel, of a directory or of what else is named. */
async function read(reader: Reader, source: string | readonly string[]) {
  const sources = await reader.open(source);
  const channels: Record<string, string> = {};
  for (const channel of sources.relations.keys()) {
    const rows = await reader.rows(sources, channel);
    if (rows.length > 0) channels[channel] = rows.map((text) => text[18]).join("");
  }
  const { problems, copies } = sources.reading;
  const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
  return {
    channels,
    problems: problems.map(({ file, reason }) => `${nameOf(file)}: ${reason}`),
    copies: copies.map(({ file, of }) => `${nameOf(file)} of ${nameOf(of)}`),
  };
}

const none = { problems: [], copies: [] };

describe("openSources with files that were rotated or renamed", () => {
  it("reads each as what it is, in a directory, by a pattern, and by its name", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const names = ["duration.csv", "duration.csv.1", "duration.csv.2.gz", "duration.csv-20261127", "duration_old.csv"];
    for (const [i, name] of names.entries()) {
      writeFileSync(scratch.at(name), name.endsWith(".gz") ? gzipSync(csv(i)) : csv(i));
      assertEquals(await read(reader, scratch.at(name)), { channels: { duration: `${i}` }, ...none }, name);
    }
    assertEquals(await read(reader, scratch.path), { channels: { duration: "01234" }, ...none });
    assertEquals(await read(reader, scratch.at("duration*")), { channels: { duration: "01234" }, ...none });
    assertEquals(await read(reader, scratch.at("duration.csv.*")), { channels: { duration: "12" }, ...none });
  });

  it("takes rows that say when recording was off for rows of the runtime", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const rows = [row(1, "1", "rss"), row(2, "0", "recording"), row(3, "1", "recording channel sales")];
    writeFileSync(scratch.at("runtime-20261128.csv"), HEADER + rows.join(""));
    writeFileSync(scratch.at("runtime_old.csv"), HEADER + row(4, "0", "recordings"));
    assertEquals(await read(reader, scratch.path), { channels: { runtime: "123", runtime_old: "4" }, ...none });
  });

  it("tells of those whose names do not tell what they are, and reads them if they are named", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const why = "its name is that of no recording, rotated or not: name the file itself to read it";
    for (const name of ["duration.csv.html", "duration.old"]) {
      writeFileSync(scratch.at(name), csv(1));
      assertEquals(await read(reader, scratch.path), { channels: {}, problems: [`${name}: ${why}`], copies: [] });
      assertEquals(await read(reader, scratch.at(name)), { channels: { duration: "1" }, ...none });
      rmSync(scratch.at(name));
    }
    writeFileSync(scratch.at("duration.lock"), "");
    writeFileSync(scratch.at("duration.old"), ""); // holds nothing
    mkdirSync(scratch.at("duration"));
    assertEquals(await read(reader, scratch.path), { channels: {}, ...none });
  });

  it("takes a name that a program may have chosen for its channel if the rows or other files show that", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const written: [name: string, content: string, channel: string][] = [
      ["duration-20261128.csv", csv(1), "duration"],
      ["duration-20261128.csv", HEADER + row(1, "0.5"), "duration-20261128"],
      ["client-old.csv", csv(1), "client"],
      ["client-old.csv", HEADER + row(1, "0.5"), "client-old"],
      ["duration-web.csv", HEADER + row(1, "0.123456789") + row(1, "0.12345678"), "duration-web"],
      ["Duration.csv", csv(1), "duration"],
      ["Duration.csv", HEADER + row(1, "17"), "Duration"],
      ["runtime_old.csv", HEADER + row(1, "1", "rss"), "runtime"],
      ["runtime_old.csv", HEADER + row(1, "1", "goods"), "runtime_old"],
      ["custom_old.csv", HEADER + row(1, "1"), "custom"],
      ["custom-1.csv", HEADER + row(1, "1"), "custom-1"],
      ["orders-20261128.csv", HEADER + row(1, "1"), "orders-20261128"],
    ];
    for (const [name, content, channel] of written) {
      for (const [end, bytes] of [["", content], [".gz", gzipSync(content)]] as const) {
        writeFileSync(scratch.at(name + end), bytes);
        const { channels, problems } = await read(reader, scratch.path);
        assertEquals([name + end, Object.keys(channels), problems], [name + end, [channel], []]);
        rmSync(scratch.at(name + end));
      }
    }
    writeFileSync(scratch.at("orders-20261128.csv"), csv(1));
    writeFileSync(scratch.at("orders.csv"), csv(2)); // so the first was rotated
    assertEquals((await read(reader, scratch.path)).channels, { orders: "12" });
    assertEquals((await read(reader, scratch.at("orders-20261128.csv"))).channels, { orders: "1" });
    writeFileSync(scratch.at("orders-20261128.7-0a1b2c3d-000001.csv"), csv(3)); // so it is a channel
    assertEquals((await read(reader, scratch.path)).channels, { orders: "2", "orders-20261128": "13" });
    mkdirSync(scratch.at("spools/.spools"), { recursive: true });
    writeFileSync(scratch.at("spools/duration_old.csv"), csv(1));
    writeFileSync(scratch.at("spools/.spools/duration_old.7-0a1b2c3d.0.spool"), "");
    assertEquals((await read(reader, scratch.at("spools"))).channels, { duration_old: "1" });
  });

  it("leaves out copies, and says of what", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const all = { duration: "123" };
    const write = (name: string, content: string): void => {
      writeFileSync(scratch.at(name), name.endsWith(".gz") ? gzipSync(content) : content);
    };
    write("duration.csv", csv(1, 2, 3));
    write("duration.csv.1", csv(1, 2)); // `copytruncate`, before it truncates; then programs go on
    const copied = ["duration.csv.1 of duration.csv"];
    assertEquals(await read(reader, scratch.path), { channels: all, problems: [], copies: copied });
    write("duration.csv.1.gz", csv(1, 2));
    write("Copy of duration.csv", csv(1, 2, 3));
    assertEquals((await read(reader, scratch.path)).channels, all);
    for (const name of ["duration.csv", "duration.csv.1", "Copy of duration.csv"]) rmSync(scratch.at(name));

    // While `gzip` compresses, the new file is cut. That is no problem beside the whole one.
    const long = csv(...Array.from({ length: 5_000 }, (_, i) => i % 10));
    write("duration.csv.1", long);
    writeFileSync(scratch.at("duration.csv.1.gz"), gzipSync(long).subarray(0, -20));
    const cut = await read(reader, scratch.path);
    assertEquals([cut.channels.duration?.length, cut.problems, cut.copies], [5_000, [], [
      "duration.csv.1.gz of duration.csv.1",
    ]]);
    for (const name of ["duration.csv.1", "duration.csv.1.gz"]) rmSync(scratch.at(name));

    const segment = "duration.7-0a1b2c3d-000001.csv";
    write(segment, csv(1));
    write(`${segment}.gz`, csv(1));
    write(segment.replace("1.csv", "2.csv"), csv(1)); // another segment is no copy
    const { channels, copies } = await read(reader, scratch.path);
    assertEquals([channels, copies], [{ duration: "11" }, [`${segment}.gz of ${segment}`]]);
  });

  it("reads files that begin alike and then differ, and says that rows may be there twice", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    writeFileSync(scratch.at("duration.csv"), csv(1, 2));
    writeFileSync(scratch.at("duration.csv.1"), csv(1, 3));
    const reason = "it begins as duration.csv does, and then differs: what is in both counts twice";
    const expected = { channels: { duration: "1123" }, problems: [`duration.csv.1: ${reason}`], copies: [] };
    assertEquals(await read(reader, scratch.path), expected);
    const other = scratch.at("other");
    mkdirSync(other);
    writeFileSync(`${other}/duration.csv`, csv(1, 2)); // elsewhere, and named: that is meant
    assertEquals((await read(reader, [scratch.at("duration.csv"), other])).channels, { duration: "1122" });
    appendFileSync(scratch.at("duration.csv"), row(4));
    assertEquals((await read(reader, scratch.path)).channels, { duration: "11234" });
  });
});
