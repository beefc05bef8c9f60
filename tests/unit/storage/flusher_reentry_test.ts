import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Layout } from "../../../src/storage/flusher.ts";
import { failAll, failNth, repair } from "../support/faults.ts";
import { Recorder } from "../support/recorder.ts";
import { ROWS } from "../support/sinks.ts";

/** What a program may do when it is told of a failure. */
const REACTIONS: Record<string, (recorder: Recorder) => void> = {
  "observes": (recorder) => recorder.observe(10),
  "observes more than there is room for": (recorder) => recorder.observe(3 * ROWS),
  "seals": (recorder) => recorder.bucket.seal(),
  "repairs the disk and flushes": (recorder) => {
    repair(recorder.runtime.files);
    recorder.flusher.flushNow();
  },
  "repairs the disk and observes more than there is room for": (recorder) => {
    repair(recorder.runtime.files);
    recorder.observe(3 * ROWS);
  },
  "stops": (recorder) => void recorder.flusher.close(),
};

for (const layout of ["segments", "append"] as Layout[]) {
  describe(`an error handler that works with the monitor, layout ${layout}`, () => {
    for (const [reaction, react] of Object.entries(REACTIONS)) {
      for (const code of ["EIO", "ENOLCK"]) {
        it(`${reaction} when it is told of ${code}`, async () => {
          const recorder = new Recorder({ layout });
          const { files, timers } = recorder.runtime;
          recorder.whenReported = () => {
            if (recorder.errors.length < 4) react(recorder);
          };
          failAll(files, code, "write", "lock");
          recorder.observe(2 * ROWS + 10);
          timers.advance(5_000);
          recorder.flusher.flushNow();
          recorder.counts();
          repair(files);
          failNth(files, 3, code);
          timers.advance(5_000);
          recorder.observe(ROWS);
          timers.advance(5_000);
          repair(files);
          await recorder.flusher.close();
          const { flushed, dropped, buffered } = recorder.counts();
          assertEquals([flushed + dropped, buffered], [recorder.given, 0]);
          recorder.published();
          assertEquals(files.openHandles, 0);
        });
      }
    }
  });
}
