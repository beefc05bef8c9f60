import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import {
  assertConserved,
  otherNames,
  PATIENCE,
  RecorderController,
} from "../../support/process/recorder_controller.ts";
import { csvFiles, readRows } from "../../support/process/recorded_rows.ts";
import { thisRuntime } from "../../support/process/run.ts";
import { sequenceText } from "../../support/fake/published_files.ts";
import { SMALL_BUFFERS } from "../../support/small_buffers.ts";

describe("file planted by another user", () => {
  const planted: Record<string, (path: string, victim: string) => void> = {
    "a link to a file": (path, victim) => symlinkSync(victim, path),
    "a dangling link": (path, victim) => symlinkSync(`${victim}.new`, path),
    "a directory": (path) => mkdirSync(path),
    "a pipe": (path) => void execFileSync("mkfifo", [path]),
  };
  for (const [name, plant] of Object.entries(planted)) {
    it(`is neither followed nor written to: ${name} in place of duration.csv`, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const victim = scratch.at("victim");
      writeFileSync(victim, "theirs");
      mkdirSync(directory);
      plant(join(directory, "duration.csv"), victim);
      const recorder = new RecorderController(thisRuntime);
      await recorder.send("start", { monitoringDir: directory, layout: "append", ...SMALL_BUFFERS });
      await recorder.send("record", 1000);
      const stopped = await recorder.send("stop");
      assertEquals(readFileSync(victim, "utf8"), "theirs");
      assert(!existsSync(`${victim}.new`));
      assert(!lstatSync(join(directory, "duration.csv")).isFile());
      assertStringIncludes(stopped.lastError!, "duration.csv is not a file");
      rmSync(join(directory, "duration.csv"), { recursive: true });
      assertConserved(stopped, readRows(directory, "duration"));
      assertEquals(stopped.flushed, 1000);
      await recorder.end();
    });
  }

  it("is neither followed nor overwritten: links at the next file names", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const victim = scratch.at("victim");
    writeFileSync(victim, "theirs");
    const recorder = new RecorderController(thisRuntime);
    await recorder.send("start", { monitoringDir: directory, ...SMALL_BUFFERS });
    await recorder.send("record", 10);
    await recorder.send("settle", PATIENCE);
    const [first = ""] = csvFiles(directory, "duration");
    const links = Array.from({ length: 20 }, (_, i) => first.replace(sequenceText(1), sequenceText(i + 2)))
      .flatMap((name) => [join(directory, name), join(directory, `.${name}.tmp`)]);
    for (const [i, link] of links.entries()) symlinkSync(i % 4 < 2 ? victim : `${victim}.new`, link);
    await recorder.send("record", 2000);
    const stopped = await recorder.send("stop");
    assertEquals(readFileSync(victim, "utf8"), "theirs");
    assert(!existsSync(`${victim}.new`));
    for (const link of links) {
      assert(lstatSync(link).isSymbolicLink());
      unlinkSync(link);
    }
    assertEquals(stopped.flushed, 2010);
    assertConserved(stopped, readRows(directory, "duration"));
    assertEquals(otherNames(directory), []);
    await recorder.end();
  });
});
