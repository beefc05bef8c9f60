import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Command } from "commander";
import type { CliContext } from "../../../../src/cli/context.ts";
import { addTopCommand } from "../../../../src/cli/commands/top/command.ts";
import { KymoError } from "../../../../src/errors.ts";
import { createMonitor, type Monitor } from "../../../../src/recording/monitor.ts";
import { FileError } from "../../../../src/runtime.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";
import { fakeCliContext, type FakeOutput, fakeOutput } from "../../../support/fake/cli_context.ts";

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";

/** Changes to the fake context. */
type Extra = Partial<CliContext> & { onKeys?: (listener: (keys: string) => void) => () => void };

/** Runs `kymo top` with these arguments, and returns its exit codes. */
async function top(args: readonly string[], context: Extra): Promise<number[]> {
  const codes: number[] = [];
  const program = new Command("kymo").exitOverride().configureOutput({ writeErr: () => {} });
  addTopCommand(program, fakeCliContext(context), (code) => codes.push(code));
  await program.parseAsync(["top", ...args], { from: "user" });
  return codes;
}

/** A program that records whenever the output is written to. */
function recording(stdout: FakeOutput): { runtime: FakeRuntime; monitor: Monitor; stdout: FakeOutput } {
  const runtime = new FakeRuntime();
  const monitor = createMonitor(() => runtime);
  monitor.start();
  const { write } = stdout;
  const record = (): void => {
    for (const label of ["a", "b", "b"]) monitor.observe(label, 5);
  };
  stdout.write = (text) => {
    write(text);
    record();
  };
  runtime.timers.after(500, record);
  return { runtime, monitor, stdout };
}

const terminal = { movesCursor: true, columns: 60, rows: 10 };

describe("kymo top", () => {
  it("prints a JSON object for each update, one per line", async () => {
    const { stdout, monitor, runtime } = recording(fakeOutput());
    assertEquals(await top(["_monitoring", "--json", "--count", "2", "--interval", "2"], { stdout, runtime }), [0]);
    const lines = stdout.text.trimEnd().split("\n").map((line) => JSON.parse(line));
    const printed = lines.map(({ seconds, processes, series, sampled, missed }) => [
      seconds,
      processes.map(({ pid, count }: { pid: number; count: number }) => [pid, count]),
      series.map(({ label, count, rate }: { label: string; count: number; rate: number }) => [label, count, rate]),
      sampled,
      missed,
    ]);
    const each = [2, [[4242, 3]], [["a", 1, 0.5], ["b", 2, 1]], false, 0];
    assertEquals(printed, [each, each]);
    assertEquals([BigInt(lines[0].to) - BigInt(lines[0].from), lines[0].kind], [2_000_000_000n, "top"]);
    await monitor.stop();
  });

  it("prints blocks of plain text without a terminal", async () => {
    const { stdout, monitor, runtime } = recording(fakeOutput());
    assertEquals(await top(["_monitoring", "--once", "--sort", "label"], { stdout, runtime }), [0]);
    const [title, ...rest] = stdout.text.split("\n");
    assertMatch(title!, /^kymo top _monitoring · 1 program · 3 rows\/s · \d\d:\d\d:\d\d$/);
    assertEquals(rest, [
      "",
      " PID  program               rows/s",
      "4242  fake 1 · app.ts@host       3",
      "",
      "quantity  rate/s  p50  p99  max  p99, last 1 s",
      "a              1    5    5    5  █",
      "b              2    5    5    5  █",
      "",
    ]);
    await monitor.stop();
  });

  it("shows only the selected labels and processes", async () => {
    const { stdout, monitor, runtime } = recording(fakeOutput());
    await top(["_monitoring", "--once", "--json", "--label", "?", "--label", "x*", "--pid", "4242"], {
      stdout,
      runtime,
    });
    await top(["_monitoring", "--once", "--json", "--label", "[a-z]"], { stdout, runtime });
    await top(["_monitoring", "--once", "--json", "--pid", "1"], { stdout, runtime });
    const printed = stdout.text.trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(printed.map(({ series, processes }) => [series.length, processes.length]), [[2, 1], [0, 1], [0, 0]]);
    await monitor.stop();
  });

  it("waits for programs on the alternate screen until q or Ctrl-C, and restores the terminal", async () => {
    for (const key of ["q", "\x03"]) {
      const stdout = fakeOutput(terminal);
      const runtime = new FakeRuntime();
      let isListening = false;
      const onKeys = (listener: (keys: string) => void): () => void => {
        isListening = true;
        listener("x");
        runtime.timers.after(2_500, () => listener(key));
        return () => void (isListening = false);
      };
      assertEquals(await top(["_monitoring"], { stdout, runtime, onKeys, look: () => "nothing" }), [0]);
      assertEquals([stdout.text.startsWith(ENTER), stdout.text.endsWith(LEAVE), isListening], [true, true, false]);
      assertEquals(stdout.text.split("Waiting: ").length - 1, 3);
      assertEquals([stdout.text.split(LEAVE).length, runtime.hooks.size], [2, 0]);
    }
  });

  it("sorts, filters, pauses, scrolls and tells processes apart by keys", async () => {
    const stdout = fakeOutput({ ...terminal, columns: 100, rows: 14 });
    const { monitor, runtime } = recording(stdout);
    let press: (keys: string) => void = () => {};
    const onKeys = (listener: (keys: string) => void): () => void => {
      press = listener;
      return () => {};
    };
    const frames: string[][] = [];
    const after = (ms: number, keys: string): void => {
      runtime.timers.after(ms, () => press(keys));
      runtime.timers.after(ms + 200, () =>
        frames.push(
          stdout.text.split("\x1b[H").at(-1)!.split("\x1b[J")[0]!.split("\r\n").map((line) =>
            line.replace("\x1b[K", "").trimEnd()
          ),
        ));
    };
    after(1_100, "s");
    after(2_100, "/b");
    after(2_500, "\r");
    after(3_100, "\x1b");
    after(3_500, " ");
    after(4_100, "p"); // does not move the screen on
    after(5_100, " ");
    after(6_500, "\x1b[B\x1b[B");
    after(7_500, "q");
    assertEquals(await top(["_monitoring"], { stdout, runtime, onKeys }), [0]);
    const [sorted, typing, filtered, all, paused, stillPaused, goesOn, scrolled] = frames;
    assertEquals(
      sorted!.at(-1),
      "q quit  s sort: p50  space pause  p by process  / filter  ↑↓ scroll  o programs: worst first",
    );
    assertEquals(typing!.at(-1), "filter: b▏ (Enter keeps it, Esc shows all)");
    const labels = (frame: string[]): string[] => frame.flatMap((line) => /^[ab](?= )/.exec(line)?.[0] ?? []);
    assertEquals([typing!, filtered!, all!].map(labels), [["b"], ["b"], ["a", "b"]]);
    assertEquals([paused![0]!.includes("paused at"), paused![0], paused!.at(-1)!.includes("space go on")], [
      true,
      stillPaused![0],
      true,
    ]);
    assertEquals(stillPaused!.at(-1)!.includes("p in sum"), true);
    assertEquals(goesOn![0]!.includes("paused"), false);
    assertEquals(scrolled!.length <= 14, true);
    await monitor.stop();
  });

  it("watches only programs with such a name", async () => {
    const { stdout, monitor, runtime } = recording(fakeOutput());
    await top(["_monitoring", "--once", "--json", "--program", "app*"], { stdout, runtime });
    await top(["_monitoring", "--once", "--json", "--program", "other"], { stdout, runtime });
    const printed = stdout.text.trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(
      printed.map(({ series, processes, others }) => [series.length > 0, processes.length, others.processes]),
      [[true, 1, 0], [false, 0, 1]],
    );
    await monitor.stop();
  });

  it("ends with SIGINT, and restores the terminal if the program ends otherwise", async () => {
    const stdout = fakeOutput(terminal);
    const runtime = new FakeRuntime();
    let interrupt = (): void => {};
    let isListening = false;
    const onInterrupt = (listener: () => void): () => void => {
      isListening = true;
      interrupt = listener;
      return () => void (isListening = false);
    };
    let atEnd = "";
    runtime.timers.after(500, () => {
      runtime.end(false);
      atEnd = stdout.text;
      assertEquals(isListening, true); // or the signal would kill it
      interrupt();
    });
    assertEquals(await top(["_monitoring"], { stdout, runtime, onInterrupt }), [0]);
    assertEquals([atEnd.endsWith(LEAVE), stdout.text, isListening], [true, atEnd, false]);
  });

  it("fits into the terminal, whose size may change", async () => {
    const output = fakeOutput({ ...terminal });
    const { stdout, monitor, runtime } = recording(output);
    for (let i = 0; i < 50; i++) monitor.observe(`\x1b[2J label of 漢字 ${i} ${"long ".repeat(20)}`, 1);
    runtime.timers.after(500, () => {
      for (let i = 0; i < 50; i++) monitor.observe(`\x1b[2J label of 漢字 ${i} ${"long ".repeat(20)}`, 1);
    });
    runtime.timers.after(1_500, () => Object.assign(output, { columns: 30, rows: 5 }));
    await top(["_monitoring", "--count", "2"], { stdout, runtime });
    const frames = stdout.text.split("\x1b[?2026h\x1b[H").slice(1)
      .map((text) => text.split("\x1b[J")[0]!.split("\r\n").map((line) => line.replace("\x1b[K", "")));
    assertEquals(frames.map(({ length }) => length), [4, 10, 5]);
    assertEquals(frames[1]!.some((line) => line.startsWith("\\x1b[2J")), true);
    assertMatch(frames[1]!.at(-1)!, /^… \d+ more$/);
    for (const line of frames.flat()) assertEquals(line.includes("\x1b"), false);
    await monitor.stop();
  });

  it("refuses what it cannot watch, and invalid options", async () => {
    await assertRejects(
      () => top(["file"], { look: () => "something else" }),
      KymoError,
      'Cannot watch: "file": not a directory',
    );
    await assertRejects(
      () => top(["gone", "--once"], { look: () => "nothing" }),
      KymoError,
      'Cannot watch: "gone": no such directory',
    );
    const runtime = new FakeRuntime();
    runtime.files.missingPermission = "needs --allow-read";
    await assertRejects(() => top(["dir"], { runtime }), KymoError, 'Cannot watch: "dir": needs --allow-read');
    for (const wrong of ["--interval=0", "--interval=x", "--count=0", "--pid=x", "--sort=x"]) {
      await assertRejects(() => top(["dir", wrong], {}), Error, "is invalid");
    }
  });

  it("reports what it cannot read, with exit code 1 if --count or --once ends it", async () => {
    const { stdout, monitor, runtime } = recording(fakeOutput());
    monitor.observe("a", 1);
    const spools = runtime.files.paths().filter((path) => path.endsWith(".spool"));
    runtime.files.before = (operation, path) => {
      if (operation === "open" && path.endsWith(".spool")) throw new FileError("EACCES", "permission denied");
    };
    const stderr = fakeOutput();
    assertEquals(await top(["_monitoring", "--once"], { stdout, stderr, runtime }), [1]);
    const further = spools.length > 1 ? ` (and ${spools.length - 1} further file${spools.length > 2 ? "s" : ""})` : "";
    assertEquals(stderr.text, `Cannot read: "${spools[0]}": permission denied${further}\n`);
    assertEquals(stdout.text.split("\n").slice(1), [
      `${spools.length} spool${spools.length > 1 ? "s" : ""} cannot be read: permission denied`,
      "",
      " PID  program               rows/s",
      "4242  fake 1 · app.ts@host       0  alive or not: unknown",
      "app.ts@host: no spools that can be read, so it may be alive or not",
      "",
    ]);
    assertEquals(await top(["_monitoring", "--once", "--pid", "7"], { stdout, stderr: fakeOutput(), runtime }), [0]);
    runtime.files.before = () => {};
    await monitor.stop();
  });

  it("explains why no selected program or label is shown", async () => {
    const { stdout, monitor, runtime } = recording(fakeOutput());
    await top(["_monitoring", "--once", "--pid", "1", "--pid", "2"], { stdout, runtime });
    runtime.timers.after(500, () => monitor.observe("x", 1));
    await top(["_monitoring", "--once", "--label", "nope*"], { stdout, runtime });
    await top(["elsewhere", "--count", "1"], { stdout, runtime, look: () => "nothing" });
    const lines = stdout.text.split("\n").filter((line) => /^(Waiting|No )/.test(line));
    assertEquals(lines, [
      "No program with PID 1 or 2 is recording; 1 other is.",
      'No label matches "nope*"; 1 row with other labels.',
      "Waiting: the directory elsewhere does not exist yet.",
    ]);
    await monitor.stop();
  });

  it("keeps its title on one line, and drops the least important part first", async () => {
    const titles: string[] = [];
    for (const columns of [80, 50, 40, 34, 30, 20]) {
      const stdout = fakeOutput({ movesCursor: true, columns, rows: 5 });
      await top(["some/_monitoring", "--once"], { stdout, runtime: new FakeRuntime() });
      titles.push(stdout.text.split("\x1b[H").at(-1)!.split("\x1b[K")[0]!.replace(/[\d:]{8}/, "TT:TT:TT"));
    }
    assertEquals(titles, [
      "kymo top some/_monitoring · 0 programs · 0 rows/s · TT:TT:TT",
      "kymo top some/_monitoring · 0 programs · 0 rows/s",
      "some/_monitoring · 0 programs · 0 rows/s",
      "some/…ring · 0 programs · 0 rows/s",
      "0 programs · 0 rows/s",
      "0 programs… 0 rows/s",
    ]);
  });

  it("ends when its reader is gone", async () => {
    const stdout = Object.assign(fakeOutput(), { isGone: false });
    const { write } = stdout;
    stdout.write = (text) => {
      write(text);
      stdout.isGone = true;
    };
    assertEquals(await top(["_monitoring", "--json"], { stdout, runtime: new FakeRuntime() }), [0]);
    assertEquals(stdout.text.split("\n").length, 2);
  });
});
