import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { HEADER_BYTES } from "../../../../src/csv/encode.ts";
import { KymoError } from "../../../../src/errors.ts";
import { FileError } from "../../../../src/runtime.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";
import { csvPaths, DIRECTORY, spoolPaths, temporaryPaths } from "../../../support/fake/published_files.ts";
import { failAll, failOnce, repair } from "../../../support/fake/disk_faults.ts";
import { FlusherRecorder, modeName, RECORDER_MODES } from "../../../support/fake/flusher_recorder.ts";
import { ROWS } from "../../../support/fake/buffer_owner.ts";

for (const way of RECORDER_MODES) {
  describe(`Flusher, ${modeName(way)}`, () => {
    it("writes a full segment beside the program, not before its next turn", () => {
      const recorder = new FlusherRecorder(way);
      recorder.observe(ROWS + 1);
      assertEquals(recorder.published(), []);
      recorder.runtime.timers.advance(0);
      assertEquals(recorder.published().length, ROWS);
      assertEquals(recorder.runtime.files.openHandles, 0);
    });

    it("makes the second segment beside the program, once the first is half full", () => {
      const recorder = new FlusherRecorder(way);
      const spools = (): number => spoolPaths(recorder.runtime.files).length;
      const [first, both] = way.spools ? [1, 2] : [0, 0];
      recorder.observe(ROWS / 2 + 1);
      assertEquals(spools(), first);
      recorder.runtime.timers.advance(0);
      assertEquals(spools(), both);
      recorder.observe(ROWS);
      recorder.runtime.timers.advance(0);
      assertEquals([spools(), recorder.published().length], [both, ROWS]);
    });

    it("writes what is there when it is due, however little, and nothing if nothing is there", () => {
      const recorder = new FlusherRecorder(way);
      recorder.observe(3);
      recorder.runtime.timers.advance(999);
      assertEquals(csvPaths(recorder.runtime.files), []);
      recorder.runtime.timers.advance(1);
      recorder.checkAllPublished();
      recorder.runtime.timers.advance(10_000);
      assertEquals(csvPaths(recorder.runtime.files).length, 1);
    });

    it("is due an interval after the last segment was sealed, not sooner", () => {
      const recorder = new FlusherRecorder(way);
      recorder.runtime.timers.advance(900);
      recorder.observe(ROWS + 1); // seals one
      recorder.runtime.timers.advance(900);
      assertEquals(recorder.counts().buffered, 1);
      recorder.runtime.timers.advance(100);
      recorder.checkAllPublished();
    });

    it("writes nothing by time with an interval of 0", () => {
      const recorder = new FlusherRecorder({ ...way, flushInterval: 0 });
      recorder.observe(3);
      assertEquals(recorder.runtime.timers.count, 0);
      recorder.runtime.timers.advance(1e9);
      assertEquals(recorder.counts().buffered, 3);
    });

    it("writes at once when both segments are full, though the event loop never turns", () => {
      const recorder = new FlusherRecorder(way);
      recorder.observe(10 * ROWS);
      assertEquals(recorder.counts(), { recorded: 3840, flushed: 8 * ROWS, buffered: 2 * ROWS, dropped: 0 });
      assertEquals(recorder.published(), Array.from({ length: 8 * ROWS }, (_, i) => i));
    });

    it("takes several turns when the time of one is over, and loses nothing that comes meanwhile", () => {
      const recorder = new FlusherRecorder({ ...way, flushInterval: 0 });
      const { clock, timers, files } = recorder.runtime;
      const long = "x".repeat(256);
      for (let i = 0; i < 20; i++) recorder.buffer.observe(`${i}${long}`, i);
      clock.step = 400_000; // a turn is over with the next look at the clock
      let turns = 0;
      for (; timers.count > 0 && turns < 1000; turns++) {
        timers.advance(0);
        recorder.buffer.observe("meanwhile", 1);
      }
      recorder.buffer.seal();
      recorder.flushNow(true);
      const { recorded, flushed, buffered, dropped } = recorder.buffer.counts;
      assertEquals([recorded, flushed, buffered, dropped], [20 + turns, 20 + turns, 0, 0]);
      assertEquals([files.openHandles, temporaryPaths(files)], [0, []]);
    });

    it("ends without a timer, a handle or a row left behind", async () => {
      const recorder = new FlusherRecorder(way);
      recorder.observe(ROWS + 100);
      await recorder.close();
      recorder.checkAllPublished();
      assertEquals([recorder.runtime.timers.count, temporaryPaths(recorder.runtime.files)], [0, []]);
      await recorder.close();
      assertEquals(recorder.runtime.timers.count, 0);
    });

    it("serves two programs in one directory", async () => {
      const disk = new MemoryDisk();
      const recorders = [1, 2].map((pid) =>
        new FlusherRecorder({ ...way, runtime: new FakeRuntime(disk, pid) }, pid * 1e6)
      );
      for (let i = 0; i < 20; i++) {
        for (const recorder of recorders) recorder.observe(100);
        recorders[i % 2]!.runtime.timers.advance(500);
      }
      for (const recorder of recorders) await recorder.close();
      for (const recorder of recorders) recorder.checkAllPublished();
      assertEquals(csvPaths(disk).length > 2, way.layout === "segments");
    });
  });
}

describe("a million distinct labels", () => {
  for (const layout of ["segments", "append"] as const) {
    it(`are written in layout ${layout}`, { timeout: 120_000 }, async () => {
      const recorder = new FlusherRecorder({ layout, memoryThreshold: 2 ** 20 });
      for (let i = 0; i < 1e6; i++) recorder.buffer.observe(`label ${i}`, i);
      await recorder.close();
      assertEquals(recorder.buffer.counts, { recorded: 1e6, flushed: 1e6, buffered: 0, dropped: 0 });
    });
  }
});

describe("the files of a flusher", () => {
  it("are one per flush in layout segments, whose names tell process, isolate and order", async () => {
    const recorder = new FlusherRecorder();
    recorder.observe(2 * ROWS + 1);
    await recorder.close();
    assertEquals(
      csvPaths(recorder.runtime.files),
      [1, 2, 3].map((sequence) => `${DIRECTORY}/custom.4242-0badcafe-00000${sequence}.csv`),
    );
  });

  it("are one per channel in layout append, with one header", async () => {
    const recorder = new FlusherRecorder({ layout: "append" });
    recorder.observe(2 * ROWS + 1);
    await recorder.close();
    assertEquals(csvPaths(recorder.runtime.files), [`${DIRECTORY}/custom.csv`]);
    assertEquals(recorder.runtime.files.text(`${DIRECTORY}/custom.csv`).split("Timepoint").length, 2);
  });

  it("are its own in layout append where nothing can be locked", async () => {
    const recorder = new FlusherRecorder({ runtime: new FakeRuntime(new MemoryDisk(false)), layout: "append" });
    recorder.observe(10);
    await recorder.close();
    assertEquals(csvPaths(recorder.runtime.files), [`${DIRECTORY}/custom.4242-0badcafe-000001.csv`]);
    recorder.checkAllPublished();
  });

  for (const code of ["ENOLCK", "EOPNOTSUPP", "ENOTSUP", "ENOSYS"]) {
    it(`are its own from then on, and that is reported once, when a lock fails with ${code}`, async () => {
      const recorder = new FlusherRecorder({ layout: "append" });
      recorder.observe(ROWS + 1);
      recorder.runtime.timers.advance(0);
      failAll(recorder.runtime.files, code, "lock");
      recorder.observe(ROWS);
      recorder.runtime.timers.advance(0);
      recorder.observe(ROWS);
      await recorder.close();
      recorder.checkAllPublished();
      assertEquals(recorder.errors.length, 1);
      assertMatch(recorder.errors[0]!.message, /^Cannot append, so separate files are written: "\/_monitoring": /);
      assertEquals([recorder.errors[0] instanceof KymoError, csvPaths(recorder.runtime.files).length], [true, 4]);
    });
  }

  it("are its own when a link was put at the name, which is not followed", async () => {
    const recorder = new FlusherRecorder({ layout: "append" });
    recorder.runtime.files.plant("/home/victim", "file", "precious");
    recorder.runtime.files.plant(`${DIRECTORY}/custom.csv`, "symlink", "/home/victim");
    recorder.observe(10);
    await recorder.close();
    assertEquals([recorder.errors.length, recorder.runtime.files.text("/home/victim")], [1, "precious"]);
    recorder.runtime.files.removeTree(`${DIRECTORY}/custom.csv`);
    recorder.checkAllPublished();
  });
});

describe("a lock that another program holds", () => {
  /** A recorder whose file is locked, with a segment to write. */
  function locked(): { recorder: FlusherRecorder; release: () => void } {
    const recorder = new FlusherRecorder({ layout: "append", flushInterval: 0 });
    recorder.observe(5);
    recorder.flushNow();
    recorder.observe(ROWS + 1);
    return { recorder, release: recorder.runtime.files.lock(`${DIRECTORY}/custom.csv`) };
  }

  it("is waited for beside the program, for as long as it takes", () => {
    const { recorder, release } = locked();
    recorder.runtime.timers.advance(5_000);
    assertEquals(recorder.counts().flushed, 5);
    release();
    recorder.runtime.timers.advance(5);
    assertEquals([recorder.counts().flushed, recorder.errors], [5 + ROWS, []]);
  });

  it("is not waited for by a program whose buffers are full, or that ends: that writes a file of its own", () => {
    const { recorder } = locked();
    recorder.runtime.clock.step = 10e6; // 10 ms pass with each look at the clock
    recorder.observe(ROWS);
    assertEquals(recorder.counts().flushed, 5 + ROWS);
    recorder.flushNow();
    recorder.checkAllPublished();
    assertEquals([csvPaths(recorder.runtime.files).length, recorder.errors], [4, []]);
  });

  it("that comes between two slices of a segment leads to a file of its own for the rest", () => {
    const recorder = new FlusherRecorder({ layout: "append", flushInterval: 0 });
    const { clock, timers, files } = recorder.runtime;
    recorder.observe(ROWS + 1);
    clock.step = 400_000; // a turn is over after one slice of two
    timers.advance(0);
    const { flushed } = recorder.counts();
    assertEquals(flushed > 0 && flushed < ROWS, true);
    files.lock(`${DIRECTORY}/custom.csv`);
    clock.step = 10e6;
    recorder.flushNow();
    recorder.checkAllPublished();
    assertEquals(csvPaths(files).length, 3);
  });

  it("is waited for a while when recording stops, then a file of its own is written", async () => {
    const { recorder } = locked();
    await recorder.close();
    recorder.checkAllPublished();
    assertEquals([csvPaths(recorder.runtime.files).length, recorder.errors], [3, []]);
  });

  it("that is given back meanwhile is taken when recording stops", async () => {
    const { recorder, release } = locked();
    recorder.runtime.timers.after(500, release);
    await recorder.close();
    recorder.checkAllPublished();
    assertEquals(csvPaths(recorder.runtime.files), [`${DIRECTORY}/custom.csv`]);
  });
});

describe("the messages of a flusher", () => {
  it("say what was attempted, where, and why it failed", () => {
    for (const way of RECORDER_MODES) {
      const recorder = new FlusherRecorder(way);
      failOnce(recorder.runtime.files, "EIO", "write");
      recorder.observe(1);
      recorder.runtime.timers.advance(1_000);
      assertEquals(recorder.errors.length, 1);
      const [error] = recorder.errors;
      assertMatch(error!.message, /^Cannot write the observations, which are kept.*: "\/_monitoring": EIO: write \S+$/);
      assertEquals([error instanceof KymoError, (error!.cause as Error).name], [true, "FileError"]);
    }
  });

  it("are said to outlive the process as long as the rows there are do, whatever becomes of the next one", () => {
    const { files } = new FlusherRecorder().runtime; // its directories are there
    const others = spoolPaths(files).length;
    files.capacity = 0;
    const recorder = new FlusherRecorder({ runtime: new FakeRuntime(files), flushInterval: 0, strict: false });
    assertEquals(recorder.flusher.whyNotSpool === undefined, false);
    files.capacity = Infinity;
    recorder.observe(ROWS / 2 + 1);
    recorder.runtime.timers.advance(0); // makes the next one, and that is a spool
    assertEquals([recorder.flusher.whyNotSpool === undefined, spoolPaths(files).length - others], [false, 1]);
    recorder.observe(ROWS);
    assertEquals(recorder.flusher.whyNotSpool === undefined, true);
  });

  it("say once that rows go to separate files while the file of a channel is closed", async () => {
    const recorder = new FlusherRecorder({ layout: "append" });
    const { files, timers } = recorder.runtime;
    const path = "/_monitoring/custom.csv";
    const flush = (): void => {
      recorder.observe(3);
      timers.advance(1_000);
    };
    files.before = (operation, on) => {
      if (operation === "open" && on === path) throw new FileError("EACCES", "permission denied");
    };
    flush();
    flush();
    assertEquals(recorder.errors.map(({ code, message }) => [code, message]), [
      ["permission-denied", `Cannot append, so separate files are written: "${path}": permission denied`],
    ]);
    assertEquals([recorder.counts().flushed, recorder.counts().buffered], [6, 0]);
    assertEquals(files.paths().filter((path) => path.endsWith(".csv")).length, 3);

    files.before = () => {};
    flush();
    assertEquals(recorder.counts().flushed, 9);
    assertEquals(files.paths().filter((path) => path.endsWith(".csv")).length, 3);
    assert(files.bytes(path).length > HEADER_BYTES.length);
    await recorder.close();
    assertEquals(recorder.errors.length, 1);
  });

  it("say that a spool is refused, where, and why, once until one can be had again", () => {
    const recorder = new FlusherRecorder();
    const { files, timers } = recorder.runtime;
    const record = (): number => {
      for (let i = 0; i < 3; i++) {
        recorder.observe(ROWS);
        timers.advance(1_000);
      }
      return recorder.errors.length;
    };
    const refuse = (): void => {
      files.before = (operation, path) => {
        if (operation === "create" && path.includes(".spool")) throw new FileError("ENOSPC", "no space left");
      };
    };
    assertEquals([record(), recorder.flusher.whyNotSpool === undefined], [0, true]);
    files.removeTree(`${DIRECTORY}/.spools`); // new ones are needed
    refuse();
    assertEquals([record(), recorder.flusher.whyNotSpool === undefined], [1, false]);
    assertMatch(recorder.errors[0]!.message, /^Cannot make a spool.*: "\/_monitoring": no space left$/);
    repair(files);
    assertEquals([record(), recorder.flusher.whyNotSpool === undefined], [1, true]);
    files.removeTree(`${DIRECTORY}/.spools`);
    refuse();
    assertEquals([record(), recorder.flusher.whyNotSpool === undefined], [2, false]);
    recorder.checkAllPublished();
  });

  it("say at the door that the disk refuses the first spool", () => {
    const runtime = new FakeRuntime();
    runtime.files.before = (operation, path) => {
      if (operation === "write" && path.includes(".spool")) throw new FileError("ENOSPC", "no space left");
    };
    const error = assertThrows(() => new FlusherRecorder({ runtime }), KymoError);
    assertMatch(error.message, /^Cannot make a spool: "\/_monitoring": no space left$/);
    assertEquals([runtime.timers.count, runtime.files.openHandles, runtime.files.mappings], [0, 0, 0]);
  });
});
