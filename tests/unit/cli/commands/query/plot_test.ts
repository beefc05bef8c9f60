import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { existsSync, readFileSync, statSync } from "node:fs";
import { runCommandLine } from "../../../../../src/cli/command_line.ts";
import { Recordings } from "../../../../support/analysis/comparison_runs.ts";
import { assertDocumented } from "../../../../support/analysis/documented_json.ts";
import { fakeCliContext } from "../../../../support/fake/cli_context.ts";
import { FakeRuntime } from "../../../../support/fake/runtime.ts";

const recorded = { duration: [1, 2, 3].map((time) => ({ time, value: 0.25, label: "work" })) };

async function run(args: readonly string[], variables: Record<string, string> = {}) {
  const runtime = new FakeRuntime();
  runtime.variables = variables;
  const look = (path: string) => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? "nothing" : found.isDirectory() ? "directory" : "something else";
  };
  const context = fakeCliContext({ runtime, look });
  const code = await runCommandLine(["plot", ...args], context);
  return { code, stdout: context.stdout.text, stderr: context.stderr.text };
}

describe("kymo plot", () => {
  it("writes a picture of expressions, also of the default directory, and replaces none unasked", async () => {
    using recordings = new Recordings();
    const directory = recordings.write(recorded);
    const path = `${directory}/a.svg`;
    const first = await run([directory, "mean(work)", "rate(work)", "-o", path, "--every", "500ms", "--json"]);
    assertEquals([first.code, first.stderr, assertDocumented(first.stdout)], [0, "", "plot"]);
    const { points, every, bytes } = JSON.parse(first.stdout);
    assertEquals([points, every, bytes], [5, 0.5, readFileSync(path).length]);
    assert(
      (await run([directory, "work", "-o", path])).stderr.endsWith("the file exists already (--force replaces it)\n"),
    );
    const second = await run(["work", "-o", path, "--force"], { KYMO_DIR: directory });
    assertEquals([second.code, second.stderr], [0, `DIR is ${directory}, by KYMO_DIR\n`]);
    assert(second.stdout.startsWith(`Wrote ${path}: a point each 10 ms, `), second.stdout);
  });

  it("says what is wrong", async () => {
    using recordings = new Recordings();
    const directory = recordings.write(recorded);
    const path = `${directory}/a.svg`;
    const told = async (...args: string[]) => {
      const { code, stderr } = await run([...args, "-o", path], { KYMO_DIR: directory });
      return [code, stderr.trim().split("\n").at(-1)];
    };
    assertEquals(await told("_monitorin", "work"), [
      2,
      'Cannot plot: "_monitorin": no such label; the nearest are "work"; there is no file or directory "_monitorin" either',
    ]);
    assertEquals(await told(directory), [2, "Cannot plot: give an EXPRESSION, such as rss"]);
    assertEquals(await told(recordings.write({}), "rss"), [
      2,
      "Cannot plot: no observation is there, or none is selected",
    ]);
    assertEquals(existsSync(path), false);
  });
});
