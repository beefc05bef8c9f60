import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { runCommandLine } from "../../../../src/cli/command_line.ts";
import type { CliContext } from "../../../../src/cli/context.ts";
import { KymoError } from "../../../../src/errors.ts";
import type { RecoverySummary } from "../../../../src/files/recovery.ts";
import { fakeCliContext, fakeOutput, summaryOf } from "../../../support/fake/cli_context.ts";

/** Runs `kymo recover`, and returns its exit code and output. */
async function run(args: string[], properties: Partial<CliContext>) {
  const stdout = fakeOutput();
  const stderr = fakeOutput();
  const code = await runCommandLine(["recover", ...args], fakeCliContext({ stdout, stderr, ...properties }));
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** The same for a recovery with this summary. */
function runWith(summary: Partial<RecoverySummary>, ...options: string[]) {
  return run([...options, "dir"], { recover: () => Promise.resolve(summaryOf(summary)) });
}

describe("kymo recover", () => {
  it("recovers the directory given", async () => {
    const directories: (string | URL)[] = [];
    await run(["some dir"], {
      recover(directory) {
        directories.push(directory);
        return Promise.resolve(summaryOf({}));
      },
    });
    assertEquals(directories, ["some dir"]);
  });

  const summaries: [summary: Partial<RecoverySummary>, says: string][] = [
    [{}, "Nothing to recover."],
    [{ spools: 1, rows: 1 }, "Recovered 1 row from 1 spool."],
    [{ spools: 1 }, "Recovered 0 rows from 1 spool."],
    [
      { spools: 2, rows: 25_472, alive: 1 },
      "Recovered 25,472 rows from 2 spools; 1 spool is in use.",
    ],
    [{ alive: 2 }, "Nothing to recover; 2 spools are in use."],
  ];
  for (const [summary, says] of summaries) {
    it(`prints the outcome: ${says}`, async () => {
      assertEquals(await runWith(summary), { code: 0, stdout: `${says}\n`, stderr: "" });
    });
  }

  const first = new KymoError("io", 'Cannot recover: "dir/a": input/output\nerror');
  const second = new KymoError("io", 'Cannot recover: "dir/b": some of its rows are damaged');
  const others = new KymoError("permission-denied", 'Cannot recover the spools of other users: "x": permission denied');
  const losses: [summary: Partial<RecoverySummary>, says: string, stderr: string][] = [
    [
      { failures: [first] },
      "Recovered nothing; 1 failure, its spool is kept.",
      'Cannot recover: "dir/a": input/output error\n',
    ],
    [
      { refused: 2, failures: [others] },
      "Recovered nothing; 2 spools of other users are left to them.",
      'Cannot recover the spools of other users: "x": permission denied\n',
    ],
    [
      { spools: 1, rows: 2, refused: 1, failures: [others, first] },
      "Recovered 2 rows from 1 spool; 1 failure, its spool is kept; 1 spool of other users is left to them.",
      'Cannot recover the spools of other users: "x": permission denied\n' +
      'Cannot recover: "dir/a": input/output error\n',
    ],
    [{ spools: 1, rows: 2, damaged: 3 }, "Recovered 2 rows from 1 spool; 3 rows could not be read.", ""],
    [
      { spools: 1, rows: 2, damaged: 1, alive: 1, failures: [first, second] },
      "Recovered 2 rows from 1 spool; 1 row could not be read; 2 failures, their spools are kept; 1 spool is in use.",
      'Cannot recover: "dir/a": input/output error\nCannot recover: "dir/b": some of its rows are damaged\n',
    ],
  ];
  for (const [summary, says, stderr] of losses) {
    it(`prints a failure: ${says}`, async () => {
      assertEquals(await runWith(summary), { code: 1, stdout: `${says}\n`, stderr });
    });
  }

  it("prints the summary as one line of JSON", async () => {
    const summary = { spools: 2, rows: 25_472, damaged: 1, alive: 3, refused: 4 };
    const { code, stdout, stderr } = await runWith({ ...summary, failures: [second] }, "--json");
    assertEquals({ code, stderr }, { code: 1, stderr: `${second.message}\n` });
    assertEquals(JSON.parse(stdout), { version: 1, kind: "recover", ...summary, failures: [second.message] });
    assertEquals(stdout.indexOf("\n"), stdout.length - 1);
  });

  for (const [found, what] of [["nothing", "no such directory"], ["something else", "not a directory"]] as const) {
    it(`refuses a path that is ${found}`, async () => {
      let called = false;
      const outcome = await run(["dir"], {
        look: () => found,
        recover() {
          called = true;
          return Promise.resolve(summaryOf({}));
        },
      });
      assertEquals(outcome, { code: 2, stdout: "", stderr: `Cannot recover: "dir": ${what}\n` });
      assertEquals(called, false);
    });
  }
});
