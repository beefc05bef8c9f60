import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { Command } from "commander";
import { addWhyCommand } from "../../../../src/cli/commands/slow/why.ts";
import { slowUpstream } from "../../../support/analysis/planted_recordings.ts";
import { csv, inDirectory } from "../../../support/analysis/report_recording.ts";
import { fakeCliContext, fakeOutput } from "../../../support/fake/cli_context.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";

/** Runs `kymo why`, and returns its exit code and output, or the error that it throws. */
async function runIn(variables: Record<string, string>, ...args: string[]) {
  const [stdout, stderr] = [fakeOutput(), fakeOutput()];
  let code: number | undefined;
  const program = new Command("kymo").exitOverride().configureOutput({ writeErr: () => {}, outputError: () => {} });
  const runtime = new FakeRuntime();
  runtime.variables = variables;
  addWhyCommand(program, fakeCliContext({ stdout, stderr, runtime }), (ended) => code = ended);
  const error = await program.parseAsync(["why", ...args], { from: "user" }).then(
    () => undefined,
    (error) => error.message,
  );
  return { code, stdout: stdout.text, stderr: stderr.text, error };
}

const run = (...args: string[]) => runIn({}, ...args);

describe("kymo why", () => {
  it("tells what is known of a label, and how sure it is, as text and as JSON", async () => {
    const files = Object.fromEntries(
      Object.entries(slowUpstream(1)).map(([channel, rows]) => [`${channel}.csv`, csv(rows)]),
    );
    await inDirectory(files, async (directory) => {
      const { stdout, stderr, code } = await run(directory, "/cart [GET]");
      assertEquals({ stderr, code }, { stderr: "", code: 0 });
      const lines = stdout.split("\n");
      assertEquals(lines[0], "/cart [GET]");
      assert(lines[2]!.startsWith("2 typical times: 96 % around 23"), lines[2]);
      const apart = lines.findIndex((line) => line.includes("was spent on “→ prices.example.com [GET]”"));
      assert(/^ {2}sure: by chance less than once in 1,000,000 times; \d+ slow and \d+ other/.test(lines[apart + 1]!));
      assert(lines.some((line) => line.startsWith("- attention: /cart [GET] has 2 typical times")), stdout);

      const json = JSON.parse((await run(directory, "/cart [GET]", "--json")).stdout);
      assertEquals([json.label, json.modes.length, json.steps, json.slow.apart[0].kind], [
        "/cart [GET]",
        2,
        [],
        "upstream",
      ]);
      assertEquals(json.findings[0].label, "/cart [GET]");

      const other = await run(directory, "/orders [GET]");
      assert(other.stdout.includes("None is about it."), other.stdout);
      const unknown = await run(directory, "nothing");
      assertEquals(unknown.error, 'Cannot explain: "nothing": nothing with this label');
    });
  });

  it("takes a single word for a label in the default directory", async () => {
    const rows = Array.from({ length: 100 }, (_, at) => ({ at, took: 0.01, label: "work" }));
    const files = {
      "duration.csv": "Timepoint,Measurement,Label,PID\r\n" +
        rows.map(({ at, took, label }) => `17000000${String(at).padStart(3, "0")}00000000,${took},${label},1\r\n`).join(
          "",
        ),
    };
    await inDirectory(files, async (directory) => {
      const { stdout, stderr, code } = await runIn({ KYMO_DIR: directory }, "work");
      assertEquals([code, stderr, stdout.split("\n")[0]], [0, `DIR is ${directory}, by KYMO_DIR\n`, "work"]);
      const forgotten = await runIn({ KYMO_DIR: directory }, directory);
      const says =
        `Cannot explain: "${directory}": nothing with this label; it is a file or directory: give LABEL after it`;
      assertEquals(forgotten.error, says);
      assertEquals((await run()).error, "Cannot explain: give LABEL");
    });
  });
});
