import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { runCommandLine } from "../../../../src/cli/command_line.ts";
import type { CliContext } from "../../../../src/cli/context.ts";
import { fakeCliContext, fakeOutput, summaryOf } from "../../../support/fake/cli_context.ts";

/**
 * The text on `stderr` after each report of a recovery that reports at these times (ms), and after
 * its end.
 */
async function watch(movesCursor: boolean, times: readonly number[]): Promise<string[]> {
  let time = 5_000;
  const stderr = fakeOutput({ movesCursor, columns: 100 });
  const seen: string[] = [];
  await runCommandLine(
    ["recover", "dir"],
    fakeCliContext<Partial<CliContext>>({
      stderr,
      now: () => time,
      recover(_, { onProgress } = {}) {
        for (const [settled, elapsed] of times.entries()) {
          time = 5_000 + elapsed;
          onProgress?.({ spools: times.length, settled, rows: 1_000 * settled });
          seen.push(stderr.text);
        }
        return Promise.resolve(summaryOf({}));
      },
    }),
  );
  return [...seen, stderr.text];
}

describe("the progress bar", () => {
  it("does not appear if the work takes less than a second", async () => {
    assertEquals(await watch(true, [0, 500, 1_000]), ["", "", "", ""]);
  });

  it("does not appear without a terminal", async () => {
    assertEquals(await watch(false, [0, 5_000, 60_000]), ["", "", "", ""]);
  });

  it("appears once the work has taken a second, and disappears at its end", async () => {
    const [early, late = "", end = ""] = await watch(true, [0, 1_001]);
    assertEquals(early, "");
    assertMatch(late, /Recovering █{15}░{15} 1 of 2 spools, 1,000 rows/);
    assertEquals(end.endsWith("\x1b[1G\x1b[2K"), true);
  });

  it("leaves the settings of the terminal unchanged if it is interrupted", async () => {
    const [shown = ""] = await watch(true, [1_001]);
    assertMatch(shown, /Recovering/);
    // deno-lint-ignore no-control-regex
    assertEquals(/\x1b\[\?/.test(shown), false);
  });
});
