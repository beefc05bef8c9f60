import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import {
  csvPaths,
  DIRECTORY,
  publishedRows,
  temporaryPaths,
  unfinishedPaths,
} from "../../../support/fake/published_files.ts";
import { failAll, failOnce, repair } from "../../../support/fake/disk_faults.ts";
import { FlusherRecorder, modeName, RECORDER_MODES } from "../../../support/fake/flusher_recorder.ts";
import { ROWS } from "../../../support/fake/buffer_owner.ts";

for (const way of RECORDER_MODES) {
  describe(`a disk that works again, ${modeName(way)}`, () => {
    // The second one is asked for when the first is full, while the disk fails.
    const refusedSpools = way.spools ? 1 : 0;

    it("was tried again after pauses that double up to five seconds, and all that was kept is written", () => {
      const recorder = new FlusherRecorder({ ...way, flushInterval: 60_000 });
      const { files, timers } = recorder.runtime;
      const attempts: number[] = [];
      const faults = failAll(files, "EIO", "write");
      recorder.observe(ROWS + 1);
      for (let ms = 0, before = 0; ms < 20_000; ms += 50, before = faults.count) {
        timers.advance(ms === 0 ? 0 : 50);
        if (faults.count > before) attempts.push(ms);
      }
      assertEquals(attempts, [0, 100, 300, 700, 1_500, 3_100, 6_300, 11_300, 16_300]);
      assertEquals([recorder.errors.length, recorder.counts().buffered], [9 + refusedSpools, ROWS + 1]);
      repair(files);
      timers.advance(5_000);
      assertEquals(recorder.counts().flushed, ROWS);
      timers.advance(60_000);
      recorder.checkAllPublished();
    });

    it("begins with short pauses when it fails anew", () => {
      const recorder = new FlusherRecorder({ ...way, flushInterval: 0 });
      const { files, timers } = recorder.runtime;
      failAll(files, "EIO", "write");
      recorder.observe(ROWS + 1);
      timers.advance(10_000);
      repair(files);
      timers.advance(10_000);
      failOnce(files, "EIO", "write");
      recorder.observe(ROWS);
      timers.advance(0);
      assertEquals(recorder.counts().flushed, ROWS);
      timers.advance(100);
      assertEquals(recorder.counts().flushed, 2 * ROWS);
    });

    it("failed at cleaning up as well, and what it left behind is in nobody's way", () => {
      for (
        const kinds of [["write", "remove"], ["write", "remove", "close", "truncate"], [
          "link",
          "rename",
          "remove",
        ]] as const
      ) {
        const recorder = new FlusherRecorder(way);
        failAll(recorder.runtime.files, "EIO", ...kinds);
        recorder.observe(10);
        recorder.runtime.timers.advance(10_000);
        assertEquals(recorder.counts().flushed, 0);
        repair(recorder.runtime.files);
        recorder.runtime.timers.advance(10_000);
        recorder.checkAllPublished();
      }
    });

    it("is used to the full at once, whatever the pause was to be", () => {
      const recorder = new FlusherRecorder({ ...way, flushInterval: 0 });
      const { files, timers } = recorder.runtime;
      failAll(files, "EIO", "write");
      recorder.observe(ROWS + 1);
      timers.advance(10_000);
      repair(files);
      recorder.flushNow();
      recorder.observe(5 * ROWS);
      assertEquals(recorder.counts().dropped, 0);
    });

    it("is not asked more often because the program is busy: what does not fit meanwhile is dropped", () => {
      const recorder = new FlusherRecorder(way);
      const { files, timers } = recorder.runtime;
      const faults = failAll(files, "EIO", "write");
      recorder.observe(5 * ROWS);
      assertEquals([faults.count, recorder.counts().dropped], [1 + refusedSpools, 3 * ROWS]);
      repair(files);
      timers.advance(100);
      timers.advance(1_000);
      assertEquals(recorder.counts(), { recorded: 5 * ROWS, flushed: 2 * ROWS, buffered: 0, dropped: 3 * ROWS });
      assertEquals(recorder.published(), Array.from({ length: 2 * ROWS }, (_, i) => i));
    });

    it("was full: what it did not take is kept, what does not fit is dropped, and the rest is written when there is room", () => {
      const recorder = new FlusherRecorder(way);
      const { files, timers } = recorder.runtime;
      recorder.observe(100);
      timers.advance(1_000);
      files.capacity = 30_000;
      recorder.observe(3 * ROWS);
      timers.advance(10_000);
      const { dropped } = recorder.counts();
      assertEquals([recorder.published().length, dropped, unfinishedPaths(files)], [100, ROWS, []]);
      files.capacity = Infinity;
      timers.advance(10_000);
      assertEquals(recorder.counts(), { recorded: 100 + 3 * ROWS, flushed: 100 + 2 * ROWS, buffered: 0, dropped });
      assertEquals([recorder.published().length, files.openHandles], [100 + 2 * ROWS, 0]);
    });

    it("took one byte at a time, and nothing was torn", async () => {
      const recorder = new FlusherRecorder(way);
      recorder.runtime.files.writeLimit = 1;
      recorder.observe(ROWS + 10);
      recorder.runtime.timers.advance(0);
      await recorder.close();
      recorder.checkAllPublished();
    });

    it("had lost the directory, which is made again", async () => {
      const recorder = new FlusherRecorder(way);
      const { files, timers } = recorder.runtime;
      recorder.observe(10);
      timers.advance(1_000);
      const before = publishedRows(files).length;
      files.removeTree(DIRECTORY);
      recorder.observe(20);
      timers.advance(1_000);
      files.removeTree(DIRECTORY);
      recorder.observe(30);
      await recorder.close();
      assertEquals([before, publishedRows(files).length, recorder.counts().flushed], [10, 30, 60]);
      assertEquals(recorder.errors, []);
    });

    it("had a file in the place of the directory, which is left as it is", () => {
      const recorder = new FlusherRecorder(way);
      const { files, timers } = recorder.runtime;
      files.move(DIRECTORY, "/archive");
      files.plant(DIRECTORY, "file", "precious");
      recorder.observe(10);
      timers.advance(5_000);
      assertEquals([files.text(DIRECTORY), recorder.counts().buffered, recorder.errors.length > 1], [
        "precious",
        10,
        true,
      ]);
      files.removeTree(DIRECTORY);
      files.move("/archive", DIRECTORY);
      timers.advance(5_000);
      recorder.checkAllPublished();
    });

    it("lost the directory in the middle of every single operation, and no row is lost or doubled by that", async () => {
      for (let nth = 1, removed = true; removed; nth++) {
        const recorder = new FlusherRecorder(way);
        const { files } = recorder.runtime;
        let operations = 0;
        removed = false;
        files.before = () => {
          if (++operations !== nth) return;
          removed = true;
          files.move(DIRECTORY, "/archive");
        };
        recorder.observe(ROWS + 10);
        recorder.runtime.timers.advance(2_000);
        await recorder.close();
        const numbers = [DIRECTORY, "/archive"].flatMap((directory) => publishedRows(files, directory))
          .map(({ measurement }) => measurement);
        assertEquals([numbers.length, new Set(numbers).size], [ROWS + 10, ROWS + 10], `operation ${nth}`);
        assertEquals([recorder.counts().flushed, files.openHandles], [ROWS + 10, 0], `operation ${nth}`);
      }
    });

    it("had its published files moved and deleted all the time", async () => {
      const recorder = new FlusherRecorder(way);
      const { files, timers } = recorder.runtime;
      let taken = 0;
      for (let i = 0; i < 20; i++) {
        recorder.observe(100);
        timers.advance(1_000);
        taken += publishedRows(files).length;
        for (const path of csvPaths(files)) {
          if (i % 2 === 0) files.removeTree(path);
          else files.move(path, `/archive/${i}.csv`);
        }
      }
      await recorder.close();
      assertEquals([taken, recorder.counts().flushed, recorder.errors], [2_000, 2_000, []]);
    });
  });

  describe(`close on a disk that fails, ${modeName(way)}`, () => {
    const fate = way.spools ? "leaves the rest to whoever recovers it" : "counts the rest as dropped";
    it(`tries three times, ${fate}, and resolves`, async () => {
      const recorder = new FlusherRecorder(way);
      recorder.observe(ROWS + 5);
      recorder.runtime.timers.advance(0);
      recorder.observe(ROWS);
      const faults = failAll(recorder.runtime.files, "EIO", "write");
      const { clock, files } = recorder.runtime;
      const { before } = files;
      const attempts: number[] = [];
      files.before = (operation, path) => {
        if (operation === "write") attempts.push(clock.time);
        before(operation, path);
      };
      await recorder.close();
      const [first = 0, second = 0, third = 0] = attempts;
      assertEquals([second - first >= 100e6, third - second >= 200e6], [true, true]);
      const [buffered, dropped] = way.spools ? [ROWS + 5, 0] : [0, ROWS + 5];
      assertEquals(recorder.counts(), { recorded: 2 * ROWS + 5, flushed: ROWS, buffered, dropped });
      // Three attempts for each of the two segments, or for the first if the second is safe behind it, and not one more.
      assertEquals([faults.count, recorder.runtime.timers.count], [way.spools ? 3 : 6, 0]);
      repair(recorder.runtime.files);
      assertEquals([recorder.published().length, recorder.runtime.files.openHandles], [ROWS, 0]);
      assertEquals(recorder.recover().rows, buffered);
      assertEquals([recorder.published(buffered).length, recorder.runtime.files.openHandles], [ROWS + buffered, 0]);
      assertEquals([recorder.runtime.files.mappings, temporaryPaths(recorder.runtime.files)], [0, []]);
    });

    it("gives what is sealed while it waits its own attempts", async () => {
      const recorder = new FlusherRecorder(way);
      recorder.observe(5);
      const closing = recorder.close();
      recorder.flusher.buffer.seal();
      recorder.observe(3);
      recorder.flusher.buffer.seal();
      await closing;
      assertEquals(recorder.counts(), { recorded: 8, flushed: 8, buffered: 0, dropped: 0 });
    });

    it("writes what it can if the disk works at the second or third attempt", async () => {
      for (const failing of [1, 2]) {
        const recorder = new FlusherRecorder(way);
        recorder.observe(5);
        let left = failing;
        recorder.runtime.files.before = (operation) => {
          if (operation === "write" && left-- > 0) throw new Error("not even a FileError");
        };
        await recorder.close();
        recorder.checkAllPublished();
        assertEquals(recorder.errors.length, failing);
      }
    });

    it("does not wait for the end of a long back-off", async () => {
      const recorder = new FlusherRecorder(way);
      failAll(recorder.runtime.files, "EIO");
      recorder.observe(5);
      recorder.runtime.timers.advance(100_000);
      repair(recorder.runtime.files);
      const { time } = recorder.runtime.clock;
      await recorder.close();
      recorder.checkAllPublished();
      assert(recorder.runtime.clock.time - time < 1e9);
    });

    it("is not disturbed by an exit in the middle", async () => {
      const recorder = new FlusherRecorder(way);
      failAll(recorder.runtime.files, "EIO");
      recorder.observe(ROWS + 5);
      const closed = recorder.close();
      repair(recorder.runtime.files);
      recorder.flushNow();
      recorder.checkAllPublished();
      await closed;
      recorder.checkAllPublished();
      assertEquals(recorder.runtime.timers.count, 0);
    });
  });
}
