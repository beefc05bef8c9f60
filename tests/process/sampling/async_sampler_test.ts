import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { readRows } from "../../support/process/recorded_rows.ts";
import { spawnOn, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

describe("an asynchronous sampler", () => {
  for (const duration of [1, 50, 250]) {
    it(`that takes ${duration} ms never overlaps, and stop waits for its last observation`, async () => {
      using scratch = scratchDirectory();
      const fixture = fileURLToPath(new URL("./fixtures/async_sampler.ts", import.meta.url));
      const { code, stdout, stderr } = await spawnOn(thisRuntime, fixture, [scratch.path, String(duration)]).ended;
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const { calls, overlaps, errors, dropped } = JSON.parse(stdout);
      assert(calls >= 2, `${calls} calls`);
      assertEquals({ overlaps, errors, dropped }, { overlaps: 0, errors: 0, dropped: 0 });
      assertEquals(readRows(scratch.path, "database"), calls);
    });
  }
});
