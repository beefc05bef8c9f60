import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { openRecording, tellUnread, whileReading } from "../../../src/cli/reading.ts";
import { UsageError } from "../../../src/errors.ts";
import { defaultRuntime } from "../../../src/monitor/default_runtime.ts";
import { scratchDirectory } from "../../contract/scratch.ts";
import { FakeRuntime } from "../../fake/runtime.ts";
import { fakeOutput, fakeSurroundings } from "./fake_surroundings.ts";

const reading = { files: 100, spools: 0, unread: 0, problems: [] };

describe("what was not read", () => {
  it("is nothing if all is well", () => {
    const surroundings = fakeSurroundings({});
    assertEquals(tellUnread(reading, surroundings), 0);
    assertEquals(surroundings.stderr.text, "");
  });

  it("is told by file and line, each problem on a line of its own", () => {
    const surroundings = fakeSurroundings({});
    const problems = [
      { file: "d/duration.1.csv", line: 7, rows: 1, reason: "its measurement is\nno number: \x1b[2J" },
      { file: "d/custom.1.csv", line: 0, rows: 0, reason: "permission denied" },
      { file: "d/runtime.1.csv", line: 12, rows: 3, reason: "its quotes are not closed" },
    ];
    assertEquals(tellUnread({ ...reading, unread: 1_004, problems }, surroundings), 1);
    assertEquals(
      surroundings.stderr.text,
      "Cannot read: d/duration.1.csv:7: its measurement is\\nno number: \\x1b[2J (1 row)\n" +
        "Cannot read: d/custom.1.csv: permission denied\n" +
        "Cannot read: d/runtime.1.csv:12: its quotes are not closed (3 rows)\n" +
        "Cannot read: 1,000 further rows\n",
    );
  });
});

describe("what the user named", () => {
  it("has to be there, unless it is a pattern", async () => {
    const surroundings = fakeSurroundings({ look: () => "nothing" as const });
    await assertRejects(
      () => openRecording(["absent"], "summarize", surroundings),
      UsageError,
      'Cannot summarize: no such file or directory: "absent"',
    );
  });

  it("is not the directory of directories that were recorded into", async () => {
    using scratch = scratchDirectory();
    for (const name of ["_monitoring/one", "_monitoring/two/.spools", "_monitoring/else"]) {
      mkdirSync(scratch.at(name), { recursive: true });
    }
    writeFileSync(scratch.at("_monitoring/one/duration.1.csv"), "");
    const surroundings = fakeSurroundings({ runtime: defaultRuntime() });
    const monitoring = scratch.at("_monitoring");
    await assertRejects(
      () => openRecording([monitoring], "summarize", surroundings),
      UsageError,
      `Cannot summarize: nothing is recorded in ${
        JSON.stringify(monitoring)
      } itself, but in it there are: "one", "two"`,
    );
    writeFileSync(scratch.at("_monitoring/duration.1.csv"), "Timepoint,Measurement,Label,PID\r\n1,1,a,1\r\n");
    await using db = await openRecording([monitoring], "summarize", surroundings);
    assertEquals(db.reading.files, 1);
  });
});

describe("the progress of reading", () => {
  /** What stands on the terminal after some time in which the database tells this progress, and at the end. */
  async function watch(progress: number): Promise<[during: string, end: string]> {
    let time = 0;
    const runtime = new FakeRuntime();
    const surroundings = fakeSurroundings({
      runtime,
      now: () => time,
      stderr: fakeOutput({ isTerminal: true, columns: 100 }),
    });
    const during = await whileReading({ reading, progress }, surroundings, () => {
      runtime.timers.advance(100);
      time = 2_000;
      runtime.timers.advance(100);
      return Promise.resolve(surroundings.stderr.text);
    });
    runtime.timers.advance(1_000);
    return [during, surroundings.stderr.text];
  }

  it("is shown, and wiped away", async () => {
    const [during, end] = await watch(0.425);
    assertMatch(during, /^Reading █{12,13}░{17,18} 42 % of 100 files$|Reading █{12,13}░{17,18} 42 % of 100 files/);
    assertEquals(end.endsWith("\x1b[1G\x1b[2K"), true);
  });
});
