import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { openRecording, tellUnread, whileReading } from "../../../src/cli/input/reading.ts";
import { KymoError } from "../../../src/errors.ts";
import { defaultRuntime } from "../../../src/default_runtime.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";
import { fakeCliContext, fakeOutput } from "../../support/fake/cli_context.ts";

const reading = { files: 100, spools: 0, unread: 0, problems: [] };

describe("what was not read", () => {
  it("is nothing if all is well", () => {
    const context = fakeCliContext({});
    assertEquals(tellUnread(reading, context), 0);
    assertEquals(context.stderr.text, "");
  });

  it("is told by file and line, each problem on a line of its own", () => {
    const context = fakeCliContext({});
    const problems = [
      { file: "d/duration.1.csv", line: 7, rows: 1, reason: "its measurement is\nno number: \x1b[2J" },
      { file: "d/custom.1.csv", line: 0, rows: 0, reason: "permission denied" },
      { file: "d/runtime.1.csv", line: 12, rows: 3, reason: "its quotes are not closed" },
    ];
    assertEquals(tellUnread({ ...reading, unread: 1_004, problems }, context), 1);
    assertEquals(
      context.stderr.text,
      "Cannot read: d/duration.1.csv:7: its measurement is\\nno number: \\x1b[2J (1 row)\n" +
        "Cannot read: d/custom.1.csv: permission denied\n" +
        "Cannot read: d/runtime.1.csv:12: its quotes are not closed (3 rows)\n" +
        "Cannot read: 1,000 further rows\n",
    );
  });
});

describe("what the user named", () => {
  it("has to be there, unless it is a pattern", async () => {
    const context = fakeCliContext({ look: () => "nothing" as const });
    await assertRejects(
      () => openRecording(["absent"], "summarize", context),
      KymoError,
      'Cannot summarize: no such file or directory: "absent"',
    );
  });

  it("is not the directory of directories that were recorded into", async () => {
    using scratch = scratchDirectory();
    for (const name of ["_monitoring/one", "_monitoring/two/.spools", "_monitoring/else"]) {
      mkdirSync(scratch.at(name), { recursive: true });
    }
    writeFileSync(scratch.at("_monitoring/one/duration.1.csv"), "");
    const context = fakeCliContext({ runtime: defaultRuntime() });
    const monitoring = scratch.at("_monitoring");
    await assertRejects(
      () => openRecording([monitoring], "summarize", context),
      KymoError,
      `Cannot summarize: nothing is recorded in ${
        JSON.stringify(monitoring)
      } itself, but in it there are: "one", "two"`,
    );
    writeFileSync(scratch.at("_monitoring/duration.1.csv"), "Timepoint,Measurement,Label,PID\r\n1,1,a,1\r\n");
    await using db = await openRecording([monitoring], "summarize", context);
    assertEquals(db.reading.files, 1);
  });
});

describe("the progress of reading", () => {
  /** What stands on the terminal after some time in which the database tells this progress, and at the end. */
  async function watch(progress: number): Promise<[during: string, end: string]> {
    let time = 0;
    const runtime = new FakeRuntime();
    const context = fakeCliContext({
      runtime,
      now: () => time,
      stderr: fakeOutput({ isTerminal: true, columns: 100 }),
    });
    const during = await whileReading({ reading, progress }, context, () => {
      runtime.timers.advance(100);
      time = 2_000;
      runtime.timers.advance(100);
      return Promise.resolve(context.stderr.text);
    });
    runtime.timers.advance(1_000);
    return [during, context.stderr.text];
  }

  it("is shown, and wiped away", async () => {
    const [during, end] = await watch(0.425);
    assertMatch(during, /^Reading █{12,13}░{17,18} 42 % of 100 files$|Reading █{12,13}░{17,18} 42 % of 100 files/);
    assertEquals(end.endsWith("\x1b[1G\x1b[2K"), true);
  });
});
