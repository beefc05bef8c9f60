import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Command } from "commander";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { addReportCommand } from "../../../../src/cli/commands/report.ts";
import { KymoError } from "../../../../src/errors.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { csv, inDirectory } from "../../../support/analysis/report_recording.ts";
import { fakeCliContext, fakeOutput } from "../../../support/fake/cli_context.ts";

/** Runs `kymo report`, and returns its exit code and output. */
async function report(...args: string[]) {
  const stdout = fakeOutput();
  const stderr = fakeOutput();
  const context = fakeCliContext({
    stdout,
    stderr,
    runtime: defaultRuntime(),
    look: (path) => !existsSync(path) ? "nothing" : statSync(path).isDirectory() ? "directory" : "something else",
    writeFile: (path, text) => writeFileSync(path, text),
  });
  let code: number | undefined;
  const program = new Command("kymo").exitOverride();
  addReportCommand(program, context, (ended) => code = ended);
  await program.parseAsync(["report", ...args], { from: "user" });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

const files = { "duration.csv": csv([[0, 1, "a"], [1, 2, "b"], [2, 3, "b", 2]]) };

describe("kymo report", () => {
  it("writes a page, and replaces an older report", async () => {
    await inDirectory(files, async (directory) => {
      const path = `${directory}/r.html`;
      const { code, stdout, stderr } = await report(directory, "-o", path, "--title", "<Friday>");
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(
        stdout,
        `Wrote ${path}: 3 rows, ${Math.round(statSync(path).size / 1e3)} kB. Open it in a browser.\n`,
      );
      const page = readFileSync(path, "utf8");
      assert(page.includes("<title>&lt;Friday&gt; · Kymo report</title>"));
      assertEquals((await report(directory, "-o", path)).code, 0);
      assert(readFileSync(path, "utf8") !== page);
    });
  });

  it("sanitizes what it prints", async () => {
    await inDirectory(files, async (directory) => {
      const { stdout } = await report(directory, "-o", `${directory}/\x1b[2J.html`);
      assert(stdout.startsWith(`Wrote ${directory}/\\x1b[2J.html: `), stdout);
    });
  });

  it("prints one line of JSON, of the selected rows", async () => {
    await inDirectory(files, async (directory) => {
      const path = `${directory}/r.html`;
      const { code, stdout, stderr } = await report(directory, "-o", path, "--json", "--label", "b", "--from", "+1.5s");
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(JSON.parse(stdout), {
        version: 1,
        kind: "report",
        path,
        bytes: statSync(path).size,
        rows: 1,
        unread: { rows: 0, problems: [] },
      });
      assertEquals(stdout.indexOf("\n"), stdout.length - 1);
    });
  });

  it("reports what it cannot read, and shows the rest", async () => {
    await inDirectory({ "duration.csv": `${files["duration.csv"]}17000000` }, async (directory) => {
      const path = `${directory}/r.html`;
      const { code, stdout, stderr } = await report(directory, "-o", path, "--json");
      assertEquals([code, JSON.parse(stdout).rows], [1, 3]);
      assert(stderr.startsWith("Cannot read: "), stderr);
    });
  });

  it("replaces a file that is not a report only with --force", async () => {
    await inDirectory({ ...files, "notes.txt": "mine", "empty.html": "" }, async (directory) => {
      const path = `${directory}/notes.txt`;
      const no = "the file exists and is not a report (--force replaces it)";
      await assertRejects(() => report(directory, "-o", path), KymoError, no);
      for (const force of [[], ["--force"]]) {
        const output = `${directory}/`;
        await assertRejects(
          () => report(directory, "-o", output, ...force),
          KymoError,
          `Cannot report: "${output}": it is a directory`,
        );
      }
      assertEquals(readFileSync(path, "utf8"), "mine");
      assertEquals((await report(directory, "-o", path, "--force")).code, 0);
      assertEquals((await report(directory, "-o", `${directory}/empty.html`)).code, 0);
    });
  });

  it("writes nothing if there are no observations", async () => {
    await inDirectory({}, async (directory) => {
      const path = `${directory}/r.html`;
      for (
        const [source, why] of [[directory, "no observations"], [
          `${directory}/no`,
          "no such file or directory",
        ]] as const
      ) {
        await assertRejects(() => report(source, "-o", path), KymoError, `Cannot report: "${source}": ${why}`);
      }
      assertEquals(existsSync(path), false);
    });
  });
});
