import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { programFileName } from "../../../../src/files/names.ts";
import { encodeProgramRecord, MAX_PROGRAM_BYTES, type ProgramRecord } from "../../../../src/files/program_record.ts";
import { readProgramRecords } from "../../../../src/analysis/programs/program_records.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import { programRecord } from "../../../support/fake/program_record.ts";

const { files } = defaultRuntime();
const isolateOf = (index: number): string => index.toString(16).padStart(8, "0");

function recordOf(index: number): ProgramRecord {
  return programRecord({
    isolate: isolateOf(index),
    started: BigInt(index),
    ...index % 2 === 1 ? { end: { how: "stop" as const, at: BigInt(index) } } : {},
  });
}

function write(directory: string, index: number, bytes = encodeProgramRecord(recordOf(index))): string {
  const path = join(directory, programFileName({ pid: 1, isolate: isolateOf(index) }));
  writeFileSync(path, bytes);
  return path;
}

describe("readProgramRecords", () => {
  it("reads the records of all directories, and whether those without an end live", () => {
    using scratch = scratchDirectory();
    const [one, other] = ["one", "other"].map((name) => join(scratch.path, name));
    for (const directory of [one!, other!]) mkdirSync(directory);
    write(one!, 1);
    write(other!, 2);
    writeFileSync(join(one!, "program.json"), "{}");
    const { byProcess, liveness, problems, skipped } = readProgramRecords(files, [one!, other!]);
    assertEquals([...byProcess], [["1-00000001", recordOf(1)], ["1-00000002", recordOf(2)]]);
    assertEquals([...liveness], [["1-00000002", "unknown"]]);
    assertEquals([problems, skipped], [[], 0]);
  });

  it("reports and ignores what is cut, hostile or of a later version", () => {
    using scratch = scratchDirectory();
    const { path } = scratch;
    const whole = encodeProgramRecord(recordOf(1));
    const paths = [
      write(path, 1, whole.subarray(0, whole.length / 2)),
      write(path, 2, new TextEncoder().encode(JSON.stringify({ format: 2, pid: 1, isolate: isolateOf(2) }))),
      write(path, 3, new Uint8Array(MAX_PROGRAM_BYTES + 1).fill(0x20)),
      join(path, programFileName({ pid: 1, isolate: isolateOf(4) })),
      join(path, programFileName({ pid: 1, isolate: isolateOf(5) })),
    ];
    mkdirSync(paths[3]!);
    symlinkSync("/dev/zero", paths[4]!);
    write(path, 6);
    const { byProcess, problems } = readProgramRecords(files, [path]);
    assertEquals([...byProcess.keys()], ["1-00000006"]);
    assertEquals(problems.map((problem) => problem.path), paths);
    assertEquals(problems[1]?.reason, "made by another version of Kymo: format 2, not 1");
  });

  it("reads all that are asked for, and a bounded number of others", () => {
    using scratch = scratchDirectory();
    for (let index = 0; index < 1_100; index++) write(scratch.path, index);
    const wanted = [1_098, 1_099].map((index) => ({ pid: 1, isolate: isolateOf(index) }));
    const { byProcess, skipped } = readProgramRecords(files, [scratch.path], wanted);
    assertEquals([byProcess.size, skipped], [1_002, 98]);
    assertEquals(byProcess.get("1-0000044b"), recordOf(1_099));
  });

  it("has none of a directory that cannot be listed", () => {
    using scratch = scratchDirectory();
    assertEquals(readProgramRecords(files, [join(scratch.path, "gone")]).byProcess.size, 0);
  });
});
