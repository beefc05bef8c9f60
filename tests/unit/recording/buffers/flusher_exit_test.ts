import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  csvPaths,
  DIRECTORY,
  spoolPaths,
  temporaryPaths,
  unfinishedPaths,
} from "../../../support/fake/published_files.ts";
import { failAll, failNth, repair } from "../../../support/fake/disk_faults.ts";
import { FlusherRecorder, modeName, RECORDER_MODES } from "../../../support/fake/flusher_recorder.ts";
import { ROWS } from "../../../support/fake/buffer_owner.ts";

/** The states in which a program may end, with a disk that works at the end. */
const STATES: Record<string, (recorder: FlusherRecorder) => void> = {
  "with one observation": (recorder) => recorder.observe(1),
  "with a full segment": (recorder) => recorder.observe(ROWS),
  "with a sealed segment": (recorder) => recorder.observe(ROWS + 1),
  "with both segments full": (recorder) => recorder.observe(2 * ROWS),
  "in the middle of a flush": (recorder) => {
    const { clock, timers } = recorder.runtime;
    recorder.observe(ROWS + 10);
    clock.step = 400_000; // a turn is over after one slice of two
    timers.advance(0);
    clock.step = 0;
    const { flushed } = recorder.counts();
    if (flushed === ROWS) throw new Error("Cannot end in the middle of a flush: it is over");
  },
  "while it waits for another attempt": (recorder) => {
    failAll(recorder.runtime.files, "EIO");
    recorder.observe(ROWS + 10);
    recorder.runtime.timers.advance(10_000);
    repair(recorder.runtime.files);
  },
  "after its file was taken away": (recorder) => {
    recorder.observe(10);
    recorder.runtime.timers.advance(1_000);
    recorder.runtime.files.move(DIRECTORY, "/archive");
    recorder.observe(20);
    recorder.flushNow();
    for (const path of csvPaths(recorder.runtime.files, "/archive")) {
      recorder.runtime.files.move(path, `${DIRECTORY}/moved.csv`);
    }
  },
};

for (const way of RECORDER_MODES) {
  describe(`flushNow, ${modeName(way)}`, () => {
    it("writes nothing if there is nothing", () => {
      const recorder = new FlusherRecorder(way);
      recorder.flushNow();
      assertEquals(csvPaths(recorder.runtime.files), []);
    });

    for (const [state, prepare] of Object.entries(STATES)) {
      it(`writes all there is before it returns, ${state}`, () => {
        const recorder = new FlusherRecorder(way);
        prepare(recorder);
        recorder.flushNow();
        recorder.checkAllPublished();
        assertEquals(unfinishedPaths(recorder.runtime.files), []);
        recorder.flushNow(true);
        recorder.checkAllPublished();
        assertEquals(temporaryPaths(recorder.runtime.files), []);
      });
    }

    it("may be called again and again while the program goes on", () => {
      const recorder = new FlusherRecorder(way);
      for (let i = 0; i < 10; i++) {
        recorder.observe(100);
        recorder.flushNow();
        recorder.checkAllPublished();
      }
      recorder.observe(ROWS + 1);
      recorder.runtime.timers.advance(1_000);
      recorder.checkAllPublished();
    });

    it("does not throw on a disk that fails, and keeps what there is", () => {
      const recorder = new FlusherRecorder(way);
      recorder.observe(ROWS + 5);
      failAll(recorder.runtime.files, "EIO");
      recorder.flushNow();
      recorder.flushNow();
      assertEquals([recorder.counts().buffered, recorder.runtime.files.openHandles], [ROWS + 5, 0]);
      repair(recorder.runtime.files);
      recorder.runtime.timers.advance(10_000);
      recorder.checkAllPublished();
    });

    it("goes on though its spools were removed at what only seemed to be the end", () => {
      const recorder = new FlusherRecorder(way);
      for (let i = 0; i < 3; i++) {
        recorder.observe(ROWS + 10);
        recorder.flushNow(true);
        recorder.checkAllPublished();
        assertEquals(temporaryPaths(recorder.runtime.files), []);
      }
      assertEquals(recorder.errors, []);
    });

    it("writes what it can of a disk that is nearly full, counted exactly", () => {
      for (let capacity = 0; capacity < 200_000; capacity += 9_000) {
        const recorder = new FlusherRecorder(way);
        const { files } = recorder.runtime;
        files.capacity = capacity;
        recorder.observe(2 * ROWS);
        recorder.flushNow(true);
        recorder.published();
        assertEquals([files.openHandles, unfinishedPaths(files)], [0, []]);
        const { buffered } = recorder.counts();
        const spools = spoolPaths(files).length;
        assertEquals(spools > 0, way.spools && buffered > 0);
        // Whoever comes when there is room again publishes what is in spools.
        files.capacity = Infinity;
        recorder.flusher.abandon();
        const recovered = recorder.recover();
        assertEquals([recovered.spools, recovered.damaged, recovered.failures], [spools, 0, []]);
        assertEquals(recovered.rows > 0, spools > 0);
        if (spools === 2) assertEquals(recovered.rows, buffered);
        recorder.published(recovered.rows);
        assertEquals([files.openHandles, files.mappings, temporaryPaths(files)], [0, 0, []]);
      }
    });

    it("tries again when the disk fails once, since there is no later", () => {
      for (let nth = 1;; nth++) {
        const recorder = new FlusherRecorder(way);
        recorder.observe(ROWS + 5);
        const faults = failNth(recorder.runtime.files, nth, "EINTR");
        recorder.flushNow();
        if (faults.count === 0) return;
        assertEquals(recorder.counts().buffered, 0, faults.first);
      }
    });
  });
}
