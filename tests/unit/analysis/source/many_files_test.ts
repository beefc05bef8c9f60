/**
 * What is done for each of many files, counted: 200,000 of them take so many times as long.
 *
 * @module
 */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { openSources } from "../../../../src/analysis/source/open_sources.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { FileError, type Files } from "../../../../src/runtime.ts";
import { Reader } from "../../../support/analysis/duckdb_reader.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";

const HEADER = "Timepoint,Measurement,Label,PID\r\n";
const MINUTE = 60_000_000_000n;

/** The timepoint of a minute. */
const at = (minute: number): bigint => 1_700_000_000_000_000_000n + BigInt(minute) * MINUTE;
const csv = (...timepoints: bigint[]): string => HEADER + timepoints.map((one) => `${one},0.5,x,7\r\n`).join("");
const nameOf = (sequence: number, channel = "duration", isolate = "0123abcd"): string =>
  `${channel}.7-${isolate}-${String(sequence).padStart(6, "0")}.csv`;

/** Sets the time at which a file was changed last. */
function touch(path: string, timepoint: bigint): void {
  const seconds = Number(timepoint / 1_000_000n) / 1000;
  utimesSync(path, seconds, seconds);
}

/** Files that count how often each is opened. */
function counting(): { files: Files; opened: Map<string, number> } {
  const { files } = defaultRuntime();
  const opened = new Map<string, number>();
  return {
    opened,
    files: {
      ...files,
      open: (path, access) => {
        opened.set(path, (opened.get(path) ?? 0) + 1);
        return files.open(path, access);
      },
    },
  };
}

describe("openSources with many small files of a process", () => {
  it("opens each once, and gives DuckDB one file for each channel and isolate", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    for (const isolate of ["0123abcd", "4567abcd"]) {
      for (let i = 1; i <= 100; i++) writeFileSync(scratch.at(nameOf(i, "duration", isolate)), csv(at(i)));
      for (let i = 1; i <= 100; i++) writeFileSync(scratch.at(nameOf(i, "custom", isolate)), csv(at(i)));
    }
    const { files, opened } = counting();
    const sources = await openSources(scratch.path, reader.deps(files));
    assertEquals(opened.size, 400);
    assertEquals(Math.max(...opened.values()), 1);
    for (const channel of ["duration", "custom"]) {
      assertEquals(sources.relations.get(channel)!.match(/\.csv'/g)?.length, 2);
      const query = () =>
        `SELECT Isolate, count(*)::INTEGER FROM ${sources.relations.get(channel)} GROUP BY 1 ORDER BY 1`;
      assertEquals(await reader.query(sources, query), [[["0123abcd", 100], ["4567abcd", 100]], 1]);
    }
    assertEquals(sources.reading, {
      files: 400,
      spools: 0,
      databases: 0,
      unread: 0,
      problems: [],
      copies: [],
      gone: [],
    });
  });

  it("joins only those in which the check finds nothing but rows, each kind of line end by itself", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const expected: string[] = [];
    const row = (minute: number, label = "x"): string => `${at(minute)}|0.5|${label}|7`;
    for (let i = 1; i <= 120; i++) {
      writeFileSync(scratch.at(nameOf(i)), csv(at(i)));
      expected.push(row(i));
    }
    writeFileSync(scratch.at(nameOf(50)), `${csv(at(50))}1.5,x\r\n`);
    writeFileSync(scratch.at(nameOf(60)), csv(at(60)).replaceAll("\r\n", "\n"));
    writeFileSync(scratch.at(nameOf(70)), `${csv(at(70))}\r\n`); // an empty line
    writeFileSync(scratch.at(nameOf(80)), csv(at(80)).replace(",x,", ',"a\nb",'));
    expected[79] = row(80, "a\nb");
    writeFileSync(scratch.at(nameOf(90)), csv(at(90)).replace("\r\n", "\n")); // two kinds
    writeFileSync(scratch.at(nameOf(100)), `${csv(at(100))}${at(200)},0.5,x`); // cut off
    const sources = await reader.open(scratch.path);
    assertEquals(await reader.rows(sources, "duration"), expected.sort());
    assertEquals(sources.reading.problems.map(({ file, line }) => [file, line]), [
      [scratch.at(nameOf(50)), 3],
      [scratch.at(nameOf(100)), 3],
    ]);
    // Those with CRLF, with LF, and with a line feed in a label.
    assertEquals(readdirSync(reader.temporary.path).length, 3);
  });

  it("reads the files themselves if the disk is full, at once or later", async () => {
    for (const made of [0, 1]) {
      using scratch = scratchDirectory();
      using reader = await Reader.create();
      for (const isolate of ["0123abcd", "4567abcd"]) {
        for (let i = 1; i <= 60; i++) writeFileSync(scratch.at(nameOf(i, "duration", isolate)), csv(at(i)));
      }
      const { files } = defaultRuntime();
      let room = made;
      const write = (): never => {
        throw new FileError("ENOSPC", "no space left on device");
      };
      const full: Files = {
        ...files,
        create: (path, access) => room-- > 0 ? files.create(path, access) : { ...files.create(path, access), write },
      };
      const sources = await openSources(scratch.path, reader.deps(full));
      assertEquals((await reader.rows(sources, "duration")).length, 120);
      assertEquals(readdirSync(reader.temporary.path).length, made);
      assertEquals(sources.reading, {
        files: 120,
        spools: 0,
        databases: 0,
        unread: 0,
        problems: [],
        copies: [],
        gone: [],
      });
    }
  });
});

describe("openSources with many files outside of the time of interest", () => {
  const COUNT = 500;

  /** A channel of an isolate, a segment each minute, each flushed at the end of its minute. */
  function write(scratch: { at(name: string): string }, channel: string): void {
    for (let i = 1; i <= COUNT; i++) {
      const path = scratch.at(nameOf(i, channel));
      writeFileSync(path, csv(at(i), at(i) + MINUTE / 2n));
      touch(path, at(i + 1));
    }
  }

  it("opens few that are older", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    for (const channel of ["duration", "runtime"]) write(scratch, channel);
    const { files, opened } = counting();
    const sources = await openSources(scratch.path, reader.deps(files), { from: at(COUNT - 5) });
    const inTime = (rows: string[]): string[] => rows.filter((one) => BigInt(one.split("|")[0]!) >= at(COUNT - 5));
    for (const channel of ["duration", "runtime"]) {
      assertEquals(inTime(await reader.rows(sources, channel)).length, 12);
    }
    assert(opened.size < 50, `${opened.size} files were opened`);
  });

  it("reads rows in files whose time of change says that they are older", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    write(scratch, "duration");
    for (const i of [COUNT - 3, COUNT]) touch(scratch.at(nameOf(i)), at(-10_000));
    const sources = await openSources(scratch.path, reader.deps(), { from: at(COUNT - 5) });
    assertEquals(sources.reading.files, 6);
    for (let i = 1; i <= COUNT; i++) touch(scratch.at(nameOf(i)), 1_000_000_000n);
    assertEquals((await openSources(scratch.path, reader.deps(), { from: at(COUNT - 5) })).reading.files, 6);
  });

  it("reads rows in files whose sequence says that they are older, since the clock was set back", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    write(scratch, "duration");
    for (let i = 1; i <= 50; i++) {
      const path = scratch.at(nameOf(COUNT + i));
      writeFileSync(path, csv(at(i)));
      touch(path, at(i + 1));
    }
    const sources = await openSources(scratch.path, reader.deps(), { from: at(COUNT - 5) });
    assertEquals(sources.reading.files, 6);
  });

  it("reads all files of channels whose timepoints a program gives", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    write(scratch, "custom");
    const sources = await openSources(scratch.path, reader.deps(), { from: at(COUNT - 5) });
    assertEquals(sources.reading.files, COUNT);
  });
});
