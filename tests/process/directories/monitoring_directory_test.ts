import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { detect } from "../../../runtime_adapters/detect.ts";
import { HEADER } from "../../../src/csv/dialect.ts";
import { quotePath } from "../../../src/errors.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { assertConserved, PATIENCE, RecorderController } from "../../support/process/recorder_controller.ts";
import { csvFiles, readRows } from "../../support/process/recorded_rows.ts";
import { thisRuntime } from "../../support/process/run.ts";
import { SMALL_BUFFERS } from "../../support/small_buffers.ts";

const LAYOUTS = ["segments", "append"] as const;

describe("start throws for a monitoring directory that cannot be created, and then accepts another", () => {
  const places: Record<string, [code: string, make: (scratch: { at(name: string): string }) => string]> = {
    "a file": ["already-exists", (scratch) => {
      writeFileSync(scratch.at("file"), "theirs");
      return scratch.at("file");
    }],
    "below a file": ["io", (scratch) => {
      writeFileSync(scratch.at("file"), "theirs");
      return scratch.at("file/below");
    }],
    "a dangling link": ["already-exists", (scratch) => {
      symlinkSync(scratch.at("nothing"), scratch.at("link"));
      return scratch.at("link");
    }],
    "a file system that allows no files": ["not-found", () => "/proc/self"],
    "a name that is too long": ["io", (scratch) => scratch.at("x".repeat(300))],
  };
  for (const [name, [code, make]] of Object.entries(places)) {
    it(name, async () => {
      using scratch = scratchDirectory();
      const place = make(scratch);
      const recorder = new RecorderController(thisRuntime);
      const { thrown, running } = await recorder.send("start", { monitoringDir: place });
      assertEquals([thrown?.name, thrown?.code, running], ["KymoError", code, false]);
      assertStringIncludes(thrown!.message, `Cannot create the monitoring directory: ${quotePath(place)}: `);
      assert(!existsSync(scratch.at("nothing")));

      await recorder.send("start", { monitoringDir: scratch.at("good") });
      await recorder.send("record", 10);
      assertConserved(await recorder.send("stop"), readRows(scratch.at("good"), "duration"));
      await recorder.end();
    });
  }
});

for (const layout of LAYOUTS) {
  describe(`recording in layout ${layout}`, () => {
    const options = (monitoringDir: string) => ({ monitoringDir, layout, ...SMALL_BUFFERS });

    it("reports that a file has replaced the monitoring directory", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const recorder = new RecorderController(thisRuntime);
      await recorder.send("start", options(directory));
      rmSync(directory, { recursive: true });
      writeFileSync(directory, "theirs");
      await recorder.send("record", 1000);
      const { lastError } = await recorder.send("flush");
      const stopped = await recorder.send("stop");
      await recorder.end();
      const why = "a file of that name already exists";
      assertEquals(
        lastError,
        `Cannot write the observations, which are kept for another attempt: ${quotePath(directory)}: ${why}`,
      );
      assertMatch(
        stopped.lastError!,
        /^Cannot write the program record: ".*\.json": a file of that name already exists$/,
      );
    });

    it("loses no row when other programs move its files", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const away = scratch.at("away");
      mkdirSync(away);
      const recorder = new RecorderController(thisRuntime);
      await recorder.send("start", options(directory));
      let moved = 0;
      await withEachFile(recorder.send("keepRecording", 1000), directory, (path) => {
        if (statSync(path).size > 0) renameSync(path, join(away, `duration.${moved++}.csv`));
      });
      const stopped = await recorder.send("stop");
      assert(moved > 10, `only ${moved} files were moved`);
      assertEquals(stopped.dropped, 0);
      assertConserved(stopped, readRows(directory, "duration") + readRows(away, "duration"));
      await recorder.end();
    });

    it("publishes no file without a header, even if it is moved at once", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const away = scratch.at("away");
      mkdirSync(away);
      const recorder = new RecorderController(thisRuntime);
      await recorder.send("start", options(directory));
      const moved: string[] = [];
      await withEachFile(recorder.send("keepRecording", 1000), directory, (path) => {
        moved.push(join(away, `${moved.length}.csv`));
        renameSync(path, moved.at(-1)!);
      }, 0);
      await recorder.send("stop");
      await recorder.end();
      assertEquals(moved.filter((path) => !readFileSync(path, "latin1").startsWith(HEADER)), []);
    });

    it("goes on when other programs delete its files", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const recorder = new RecorderController(thisRuntime);
      await recorder.send("start", options(directory));
      let deleted = 0;
      await withEachFile(recorder.send("keepRecording", 1000), directory, (path) => {
        unlinkSync(path);
        deleted++;
      });
      const { flushed } = await recorder.send("settle", PATIENCE);
      const rows = readRows(directory, "duration");
      assert(deleted > 10, `only ${deleted} files were deleted`);
      assert(rows <= flushed);
      await recorder.send("record", 1000);
      const stopped = await recorder.send("stop");
      assertEquals({ errors: stopped.errors, dropped: stopped.dropped }, { errors: 0, dropped: 0 });
      assertEquals(readRows(directory, "duration") - rows, stopped.flushed - flushed);
      await recorder.end();
    });

    it("creates files that only their owner may read, whatever the umask", async () => {
      using scratch = scratchDirectory();
      const recorder = new RecorderController(thisRuntime, ["sh", "-c", 'umask 000; exec "$@"', "sh"]);
      await recorder.send("start", options(scratch.at("monitoring")));
      await recorder.send("record", 1000);
      await recorder.send("stop");
      const modes = csvFiles(scratch.at("monitoring"), "duration")
        .map((name) => statSync(join(scratch.at("monitoring"), name)).mode & 0o777);
      assertEquals(new Set(modes), new Set([0o600]));
      await recorder.end();
    });

    it("keeps a relative directory when the program changes its working directory", async () => {
      using scratch = scratchDirectory();
      mkdirSync(scratch.at("first"));
      mkdirSync(scratch.at("second"));
      const recorder = new RecorderController(thisRuntime);
      await recorder.send("chdir", scratch.at("first"));
      await recorder.send("start", options("monitoring"));
      await recorder.send("chdir", scratch.at("second"));
      await recorder.send("record", 1000);
      const stopped = await recorder.send("stop");
      assertConserved(stopped, readRows(scratch.at("first/monitoring"), "duration"));
      assertEquals(readdirSync(scratch.at("second")), []);
      await recorder.end();
    });

    it("leaks no descriptor, timer, mapping or listener in 100 starts and stops", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const cycle = JSON.stringify({ ...options(directory), withRuntime: true });
      const recorder = new RecorderController(thisRuntime);
      const before = await recorder.send("cycle", `5 ${cycle}`);
      const after = await recorder.send("cycle", `100 ${cycle}`);
      assertEquals(after.thrown, undefined);
      assertEquals(after.held["timers"], 0);
      // The runtime itself opens and closes some descriptors for its threads.
      assert(after.held["descriptors"]! < before.held["descriptors"]! + 10);
      assertEquals({ ...after.held, descriptors: 0 }, { ...before.held, descriptors: 0 });
      assertEquals(readRows(directory, "duration"), 105);
      if (layout === "segments") assertEquals(csvFiles(directory, "duration").length, 105);
      await recorder.end();
    });
  });
}

/** Calls `act` with each published file every `pause` ms until `work` is done. */
async function withEachFile(
  work: Promise<unknown>,
  directory: string,
  act: (path: string) => void,
  pause = 5,
): Promise<void> {
  let working = true;
  void work.finally(() => working = false);
  while (working) {
    for (const name of csvFiles(directory, "duration")) act(join(directory, name));
    await sleep(pause);
  }
  await work;
}

describe("recording in layout append", () => {
  it("writes its own files while another program holds the lock", async () => {
    using scratch = scratchDirectory();
    const recorder = new RecorderController(thisRuntime);
    await recorder.send("start", { monitoringDir: scratch.path, layout: "append", ...SMALL_BUFFERS });
    await recorder.send("record", 100);
    await recorder.send("settle", PATIENCE);
    const lock = detect(globalThis).files.open(scratch.at("duration.csv"));
    assert(lock.tryLock!());
    const { size } = lock.status();
    await recorder.send("record", 1000);
    const stopped = await recorder.send("stop");
    assertEquals({ flushed: stopped.flushed, dropped: stopped.dropped }, { flushed: 1100, dropped: 0 });
    assertEquals(lock.status().size, size);
    lock.close();
    assertConserved(stopped, readRows(scratch.path, "duration"));
    await recorder.end();
  });
});
