import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { Command } from "commander";
import { addWhyCommand } from "../../../../src/cli/commands/slow/why.ts";
import { slowUpstream } from "../../../support/analysis/planted_recordings.ts";
import { csv, inDirectory } from "../../../support/analysis/report_recording.ts";
import { fakeCliContext, fakeOutput } from "../../../support/fake/cli_context.ts";

/** Runs `kymo why`, and returns its exit code and output, or the error that it throws. */
async function run(...args: string[]) {
  const [stdout, stderr] = [fakeOutput(), fakeOutput()];
  let code: number | undefined;
  const program = new Command("kymo").exitOverride().configureOutput({ writeErr: () => {}, outputError: () => {} });
  addWhyCommand(program, fakeCliContext({ stdout, stderr }), (ended) => code = ended);
  const error = await program.parseAsync(["why", ...args], { from: "user" }).then(
    () => undefined,
    (error) => error.message,
  );
  return { code, stdout: stdout.text, stderr: stderr.text, error };
}

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
});
