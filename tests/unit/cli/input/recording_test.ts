import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { openRecording, reportUnread, whileReading } from "../../../../src/cli/input/recording.ts";
import { KymoError } from "../../../../src/errors.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";
import { fakeCliContext, fakeOutput } from "../../../support/fake/cli_context.ts";

const reading = { files: 100, spools: 0, databases: 0, unread: 0, problems: [], copies: [], gone: [] };

describe("reportUnread", () => {
  it("writes nothing if everything was read", () => {
    const context = fakeCliContext({});
    assertEquals(reportUnread(reading, context), 0);
    assertEquals(context.stderr.text, "");
  });

  it("writes a line for each file, with the line of its problem", () => {
    const context = fakeCliContext({});
    const problems = [
      { file: "d/duration.1.csv", line: 7, rows: 1, reason: "its measurement is\nno number: \x1b[2J" },
      { file: "d/custom.1.csv", line: 0, rows: 0, reason: "permission denied" },
      { file: "d/runtime.1.csv", line: 12, rows: 3, reason: "its quotes are not closed" },
    ];
    assertEquals(reportUnread({ ...reading, unread: 1_004, problems }, context), 1);
    assertEquals(
      context.stderr.text,
      "Cannot read: d/duration.1.csv:7: its measurement is\\nno number: \\x1b[2J (1 row)\n" +
        "Cannot read: d/custom.1.csv: permission denied\n" +
        "Cannot read: d/runtime.1.csv:12: its quotes are not closed (3 rows)\n" +
        "Cannot read: 1,000 further rows\n",
    );
  });

  it("tells several problems of a file on one line, those with one reason together", () => {
    const context = fakeCliContext({});
    const file = "d/duration.1.csv";
    const problems = [
      ...[7, 9, 30].map((line) => ({ file, line, rows: 1, reason: "its PID is no number" })),
      { file: "d/custom.1.csv", line: 4, rows: 1, reason: "it is cut off" },
      { file, line: 40, rows: 1, reason: "it is cut off" },
      { file, line: 0, rows: 0, reason: "it is\nlonger now" },
    ];
    assertEquals(reportUnread({ ...reading, unread: 5, problems }, context), 1);
    assertEquals(
      context.stderr.text,
      "Cannot read: d/duration.1.csv: 4 rows: its PID is no number (3 rows, the first in line 7); it is cut off " +
        "(line 40); it is\\nlonger now\n" +
        "Cannot read: d/custom.1.csv:4: it is cut off (1 row)\n",
    );
  });

  it("tells files that were taken away meanwhile, which are no failure", () => {
    const context = fakeCliContext({});
    const gone = Array.from({ length: 12 }, (_, i) => ({ file: `d/duration.${i}.csv`, rows: i }));
    assertEquals(reportUnread({ ...reading, gone }, context), 0);
    const lines = context.stderr.text.split("\n");
    assertEquals([lines[0], lines[1], lines.at(-2), lines.length], [
      "Left out: d/duration.0.csv: it was moved or deleted meanwhile",
      "Left out: d/duration.1.csv: it was moved or deleted meanwhile (1 row)",
      "Left out: 2 further files, moved or deleted meanwhile",
      12,
    ]);
  });
});

describe("openRecording", () => {
  it("refuses a file that does not exist, unless it is a pattern", async () => {
    const context = fakeCliContext({ look: () => "nothing" as const });
    await assertRejects(
      () => openRecording(["absent"], "summarize", context),
      KymoError,
      'Cannot summarize: "absent": no such file or directory',
    );
  });

  it("refuses a directory whose recordings are in directories below it", async () => {
    using scratch = scratchDirectory();
    for (const name of ["_monitoring/one", "_monitoring/two/.spools", "_monitoring/else"]) {
      mkdirSync(scratch.at(name), { recursive: true });
    }
    writeFileSync(scratch.at("_monitoring/one/duration.1.csv"), "");
    // Hidden files are not published, so they show no recording, neither here nor below.
    writeFileSync(scratch.at("_monitoring/else/.duration.1.csv"), "");
    writeFileSync(scratch.at("_monitoring/.duration.1.csv"), "");
    const context = fakeCliContext({ runtime: defaultRuntime() });
    const monitoring = scratch.at("_monitoring");
    await assertRejects(
      () => openRecording([monitoring], "summarize", context),
      KymoError,
      `Cannot summarize: ${JSON.stringify(monitoring)}: ` +
        'no recording in it, but in these directories below it: "one", "two"',
    );
    writeFileSync(scratch.at("_monitoring/duration.1.csv"), "Timepoint,Measurement,Label,PID\r\n1,1,a,1\r\n");
    await using opened = await openRecording([monitoring], "summarize", context);
    assertEquals(opened.db.reading.files, 1);
  });
});

describe("whileReading", () => {
  /**
   * The text on the terminal after some time at this progress, and after the end.
   */
  async function watch(progress: number): Promise<[during: string, end: string]> {
    let time = 0;
    const runtime = new FakeRuntime();
    const context = fakeCliContext({
      runtime,
      now: () => time,
      stderr: fakeOutput({ movesCursor: true, columns: 100 }),
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

  it("shows a progress bar, and removes it", async () => {
    const [during, end] = await watch(0.425);
    assertMatch(during, /^Reading █{12,13}░{17,18} 42 % of 100 files$|Reading █{12,13}░{17,18} 42 % of 100 files/);
    assertEquals(end.endsWith("\x1b[1G\x1b[2K"), true);
  });
});
