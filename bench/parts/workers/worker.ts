/**
 * A worker that prepares to record, waits for the common start, records, and reports its counts.
 */

import * as monitor from "@kymo/kymo";
import type { Job, Report } from "./job.ts";

/** The global scope of a worker; the type checker knows only that of a window. */
const scope = globalThis as unknown as Pick<Worker, "addEventListener" | "postMessage">;

const tell = (report: Report): void => scope.postMessage(report);

/** Kept, so that no compiler can remove the work. */
let sum = 0;

const loops: Readonly<Record<Job["loop"], (times: number) => void>> = {
  record(times) {
    for (let i = 0; i < times; i++) monitor.stopDurationSample("my code block", monitor.startDurationSample());
  },
  look(times) {
    for (let i = 0; i < times; i++) {
      const start = performance.now();
      sum += performance.now() - start;
    }
  },
};

scope.addEventListener("message", async ({ data }: MessageEvent<Job>) => {
  const { monitoringDir, loop, warmUp, times, gate } = data;
  if (loop === "record") monitor.start({ monitoringDir });
  loops[loop](warmUp);
  tell("ready");
  // Blocks the thread, so that all start at the same time, whatever their event loops have to do.
  Atomics.wait(gate, 0, 0);
  loops[loop](times);
  if (loop === "look") {
    if (sum === 0) throw new Error("Cannot measure: no time passed");
    return tell("done");
  }
  await monitor.stop();
  const { flushed, recorded, dropped, errors } = monitor.status();
  tell({ flushed, recorded, dropped, errors });
});
tell("listening");
