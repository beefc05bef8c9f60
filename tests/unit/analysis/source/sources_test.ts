import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { KymoError } from "../../../../src/errors.ts";
import { openSources } from "../../../../src/analysis/source/open_sources.ts";
import type { TimeBounds } from "../../../../src/analysis/source/time_window.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { FileError } from "../../../../src/runtime.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import { Reader } from "../../../support/analysis/duckdb_reader.ts";

const HEADER = "Timepoint,Measurement,Label,PID\n";
const row = (number: number, label = "x"): string => `170000000000000000${number},0.5,${label},7\n`;
const text = (number: number, label = "x"): string => `170000000000000000${number}|0.5|${label}|7`;

const none = { unread: 0, problems: [], copies: [], gone: [] };

describe("openSources", () => {
  it("reads the published CSV files of a directory, those of the Python original too, and nothing else", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    writeFileSync(scratch.at("duration.7-0123abcd-000001.csv"), HEADER + row(1));
    writeFileSync(
      scratch.at("duration.0f8fad5bd9cb469fa16570867728950e.csv"),
      (HEADER + row(2)).replaceAll("\n", "\r\n"),
    );
    writeFileSync(scratch.at("duration.csv"), HEADER + row(3));
    writeFileSync(scratch.at("runtime.csv"), HEADER + row(4));
    writeFileSync(scratch.at("custom.csv"), HEADER);
    writeFileSync(scratch.at(".duration.7-0123abcd-000002.csv.tmp"), HEADER + row(5));
    writeFileSync(scratch.at(".hidden.csv"), HEADER + row(6));
    writeFileSync(scratch.at("profiler.7.cpuprofile"), "{}");
    mkdirSync(scratch.at("directory.csv"));
    const sources = await reader.open(scratch.path);
    assertEquals([...sources.relations.keys()].sort(), ["custom", "duration", "runtime"]);
    assertEquals(await reader.rows(sources, "duration"), [text(1), text(2), text(3)]);
    assertEquals(await reader.rows(sources, "runtime"), [text(4)]);
    assertEquals(await reader.rows(sources, "custom"), []);
    const problem = { file: scratch.at("directory.csv"), line: 0, rows: 0, reason: "it is not a file but a directory" };
    assertEquals(sources.reading, {
      files: 4,
      spools: 0,
      databases: 0,
      unread: 0,
      problems: [problem],
      copies: [],
      gone: [],
    });
  });

  it("reads a file, a pattern, and several of them, each file once", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    for (const number of [1, 2, 3]) {
      mkdirSync(scratch.at(`run [${number}]*`));
      writeFileSync(scratch.at(`run [${number}]*/a 'b'.${number}.csv`), HEADER + row(number));
    }
    const file = scratch.at("run [1]*/a 'b'.1.csv");
    const rows = async (source: string | string[]) => await reader.rows(await reader.open(source), "a 'b'");
    assertEquals(await rows(file), [text(1)]);
    assertEquals(await rows(scratch.at("run*/*.csv")), [text(1), text(2), text(3)]);
    assertEquals(await rows([file, scratch.at("run*2*/*.csv"), file]), [text(1), text(2)]);
    assertEquals(await rows(scratch.at("run*")), [text(1), text(2), text(3)]);
    assertEquals((await reader.open([])).relations.size, 0);
  });

  it("names a source that does not exist", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const path = scratch.at("missing");
    const message = `Cannot read: "${path}": no such file or directory`;
    assertEquals((await assertRejects(() => reader.open(path), KymoError, message)).code, "not-found");
    const pattern = scratch.at("nothing*.csv");
    await assertRejects(() => reader.open(pattern), KymoError, `Cannot read: "${pattern}": no such file or directory`);
  });

  it("follows links to files, and reports what is not a file instead of waiting for it", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const at = (name: string) => scratch.at(`recorded/${name}`);
    mkdirSync(scratch.at("recorded"));
    writeFileSync(scratch.at("stored"), HEADER + row(1));
    symlinkSync(scratch.at("stored"), at("duration.7-0123abcd-000001.csv"));
    symlinkSync("nothing", at("dangling.csv"));
    symlinkSync("circle.csv", at("circle.csv"));
    symlinkSync(scratch.path, at("linked.csv"));
    execFileSync("mkfifo", [at("pipe.csv")]);
    symlinkSync("pipe.csv", at("linked pipe.csv"));
    symlinkSync("/dev/zero", at("zero.csv"));
    const told = [
      ["circle.csv", "too many symbolic links"],
      ["dangling.csv", "it is a link to nothing"],
      ["linked pipe.csv", "it is not a file but a pipe, socket or device"],
      ["linked.csv", "it is not a file but a directory"],
      ["pipe.csv", "it is not a file but a pipe, socket or device"],
      ["zero.csv", "it is not a file but a pipe, socket or device"],
    ];
    for (const source of [scratch.at("recorded"), at("*.csv"), told.map(([name]) => at(name!)).concat(at("dur*"))]) {
      const sources = await reader.open(source);
      assertEquals(await reader.rows(sources, "duration"), [text(1)]);
      const problems = sources.reading.problems.map(({ file, reason }) => [file, reason]);
      const expected = told.map(([name, why]) => [at(name!), why]);
      // A path or pattern that leads to a directory stands for what is in it.
      assertEquals(
        problems,
        typeof source === "string" && !source.endsWith("*.csv")
          ? expected
          : expected.filter(([file]) => file !== at("linked.csv")),
      );
    }
  });

  it("reports why a line is not a row", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const rows: [row: string, why: string][] = [
      ["1.5,2,a,3", "its timepoint is not a whole number"],
      ["9223372036854775808,2,a,3", "its timepoint is beyond 64 bits"],
      ["1,,a,3", "its measurement is not a number"],
      ["1,2,,3", "it has no label"],
      ['1,2,a"b,3', "a quote stands inside its label"],
      ['1,2,"a"b,3', "its label continues after its quotes"],
      ["1,2,a\0b,3", "its label holds a NUL"],
      ["1,2,a", "it has fewer than four fields"],
      ["1,2,a,3,4", "it has more than four fields"],
      ["1,2,a,-3", "its PID is not a whole number"],
      ['"1,2,a,3', "its timepoint is not a whole number"],
      ['"1" ,2,a,3', "its timepoint is not a whole number"],
      ['1,"2""",a,3', "its measurement is not a number"],
      ['1,2,a,"3', "its PID is not a whole number"],
      ["1,2,a,4294967296", "its PID is beyond 32 bits"],
      [`1,2,${"x".repeat(2 ** 20)},3`, "it is longer than 1048576 bytes"],
      ['1,2,"a,3', "the quotes of its label are not closed"],
      ["1,2,a,3", "it is cut off"],
    ];
    const path = scratch.at("duration.1.csv");
    writeFileSync(path, HEADER + row(1) + rows.map(([row]) => row).join("\n"));
    const sources = await reader.open(path);
    assertEquals(await reader.rows(sources, "duration"), [text(1)]);
    assertEquals(sources.reading.problems, rows.map(([, reason], i) => ({ file: path, line: 3 + i, rows: 1, reason })));
    assertEquals(sources.reading.unread, rows.length);
  });

  it("counts all problems and reports the first hundred", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    writeFileSync(scratch.at("duration.1.csv"), HEADER + "x\n".repeat(1000) + row(1));
    const sources = await reader.open(scratch.path);
    assertEquals([sources.reading.unread, sources.reading.problems.length], [1000, 100]);
    assertEquals(await reader.rows(sources, "duration"), [text(1)]);
  });

  it("reads labels that hold what looks like rows, in a file that DuckDB reads in parts", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    // DuckDB splits files at some eight million bytes.
    const label = '"a\r\n1700000000000000000,0.5,b,7\r\nc"';
    const rows = 250_000;
    const path = scratch.at("duration.1.csv");
    writeFileSync(path, (HEADER + row(1)).replaceAll("\n", "\r\n"));
    appendFileSync(path, `1700000000000000002,0.5,${label},7\r\n`.repeat(rows));
    const sources = await reader.open(path);
    const [found] = await reader.query(
      sources,
      () => `SELECT Label, count(*) FROM ${sources.relations.get("duration")} GROUP BY ALL ORDER BY ALL`,
    );
    assertEquals(found, [["a\r\n1700000000000000000,0.5,b,7\r\nc", BigInt(rows)], ["x", 1n]]);
    assertEquals(sources.reading, { files: 1, spools: 0, databases: 0, ...none });
  });
});

describe("openSources with unreadable spools", () => {
  it("reports them, and reads everything else", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    writeFileSync(scratch.at("duration.1.csv"), HEADER + row(1));
    mkdirSync(scratch.at(".spools"));
    const [denied, damaged] = ["duration.7-0123abcd.0.spool", "duration.7-0123abcd.1.spool.damaged"]
      .map((name) => scratch.at(`.spools/${name}`)) as [string, string];
    for (const path of [denied, damaged]) writeFileSync(path, "what it holds");
    const { files } = defaultRuntime();
    const refuse = (path: string): never => {
      throw new FileError("EACCES", `permission denied: ${path}`);
    };
    const sources = await openSources(scratch.path, {
      connection: reader.connection,
      files: { ...files, open: (path, access) => path === denied ? refuse(path) : files.open(path, access) },
    });
    assertEquals(await reader.rows(sources, "duration"), [text(1)]);
    assertEquals(sources.reading.problems, [
      { file: damaged, line: 0, rows: 0, reason: "damaged: not all of its rows are recovered" },
      { file: denied, line: 0, rows: 0, reason: `permission denied: ${denied}` },
    ]);

    const unlisted = { ...files, list: (path: string) => path.endsWith(".spools") ? refuse("it") : files.list(path) };
    const others = await openSources(scratch.path, { connection: reader.connection, files: unlisted });
    assertEquals(await reader.rows(others, "duration"), [text(1)]);
    assertEquals(others.reading.problems.map(({ file, reason }) => [file, reason]), [
      [scratch.at(".spools"), "permission denied: it"],
    ]);
    const closed = { ...files, list: () => refuse("it") };
    const { code } = await assertRejects(
      () => openSources(scratch.path, { connection: reader.connection, files: closed }),
      KymoError,
      `Cannot read: ${JSON.stringify(scratch.path)}: permission denied: it`,
    );
    assertEquals(code, "permission-denied");
  });
});

describe("Sources whose files others change", () => {
  it("leave out deleted files, and tell them", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    for (const number of [1, 2]) writeFileSync(scratch.at(`duration.${number}.csv`), HEADER + row(number));
    const sources = await reader.open(scratch.path);
    rmSync(scratch.at("duration.1.csv"));
    assertEquals(await reader.rows(sources, "duration"), [text(2)]);
    const gone = [{ file: scratch.at("duration.1.csv"), rows: 1 }];
    assertEquals(sources.reading, { files: 1, spools: 0, databases: 0, ...none, gone });
  });

  it("read a file that grows up to its size at the beginning, also if it grows by half a row", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const path = scratch.at("duration.csv");
    writeFileSync(path, HEADER + row(1) + row(2));
    const sources = await reader.open(scratch.path);
    for (const more of [row(3), '1700000000000000004,0.5,"x', '\n",7\n']) {
      appendFileSync(path, more);
      assertEquals(await reader.rows(sources, "duration"), [text(1), text(2)]);
    }
    assertEquals(sources.reading, { files: 1, spools: 0, databases: 0, ...none });
  });

  it("leave out a file that was replaced by another of its name", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const path = scratch.at("duration.csv");
    writeFileSync(path, HEADER + row(1));
    const sources = await reader.open(scratch.path);
    renameSync(path, scratch.at("old"));
    writeFileSync(path, HEADER + row(2));
    assertEquals(await reader.rows(sources, "duration"), []);
    assertEquals(sources.reading, { files: 0, spools: 0, databases: 0, ...none, gone: [{ file: path, rows: 1 }] });
  });

  it("ask for a repetition if the check beside the first query found a damaged file", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const good = row(1).repeat(34_999);
    for (let i = 0; i < 40; i++) writeFileSync(scratch.at(`duration.${i}.csv`), HEADER + row(1, `file ${i}`) + good);
    writeFileSync(scratch.at("duration.40.csv"), HEADER + good + row(1) + "1.5,2,a,3\n" + row(2));
    const sources = await reader.open(scratch.path);
    const count = () => `SELECT count(*)::INTEGER, sum(PID)::INTEGER FROM ${sources.relations.get("duration")}`;
    assertEquals(await reader.query(sources, count), [[[41 * 35_000 + 1, 7 * (41 * 35_000 + 1)]], 2]);
    assertEquals(await reader.query(sources, count), [[[41 * 35_000 + 1, 7 * (41 * 35_000 + 1)]], 1]);
    assertEquals(sources.reading.unread, 1);
    sources.close();
  });
});

describe("openSources with a time of interest", () => {
  const at = (second: number): bigint => BigInt(1_700_000_000 + second) * 1_000_000_000n;
  const rows = (first: number, last: number): string =>
    `Timepoint,Measurement,Label,PID\r\n${
      Array.from({ length: last - first + 1 }, (_, i) => `${at(first + i)},0.5,"a, b",7\r\n`).join("")
    }`;

  it("reads of files of single segments only those that may hold rows of that time", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const names = Array.from({ length: 4 }, (_, i) => `duration.7-0123abcd-00000${i + 1}.csv`);
    for (const [i, name] of names.entries()) writeFileSync(scratch.at(name), rows(1_000 * i, 1_000 * i + 999));
    const { files } = defaultRuntime();
    const read = new Map<string, number>();
    const counting = {
      ...files,
      open: (path: string, access: "read") => {
        const file = files.open(path, access);
        return {
          ...file,
          readAt: (into: Uint8Array, at: number) => {
            read.set(path, (read.get(path) ?? 0) + into.length);
            return file.readAt(into, at);
          },
        };
      },
    };
    const count = async (bounds: TimeBounds): Promise<[files: number, rows: number]> => {
      read.clear();
      const sources = await openSources(scratch.path, { connection: reader.connection, files: counting }, bounds);
      return [sources.reading.files, (await reader.rows(sources, "duration")).length];
    };
    assertEquals(await count({}), [4, 4_000]);
    assertEquals(await count({ from: at(999) }), [4, 4_000]);
    assertEquals(await count({ from: at(999) + 1n, to: at(2_000) }), [1, 1_000]);
    assertEquals(names.filter((name) => read.get(scratch.at(name))! > 10_000), [names[1]]);
    assertEquals(await count({ to: at(2_000) + 1n }), [3, 3_000]);
    assertEquals(await count({ from: at(9_000) }), [0, 0]);
  });

  it("reads all files of channels in which observations may have any timepoint", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    // The first and the last row lie outside, another one lies inside.
    writeFileSync(
      scratch.at("custom.7-0123abcd-000001.csv"),
      `${rows(1, 1)}${rows(9, 9).slice(rows(1, 0).length)}${rows(2, 2).slice(rows(1, 0).length)}`,
    );
    const { files } = defaultRuntime();
    const sources = await openSources(scratch.path, { connection: reader.connection, files }, { from: at(9) });
    assertEquals((await reader.rows(sources, "custom")).map((row) => row[9]), ["1", "2", "9"]);
  });

  it("reads all of files that may hold several segments, or that do not begin and end with a row", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    writeFileSync(scratch.at("duration.csv"), rows(5, 5) + rows(1, 1).slice(rows(1, 0).length));
    writeFileSync(scratch.at("duration.0f8fad5bd9cb469fa16570867728950e.csv"), rows(2, 2));
    writeFileSync(scratch.at("duration.7-0123abcd-000001.csv"), `${rows(3, 3)}1.5,x\r\n`);
    writeFileSync(scratch.at("duration.7-0123abcd-000002.csv"), rows(4, 4));
    const { files } = defaultRuntime();
    const sources = await openSources(scratch.path, { connection: reader.connection, files }, { from: at(9) });
    assertEquals((await reader.rows(sources, "duration")).map((row) => row[9]), ["1", "2", "3", "5"]);
    assertEquals(sources.reading.unread, 1);
  });
});

describe("openSources with many files", () => {
  const timepoint = (number: number) => 1_700_000_000_000_000_000n + BigInt(number);
  const row = (number: number) => `${timepoint(number)},0.5,x,7\n`;
  const text = (number: number) => `${timepoint(number)}|0.5|x|7`;
  const csv = (...numbers: number[]) => HEADER + numbers.map(row).join("");

  it("reads small files and large ones, damaged, growing and cut ones as it reads few of them", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const rows: string[] = [];
    for (let number = 1; number <= 150; number++) {
      writeFileSync(scratch.at(`duration.7-0123abcd-${String(number).padStart(6, "0")}.csv`), csv(number));
      rows.push(text(number));
    }
    const large = Array.from({ length: 1_000 }, (_, i) => 1_000 + i);
    writeFileSync(scratch.at("duration.7-0123abcd-000151.csv"), csv(...large));
    writeFileSync(scratch.at("duration.8-aaaaaaaa-000001.csv"), `${csv(2_000)}odd,x\n${row(2_001)}`);
    writeFileSync(scratch.at("duration.9-bbbbbbbb-000001.csv"), `${csv(3_000, 3_001)}17000`);
    writeFileSync(scratch.at("duration.9-bbbbbbbb-000002.csv"), `${csv(...large.map((n) => n + 3_000))}17000`);
    writeFileSync(scratch.at("duration.csv"), csv(5_000));
    writeFileSync(scratch.at("runtime.7-0123abcd-000001.csv"), csv(1));
    const expected = [
      ...rows,
      ...[...large, 2_000, 2_001, 3_000, 3_001, ...large.map((n) => n + 3_000), 5_000].map((n) => text(n)),
    ];

    const sources = await reader.open(scratch.path);
    assertEquals(sources.areOrdered, false);
    await reader.connection.run("SET preserve_insertion_order = false");
    assertEquals(await reader.rows(sources, "duration"), expected.sort());
    assertEquals(await reader.rows(sources, "runtime"), [text(1)]);
    const { files, unread, problems } = sources.reading;
    assertEquals([files, unread], [156, 3]);
    assertEquals(problems.map(({ file, line }) => [file.slice(scratch.path.length + 1), line]).sort(), [
      ["duration.8-aaaaaaaa-000001.csv", 3],
      ["duration.9-bbbbbbbb-000001.csv", 4],
      ["duration.9-bbbbbbbb-000002.csv", 1_002],
    ]);
    const isolates = () => `SELECT DISTINCT Isolate FROM ${sources.relations.get("duration")} ORDER BY Isolate`;
    assertEquals((await reader.query(sources, isolates))[0].flat(), ["", "0123abcd", "aaaaaaaa", "bbbbbbbb"]);
    appendFileSync(scratch.at("duration.csv"), row(5_001));
    assertEquals(await reader.rows(sources, "duration"), expected);
    // What is loaded is there, even if its file is not.
    for (const name of ["duration.7-0123abcd-000001.csv", "duration.9-bbbbbbbb-000002.csv"]) rmSync(scratch.at(name));
    assertEquals(await reader.rows(sources, "duration"), expected);
  });
});
