import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { existsSync, writeFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { Command } from "commander";
import { addSlowCommand } from "../../../../src/cli/commands/slow/command.ts";
import type { Output } from "../../../../src/cli/context.ts";
import { formatDateTime, formatOffset } from "../../../../src/display/local_time.ts";
import { programFileName } from "../../../../src/files/names.ts";
import { encodeProgramRecord } from "../../../../src/files/program_record.ts";
import { epochOf, Recordings, type Row } from "../../../support/analysis/comparison_runs.ts";
import { fakeCliContext, fakeOutput } from "../../../support/fake/cli_context.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";
import { programRecord } from "../../../support/fake/program_record.ts";

/** Runs `kymo slow`, and returns its exit code and output, or the error that it throws. */
async function run(args: readonly string[], look: Partial<Output> = {}, variables: Record<string, string> = {}) {
  const [stdout, stderr] = [fakeOutput(look), fakeOutput()];
  let code: number | undefined;
  const program = new Command("kymo").exitOverride().configureOutput({ writeErr: () => {}, outputError: () => {} });
  const runtime = new FakeRuntime();
  runtime.variables = variables;
  const context = fakeCliContext({
    stdout,
    stderr,
    runtime,
    look: (path) => isAbsolute(path) && existsSync(path) ? "directory" as const : "nothing" as const,
  });
  addSlowCommand(program, context, (ended) => code = ended);
  const error = await program.parseAsync(["slow", ...args], { from: "user" }).then(
    () => undefined,
    (error) => error.message,
  );
  return { code, stdout: stdout.text, stderr: stderr.text, error };
}

function from(start: number, end: number, label: string, pid = 42): Row {
  return { time: end, value: (end - start).toFixed(9), label, pid };
}

const recorded = {
  duration: [
    from(1, 1.1, "/a [GET]"),
    from(2, 2.4, "/a [GET]"),
    from(2.05, 2.1, "render"),
    from(2.2, 2.3, "render"),
    from(1.9, 2.2, "/b [GET]"),
    from(3, 3.25, "/c [GET]", 43),
  ],
  client: [from(2.1, 2.2, "api.example.com [GET]")],
  runtime: [
    { time: 2.2, label: "event loop lag", value: 0.05 },
    { time: 2, label: "gc collections", value: 0 },
    { time: 3, label: "gc pause", value: 0.02 },
  ],
};

describe("kymo slow", () => {
  it("shows the slowest samples, and what overlapped each of them", async () => {
    using recordings = new Recordings();
    const directory = recordings.write(recorded);
    const record = programRecord({ pid: 43, isolate: "0badcafe", name: "orders", options: { layout: "append" } });
    writeFileSync(`${directory}/${programFileName(record)}`, encodeProgramRecord(record));
    const { stdout, stderr, code } = await run([directory, "--top", "3"]);
    assertEquals({ stderr, code }, { stderr: "", code: 0 });
    const lines = stdout.split("\n");
    const began = (time: number): string => formatDateTime(epochOf(time));
    assertEquals(lines[0], `${directory}: the 3 slowest`);
    assertEquals(lines.slice(2).map((line) => line.trim().replaceAll(/ {2,}/g, "  ")), [
      `began (${formatOffset(epochOf(2))})  took  share  what  program`,
      `${began(2)}  400ms  /a [GET]  PID 42`,
      "150ms  37.5%  during it: render, 2 times",
      "100ms  25.0%  during it: → api.example.com [GET]",
      "50.0ms  12.5%  event loop blocked",
      "~8.00ms  2.00%  garbage collection: 1 pause around that time, at most 20.0 ms of it",
      "200ms  50.0%  beside it: /b [GET]",
      `${began(1.9)}  300ms  /b [GET]  PID 42`,
      "100ms  33.3%  during it: → api.example.com [GET]",
      "50.0ms  16.7%  event loop blocked",
      "50.0ms  16.7%  during it: render",
      "~4.00ms  1.33%  garbage collection: 1 pause around that time, at most 20.0 ms of it",
      "200ms  66.7%  beside it: /a [GET]",
      lines[15]!.trim().replaceAll(/ {2,}/g, "  "),
      "",
    ]);
    assert(/ 250ms +\/c \[GET\] +.*orders/.test(lines[15]!), lines[15]);
    for (const line of (await run([directory], { columns: 60 })).stdout.split("\n").slice(2)) {
      assert(line.length <= 60, line);
    }
  });

  it("shows those of a label, and prints JSON", async () => {
    using recordings = new Recordings();
    const directory = recordings.write(recorded);
    const { stdout, code } = await run([directory, "/a*", "--top", "1", "--json"]);
    assertEquals(code, 0);
    const { samples, ...rest } = JSON.parse(stdout);
    assertEquals(rest, {
      version: 1,
      kind: "slow",
      sources: [directory],
      labels: ["/a*"],
      unread: { rows: 0, problems: [] },
    });
    assertEquals(samples.length, 1);
    const [{ overlaps, ...sample }] = samples;
    assertEquals(sample, {
      channel: "duration",
      label: "/a [GET]",
      start: String(epochOf(2)),
      end: String(epochOf(2.4)),
      duration: 0.4,
      pid: 42,
      isolate: "",
      program: "PID 42",
    });
    assertEquals(overlaps.slice(0, 2), [
      { kind: "duration", label: "/b [GET]", position: "beside", count: 1, time: 0.2 },
      { kind: "duration", label: "render", position: "within", count: 2, time: 0.15 },
    ]);
  });

  it("does not pass over that there is none", async () => {
    using recordings = new Recordings();
    const directory = recordings.write(recorded);
    assertEquals(
      (await run([directory, "/none"])).error,
      `Cannot show slow samples: "${directory}": no durations with such a label`,
    );
    assertEquals((await run([recordings.write({})])).error?.endsWith(": no durations"), true);
  });

  it("takes a single word for DIR if there is such a thing, and otherwise for a label in the default directory", async () => {
    using recordings = new Recordings();
    const directory = recordings.write(recorded);
    const there = { KYMO_DIR: directory };
    const told = `DIR is ${directory}, by KYMO_DIR\n`;
    const labelled = await run(["/a [GET]", "--top", "1"], {}, there);
    assertEquals([labelled.stderr, labelled.stdout.split("\n")[0]], [told, `${directory}: the slowest of /a [GET]`]);
    const every = await run(["--top", "1"], {}, there);
    assertEquals([every.stderr, every.stdout.split("\n")[0]], [told, `${directory}: the slowest`]);
    const other = await run([recordings.write(recorded), "--top", "1"], {}, there);
    assertEquals([other.stderr, other.error], ["", undefined]);
    assertEquals(
      (await run(["/none"], {}, there)).error,
      `Cannot show slow samples: "${directory}": no durations with such a label, and no file or directory "/none"`,
    );
    assertEquals(
      (await run(["/none"])).error,
      'Cannot show slow samples: "/none": no such file or directory; if it is a label, give DIR: KYMO_DIR is not set, ' +
        "and there is no _monitoring here",
    );
    assertEquals(
      (await run(["/none", "/a [GET]"], {}, there)).error?.endsWith('"/none": no such file or directory'),
      true,
    );
  });
});
