import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { runCommandLine } from "../../../../src/cli/command_line.ts";
import { jsonLine } from "../../../../src/cli/terminal/json_output.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { recover } from "../../../../src/recording/recovery/recover.ts";
import { csv } from "../../../support/analysis/report_recording.ts";
import { assertDocumented, documentedFields, KINDS } from "../../../support/analysis/documented_json.ts";
import { fakeCliContext } from "../../../support/fake/cli_context.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";

const PROFILE = JSON.stringify({
  nodes: [{ id: 1, callFrame: { functionName: "work", scriptId: "0", url: "a.ts", lineNumber: 0, columnNumber: 0 } }],
  startTime: 0,
  endTime: 1_000,
  samples: [1],
  timeDeltas: [1_000],
});

/** What a command prints, and its exit code. */
async function kymo(...args: string[]) {
  const context = fakeCliContext({
    runtime: defaultRuntime(),
    now: () => performance.now(),
    recover,
    look: (path: string) =>
      !existsSync(path) ? "nothing" as const : statSync(path).isDirectory() ? "directory" as const : "something else",
    readFile: (path: string) => readFileSync(path),
    writeFile: (path: string, text: string) => writeFileSync(path, text),
  });
  const code = await runCommandLine(args, context);
  return { code, stdout: context.stdout.text, stderr: context.stderr.text };
}

describe("the JSON of the commands", () => {
  it("has a documented kind for each, and no other", () => {
    assertEquals([...documentedFields.keys()].sort(), KINDS.toSorted());
  });

  it("begins with version and kind, and writes bigints as digits", () => {
    assertEquals(
      jsonLine("env", { at: 2n ** 62n, no: NaN }),
      '{"version":1,"kind":"env","at":"4611686018427387904","no":null}\n',
    );
  });

  it("has the fields that the reference and the help of the command say", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("d");
    mkdirSync(directory);
    writeFileSync(scratch.at("d/duration.csv"), csv([[0, 1, "a"], [1, 2, "a"], [2, 3, "b", 2]]));
    writeFileSync(scratch.at("d/profiler.1.cpuprofile"), PROFILE);
    const commands = [
      ["summary", directory],
      ["top", directory, "--once", "--interval", "0.1"],
      ["report", directory, "-o", scratch.at("r.html")],
      ["sql", directory, "SELECT 1"],
      ["plot", directory, "count(a)", "-o", scratch.at("p.svg")],
      ["export", directory, "-o", scratch.at("r.parquet")],
      ["slow", directory],
      ["why", directory, "a"],
      ["compare", directory, directory],
      ["profile", directory],
      ["ps", directory],
      ["on", directory],
      ["off", directory],
      ["flush", directory],
      ["recover", directory],
      ["compact", directory, "--older", "1ms"],
      ["prune", directory, "--max-age", "9999d", "--dry-run"],
      ["ship", directory, "--to", scratch.at("s.duckdb")],
      ["ship", directory, "--status", "--to", scratch.at("s.duckdb")],
      ["ship", directory, "--verify", "--to", scratch.at("s.duckdb")],
      ["env"],
    ];
    const kinds: string[] = [];
    for (const args of commands) {
      const { stdout, stderr } = await kymo(...args, "--json");
      assertEquals(stdout.split("\n").length, 2, `${args}: ${stdout}${stderr}`);
      const kind = assertDocumented(stdout);
      kinds.push(kind);
      const help = (await kymo("help", args[0]!)).stdout;
      const missing = documentedFields.get(kind)!.filter((field) =>
        !new RegExp(`\\b${field.replace("?", "")}\\b`).test(help)
      );
      assertEquals(missing, [], `help of ${kind}`);
    }
    // The other kinds need a running program or server; their tests look at the fields, too.
    assertEquals(KINDS.filter((kind) => !kinds.includes(kind)), ["heap-profile", "load"]);
    assert(kinds.length === commands.length);
  });
});

describe("commands that ask a recording", () => {
  it("exit with 2, and say so, if there is nothing to answer from", async () => {
    using scratch = scratchDirectory();
    const [empty, full, page, parquet] = ["empty", "full", "r.html", "r.parquet"].map((name) => scratch.at(name));
    for (const directory of [empty!, full!]) mkdirSync(directory);
    writeFileSync(`${full}/duration.csv`, csv([[0, 1, "a"]]));
    const commands: [name: string, action: string, ...rest: string[]][] = [
      ["summary", "summarize"],
      ["report", "report", "-o", page!],
      ["export", "export", "-o", parquet!],
      ["compare", "compare", full!],
    ];
    for (const [name, action, ...rest] of commands) {
      const none = await kymo(name, empty!, ...rest);
      assertEquals([none.code, none.stderr], [2, `Cannot ${action}: "${empty}": no observations\n`], name);
      const unselected = await kymo(name, full!, ...rest, "--label", "typo");
      const told = `Cannot ${action}: "${full}": no observation is there, or none is selected\n`;
      assertEquals([unselected.code, unselected.stderr], [2, told], name);
    }
    assertEquals([existsSync(page!), existsSync(parquet!)], [false, false]);
  });
});
