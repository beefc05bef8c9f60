import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { recover } from "../../../mod.ts";
import { parse } from "../../../src/csv/parse.ts";
import { csvFiles } from "../../support/process/recorded_rows.ts";
import { spawnOn, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const HOUR = 3_600_000_000_000n;

describe("observations with a timepoint of their own", () => {
  for (const layout of ["segments", "append"]) {
    it(`are all there after a kill and a recovery, exact to the nanosecond, in layout ${layout}`, async () => {
      using scratch = scratchDirectory();
      const now = BigInt(Date.now()) * 1_000_000n;
      // Exact within 104 days of the start of the program.
      const timepoints = [now - HOUR, now - 100n * 24n * HOUR, now + 100n * 24n * HOUR, now];
      const fixture = fileURLToPath(new URL("./fixtures/dated_observations.ts", import.meta.url));
      const args = [scratch.path, layout, ...timepoints.map(String)];
      const { signal, stderr } = await spawnOn(thisRuntime, fixture, args).ended;
      assertEquals({ signal, stderr }, { signal: "SIGKILL", stderr: "" });
      const { damaged, failures } = await recover(scratch.path);
      assertEquals({ damaged, failures }, { damaged: 0, failures: [] });

      const rows = csvFiles(scratch.path, "custom").flatMap((name) => parse(readFileSync(scratch.at(name), "utf8")));
      const dated = rows.filter(({ label }) => label === "dated").toSorted((a, b) => a.measurement - b.measurement);
      assertEquals(
        dated.map(({ timepoint, measurement }) => [timepoint, measurement]),
        Array.from({ length: 1_000 }, (_, i) => [timepoints[i % 4]! + BigInt(i), i]),
      );
      const live = rows.filter(({ label }) => label === "now");
      assertEquals(live.length, 1_000);
      for (const { timepoint } of live) assert(timepoint > now - HOUR && timepoint < now + HOUR);
    });
  }
});
