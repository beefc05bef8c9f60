/** A worker that gets ready to record, waits until all are, records, and tells what became of that. */

import * as monitor from "@kymo/kymo";
import type { Job, Report } from "./job.ts";

/** The global scope of a worker, of which the type checker knows only the window's. */
const scope = globalThis as unknown as Pick<Worker, "addEventListener" | "postMessage">;

const tell = (report: Report): void => scope.postMessage(report);

/** Kept, so that no compiler can leave the work out. */
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
  // A whole thread waits, so that all begin at the same moment, whatever their event loops have to do.
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
