import { describe, it, mock } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import FakeTimers from "@sinonjs/fake-timers";
import { Monitor, type StartOptions } from "@kymo/kymo";
import { csvFiles, readRows } from "../../support/process/recorded_rows.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { untilWithoutTimers } from "../../support/wait.ts";

/** Fake timers that were installed. */
interface Fakes {
  /** Runs all timers that were made since. It never ends if one repeats. */
  runAll(): void;
  uninstall(): void;
}

/** Fakes that replace the globals, by what uses them. Both also replace `Date`. */
const FAKES: Record<string, () => Fakes> = {
  "node:test": () => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "setImmediate", "Date"], now: 0 });
    return { runAll: () => mock.timers.runAll(), uninstall: () => mock.timers.reset() };
  },
  "sinon, jest on Node and vitest": () => {
    const clock = FakeTimers.install({ now: 0 });
    return { runAll: () => void clock.runAll(), uninstall: () => clock.uninstall() };
  },
};

const OPTIONS: StartOptions = { flushInterval: 10, withRuntime: true, samplingInterval: 10 };

for (const [user, install] of Object.entries(FAKES)) {
  describe(`a recording under the fake timers of ${user}`, () => {
    for (const order of ["before", "after"]) {
      it(`that were installed ${order} it goes on, flushes and stops`, async () => {
        using scratch = scratchDirectory();
        const monitor = new Monitor();
        const seconds = Math.floor(Date.now() / 1000);
        if (order === "after") monitor.start({ ...OPTIONS, monitoringDir: scratch.path });
        const fakes = install();
        try {
          if (order === "before") monitor.start({ ...OPTIONS, monitoringDir: scratch.path });
          let ran = false;
          setTimeout(() => ran = true, 60_000);
          monitor.observe("x", 1);
          fakes.runAll(); // its own timers repeat, so it would not return
          assert(ran);
          await untilWithoutTimers(() => csvFiles(scratch.path, "custom").length > 0); // flushInterval
          monitor.observe("x", 2);
          await monitor.flush();
          monitor.observe("x", 3);
          await monitor.stop();
          assertEquals(monitor.status().errors, 0);
        } finally {
          fakes.uninstall();
        }
        const values: number[] = [];
        readRows(scratch.path, "custom", (_label, _pid, at, _nanoseconds, value) => {
          values.push(value);
          assert(at >= seconds && at <= Date.now() / 1000, `recorded at ${at}`);
        });
        assertEquals(values, [1, 2, 3]);
        assert(!existsSync(scratch.at(".spools")));
      });
    }
  });
}
