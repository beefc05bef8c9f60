import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { commandOf, spawnCommand, thisRuntime } from "../../support/process/run.ts";
import { commandOfAll } from "../../support/programs/commands/run_commands.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const row = (time: number, label: string): string => `17950000000${String(time).padStart(8, "0")},0.5,${label},1\r\n`;
const CSV = "Timepoint,Measurement,Label,PID\r\n" + row(1, "GET /") + row(2, "GET /") + row(3, "GET / 5xx");
const PROFILE = JSON.stringify({
  nodes: [{ id: 1, callFrame: { functionName: "work", scriptId: "0", url: "a.ts", lineNumber: 0, columnNumber: 0 } }],
  startTime: 0,
  endTime: 1_000,
  samples: [1],
  timeDeltas: [1_000],
});

/** Each command, each kind of help and each kind of error. */
const COMMANDS = [
  "--help",
  "help top",
  "summary d",
  "compare d d",
  "top d --once --interval 0.1",
  "profile d",
  "report d -o report.html",
  "export d -o rows.parquet --force",
  "recover d",
  "summary nothing",
  "summary --top x d",
];

function recording() {
  const scratch = scratchDirectory();
  mkdirSync(scratch.at("d"));
  writeFileSync(scratch.at("d/duration.csv"), CSV);
  writeFileSync(scratch.at("d/profiler.1.cpuprofile"), PROFILE);
  return scratch;
}

/** A line for a shell that runs `kymo` with each of the arguments, whatever each exits with. */
function lineOf(commands: readonly string[]): string {
  return commandOfAll(commands.map((args) => args.split(" "))).map((word) => `'${word}'`).join(" ");
}

/** What commands write to a terminal of this size, without the time of day. */
async function inTerminal(
  cwd: string,
  size: string,
  env: Readonly<Record<string, string>>,
  commands: readonly string[] = COMMANDS,
): Promise<string> {
  const line = `stty ${size}; ${lineOf(commands)}`;
  const script = ["script", "--quiet", "--return", "--command", line, "/dev/null"];
  const { stdout } = await spawnCommand(script, { cwd, env: { NO_COLOR: "", ...env } }).ended;
  return withoutClock(stdout.replaceAll("\r\n", "\n"));
}

async function inPipe(cwd: string): Promise<string> {
  const { stdout } = await spawnCommand(["sh", "-c", `${lineOf(COMMANDS)} 2>&1`], { cwd }).ended;
  return withoutClock(stdout);
}

function withoutClock(text: string): string {
  return text.replaceAll(/\d\d:\d\d:\d\d/g, "now");
}

const ESCAPE = "\x1b";

describe("every command of kymo", () => {
  it("writes to a dumb terminal, or one without a size, what it writes to a pipe", async () => {
    using scratch = recording();
    const expected = await inPipe(scratch.path);
    const codes = [...expected.matchAll(/^exit code (\d)\nexit code \1$/gm)].map(([_, code]) => Number(code));
    assertEquals(codes, [...COMMANDS.slice(2).fill("").map(() => 0), 2, 2]);
    assertMatch(expected, /over time\n/);
    for (const [size, term] of [["cols 0 rows 0", "xterm"], ["cols 80 rows 24", "dumb"]] as const) {
      assertEquals(await inTerminal(scratch.path, size, { TERM: term }), expected, `${size}, ${term}`);
    }
  });

  it("says nothing if the reader of its output has gone, and exits as otherwise", async () => {
    using scratch = recording();
    const kymo = commandOf(thisRuntime, entry).map((word) => `'${word}'`).join(" ");
    const commands = ["--help", "summary d", "top d --once --interval 0.1", "report d -o report.html"];
    const line = commands.map((args) => `{ ${kymo} ${args}; echo "exit code $?" >&2; } | head -c 1`).join("; ");
    const { stdout, stderr } = await spawnCommand(["sh", "-c", line], { cwd: scratch.path }).ended;
    assertEquals([stdout.length, stderr], [commands.length, "exit code 0\n".repeat(commands.length)]);
  });

  it("writes no escapes to a terminal of no kind, or one that lacks a width or a height", async () => {
    using scratch = recording();
    for (const [size, TERM] of [["cols 80 rows 24", ""], ["cols 0 rows 24", "xterm"], ["cols 80 rows 0", "xterm"]]) {
      const text = await inTerminal(scratch.path, size!, { TERM: TERM! }, ["summary d"]);
      assertEquals([text.includes(ESCAPE), text.includes("p99.9")], [false, true], `${size}, ${TERM}: ${text}`);
    }
  });

  it("writes colours to other terminals, but none with NO_COLOR, when kymo top only moves the cursor", async () => {
    using scratch = recording();
    // deno-lint-ignore no-control-regex
    const style = /\x1b\[[\d;]*m/;
    const commands = ["summary d", "summary nothing", "top d --once --interval 0.1"];
    const size = "cols 80 rows 24";
    const coloured = await inTerminal(scratch.path, size, { TERM: "xterm" }, commands);
    assertMatch(coloured, style);
    const plain = await inTerminal(scratch.path, size, { TERM: "xterm", NO_COLOR: "1" }, commands);
    assert(!style.test(plain), plain);
    // The screen of kymo top, and nothing else: its first escape enters it, its last leaves it.
    const [before = "", ...rest] = plain.split(`${ESCAPE}[?1049h`);
    assertEquals([before.includes(ESCAPE), rest.length], [false, 1]);
    assert(rest[0]!.endsWith(`${ESCAPE}[?1049lexit code 0\nexit code 0\n`), rest[0]);
  });
});
