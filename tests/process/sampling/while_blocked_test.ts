import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { readRows } from "../../support/process/recorded_rows.ts";
import { spawnOn, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const ENDS = {
  turns: "when the loop turns again",
  stop: "when the loop is blocked until stop",
  exit: "when the loop is blocked until process.exit",
  end: "when the loop is blocked until the program ends",
  throw: "when the loop is blocked until an uncaught error",
};

describe("sampling while the event loop is blocked", () => {
  for (const [end, when] of Object.entries(ENDS)) {
    it(`records the process and the lag at the time of the block, ${when}`, async () => {
      using scratch = scratchDirectory();
      const fixture = fileURLToPath(new URL("./fixtures/while_blocked.ts", import.meta.url));
      const { code, stdout } = await spawnOn(thisRuntime, fixture, [scratch.path, end]).ended;
      assertEquals(code, end === "throw" ? 1 : 0);
      const { from, to, errors, flushed, dropped } = JSON.parse(stdout);
      assertEquals({ errors, dropped }, { errors: 0, dropped: 0 });
      const inBlock = new Map<string, number[]>();
      const rows = readRows(scratch.path, "runtime", (label, _pid, seconds, nanoseconds, value) => {
        const ms = seconds * 1_000 + nanoseconds / 1e6;
        if (ms > from + 100 && ms < to - 10) inBlock.set(label, [...inBlock.get(label) ?? [], value]);
      });
      for (const label of ["rss", "user time", "system time", "event loop lag"]) {
        const values = inBlock.get(label) ?? [];
        assert(values.length >= 1 && values.length <= 15, `${label}: ${values}`);
        if (label === "rss") continue;
        assertEquals(values, values.toSorted((a, b) => a - b), label); // the loop is blocked for ever longer
      }
      if (end === "turns" || end === "stop") assertEquals(rows, flushed);
    });
  }
});
