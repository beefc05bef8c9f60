import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { temporaryPaths } from "../../../support/fake/published_files.ts";
import { failAll, failNth, repair } from "../../../support/fake/disk_faults.ts";
import { nextTurn } from "../../../support/wait.ts";
import { FlusherRecorder, modeName, RECORDER_MODES } from "../../../support/fake/flusher_recorder.ts";
import { ROWS } from "../../../support/fake/buffer_owner.ts";

/** What a program may do when it is told of a failure. */
const REACTIONS: Record<string, (recorder: FlusherRecorder) => void> = {
  "observes": (recorder) => recorder.observe(10),
  "observes more than there is room for": (recorder) => recorder.observe(3 * ROWS),
  "seals": (recorder) => recorder.buffer.seal(),
  "repairs the disk and flushes": (recorder) => {
    repair(recorder.runtime.files);
    recorder.flushNow();
  },
  "repairs the disk and observes more than there is room for": (recorder) => {
    repair(recorder.runtime.files);
    recorder.observe(3 * ROWS);
  },
  "stops": (recorder) => void recorder.close(),
};

for (const way of RECORDER_MODES) {
  describe(`an error handler that works with the monitor, ${modeName(way)}`, () => {
    for (const [reaction, react] of Object.entries(REACTIONS)) {
      for (const code of ["EIO", "ENOLCK"]) {
        it(`${reaction} when it is told of ${code}`, async () => {
          const recorder = new FlusherRecorder(way);
          const { files, timers } = recorder.runtime;
          let told = 0;
          recorder.whenReported = () => {
            if (++told < 4) react(recorder);
          };
          failAll(files, code, "write", "lock");
          const steps = [
            () => recorder.observe(2 * ROWS + 10),
            () => timers.advance(5_000),
            () => recorder.flushNow(),
            () => {
              repair(files);
              failNth(files, 3, code);
              timers.advance(5_000);
            },
            () => recorder.observe(ROWS),
            () => timers.advance(5_000),
            () => repair(files),
            () => recorder.close(),
          ];
          for (const step of steps) {
            await step();
            await nextTurn();
            recorder.counts();
          }
          assertEquals(told, recorder.errors.length);
          assert(told > 0);
          const { flushed, dropped, buffered } = recorder.counts();
          // What could not be written when it was told to stop stays in spools.
          const { rows } = recorder.recover();
          assertEquals([flushed + dropped, buffered], [recorder.given - rows, rows]);
          if (!way.spools || reaction !== "stops") assertEquals(rows, 0);
          recorder.published(rows);
          assertEquals([files.openHandles, files.mappings, temporaryPaths(files)], [0, 0, []]);
        });
      }
    }
  });
}
