import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { reason } from "../../../../src/errors.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";
import { spoolPaths, temporaryPaths } from "../../../support/fake/published_files.ts";
import { DISK_ERRORS, failBetween, type Faults, repair } from "../../../support/fake/disk_faults.ts";
import {
  FlusherRecorder,
  modeName,
  RECORDER_MODES,
  type RecorderMode,
} from "../../../support/fake/flusher_recorder.ts";
import { ROWS } from "../../../support/fake/buffer_owner.ts";

/** Fills a segment, lets another one fall due, and ends; what fails has time to be tried again before there is no more room. */
async function record(recorder: FlusherRecorder): Promise<void> {
  recorder.observe(ROWS + 20);
  recorder.runtime.timers.advance(900);
  recorder.observe(20);
  recorder.runtime.timers.advance(2_000);
  recorder.observe(ROWS - 50);
  await recorder.close();
  recorder.counts();
}

/** What must hold besides, once the disk works again. */
type Check = (recorder: FlusherRecorder, faults: Faults) => boolean;

/**
 * Records with `length` operations failing, from the first on, then from the second on, and so on until none fails any more. Looks into
 * the files once the disk works again, and returns what was wrong, by the operation that failed first.
 */
async function sweep(way: RecorderMode, length: number, code: string, check: Check = () => true): Promise<string[]> {
  const wrong: string[] = [];
  for (let first = 1;; first++) {
    const recorder = new FlusherRecorder(way);
    const disk = recorder.runtime.files;
    disk.writeLimit = 30_000;
    const faults = failBetween(disk, first, first + length - 1, code);
    await record(recorder);
    repair(disk);
    await appendAfter(recorder, way);
    try {
      const { buffered } = recorder.counts();
      if (buffered > 0 && !way.spools) throw new Error(`${buffered} buffered`);
      // What could not be written stays in spools, and is published by whoever comes next.
      const recovered = recorder.recover();
      const { rows, damaged, alive, failures } = recovered;
      if (rows !== buffered || damaged + alive + failures.length > 0) throw new Error(JSON.stringify(recovered));
      recorder.published(rows);
      if (spoolPaths(disk).length > 0 || disk.mappings > 0) throw new Error("a spool or a mapping is left");
      if (!check(recorder, faults)) throw new Error(JSON.stringify(recorder.counts()));
      if (disk.openHandles > 0 || recorder.runtime.timers.count > 0) throw new Error("a handle or a timer is left");
    } catch (error) {
      wrong.push(`${faults.first}: ${reason(error)}`);
    }
    if (faults.count === 0) return wrong;
  }
}

/** A file that could not be cut may end with a torn row; whoever writes to it next cuts that. */
async function appendAfter({ runtime }: FlusherRecorder, way: RecorderMode): Promise<void> {
  const next = new FlusherRecorder({ ...way, runtime: new FakeRuntime(runtime.files, 1) }, 1e6);
  next.observe(1);
  await next.close();
  assertEquals(next.counts().flushed, 1);
}

for (const way of RECORDER_MODES) {
  describe(`a disk that fails, ${modeName(way)}`, () => {
    for (const code of DISK_ERRORS) {
      it(`once with ${code}, at any operation, loses and doubles nothing`, async () => {
        const wrong = await sweep(
          way,
          1,
          code,
          (recorder, faults) =>
            recorder.counts().dropped === 0 && recorder.counts().buffered === 0 &&
            recorder.errors.length <= faults.count &&
            temporaryPaths(recorder.runtime.files).length === 0,
        );
        assertEquals(wrong, []);
      });
    }

    for (const length of [2, 5]) {
      it(`${length} times, from any operation on, drops what it must, and that is counted exactly`, async () => {
        assertEquals(await sweep(way, length, "EIO"), []);
      });
    }

    const fate = way.spools ? "stays in spools or is counted as dropped" : "is counted as dropped";
    it(`for good, from any operation on, keeps what was written before, and the rest ${fate}`, async () => {
      assertEquals(await sweep(way, Infinity, "EIO"), []);
    });
  });
}
