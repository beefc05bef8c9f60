import { describe, it } from "node:test";
import { assert, assertEquals, assertNotMatch, assertStringIncludes } from "@std/assert";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
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
import { HEADER } from "../../src/csv/dialect.ts";
import { scratchDirectory } from "../contract/scratch.ts";
import { Recorder, type RecorderState } from "./recorder.ts";
import { csvFiles, readRows } from "./recorded_rows.ts";
import { thisRuntime } from "./run.ts";
import { canMount, remount, seenFromOutside, withSmallDisk } from "./small_disk.ts";

const LAYOUTS = ["segments", "append"] as const;

/** Buffers of 384 rows, so that a thousand samples fill two of them, and retries every 100 ms. */
const SMALL_BUFFERS = { memoryThreshold: 16_384, flushInterval: 50 };

/** Long enough for every retry, ms. */
const PATIENCE = 10_000;

/** That the books balance, and that what is said to be in files is. */
function assertConserved({ recorded, flushed, buffered, dropped }: RecorderState, rows: number): void {
  assertEquals(recorded, flushed + buffered + dropped);
  assertEquals(rows, flushed);
}

/** Names in a directory that are not published CSV files. */
function otherNames(directory: string): string[] {
  return readdirSync(directory).filter((name) => !/^duration\..*csv$/.test(name));
}

/** Lets a recorder end and sees that it does so by itself, quietly. */
async function assertEndsWell(recorder: Recorder): Promise<void> {
  const { code, signal, stderr } = await recorder.end();
  assertEquals({ code, signal, stderr }, { code: 0, signal: null, stderr: "" });
}

describe("start refuses a monitoring directory that cannot be, then takes one that can", () => {
  const places: Record<string, (scratch: { at(name: string): string }) => string> = {
    "a file": (scratch) => {
      writeFileSync(scratch.at("file"), "theirs");
      return scratch.at("file");
    },
    "below a file": (scratch) => {
      writeFileSync(scratch.at("file"), "theirs");
      return scratch.at("file/below");
    },
    "a link that leads nowhere": (scratch) => {
      symlinkSync(scratch.at("nothing"), scratch.at("link"));
      return scratch.at("link");
    },
    "where no file can be made": () => "/proc/self",
    "a name that is too long": (scratch) => scratch.at("x".repeat(300)),
  };
  for (const [name, make] of Object.entries(places)) {
    it(name, async () => {
      using scratch = scratchDirectory();
      const place = make(scratch);
      const recorder = new Recorder(thisRuntime);
      const { thrown, running } = await recorder.tell("start", { monitoringDir: place });
      assertEquals({ name: thrown?.name, running }, { name: "StorageError", running: false });
      const told = place.length > 100 ? JSON.stringify(place).slice(0, 60) : JSON.stringify(place);
      assertStringIncludes(thrown!.message, `Cannot create the monitoring directory: ${told}`);
      assert(!existsSync(scratch.at("nothing")));

      await recorder.tell("start", { monitoringDir: scratch.at("good") });
      await recorder.tell("record", 10);
      assertConserved(await recorder.tell("stop"), readRows(scratch.at("good"), "duration"));
      await assertEndsWell(recorder);
    });
  }
});

for (const layout of LAYOUTS) {
  describe(`recording in layout ${layout}`, () => {
    const options = (monitoringDir: string) => ({ monitoringDir, layout, ...SMALL_BUFFERS });

    it("goes on when the directory is deleted", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const recorder = new Recorder(thisRuntime);
      await recorder.tell("start", options(directory));
      await recorder.tell("record", 1000);
      const before = await recorder.tell("settle", PATIENCE);
      assertConserved(before, readRows(directory, "duration"));
      rmSync(directory, { recursive: true });
      await recorder.tell("record", 1000);
      const { recorded, flushed, dropped } = await recorder.tell("stop");
      assertEquals({ recorded, flushed, dropped }, { recorded: 2000, flushed: 2000, dropped: 0 });
      assertEquals(readRows(directory, "duration"), 1000);
      await assertEndsWell(recorder);
    });

    it("waits while a file is in place of the directory, and counts what it cannot keep", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const recorder = new Recorder(thisRuntime);
      await recorder.tell("start", options(directory));
      rmSync(directory, { recursive: true });
      writeFileSync(directory, "theirs");
      await recorder.tell("record", 2000);
      const refused = await recorder.tell("keepRecording", 300);
      assert(refused.errors > 0 && refused.buffered > 0 && refused.dropped > 0);
      assertEquals(refused.flushed, 0);
      assertEquals(readFileSync(directory, "utf8"), "theirs");
      rmSync(directory);
      const restored = await recorder.tell("settle", PATIENCE);
      assertEquals(restored.buffered, 0);
      assertConserved(restored, readRows(directory, "duration"));
      await recorder.tell("record", 1000);
      const stopped = await recorder.tell("stop");
      assertEquals(stopped.dropped, restored.dropped);
      assertConserved(stopped, readRows(directory, "duration"));
      assertEquals(otherNames(directory), []);
      await assertEndsWell(recorder);
    });

    it("tells why it cannot write where a file is in place of the directory", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const recorder = new Recorder(thisRuntime);
      await recorder.tell("start", options(directory));
      rmSync(directory, { recursive: true });
      writeFileSync(directory, "theirs");
      await recorder.tell("record", 1000);
      const { lastError } = await recorder.tell("stop");
      await assertEndsWell(recorder);
      assertStringIncludes(lastError!, JSON.stringify(directory));
      assertStringIncludes(lastError!.toLowerCase(), "exists");
      assertNotMatch(lastError!, /was replaced/);
    });

    it(
      "waits while the disk is read-only, then goes on",
      { skip: !canMount() && "nothing can be mounted here" },
      async () => {
        using scratch = scratchDirectory();
        const recorder = new Recorder(thisRuntime, withSmallDisk(scratch.path));
        await recorder.tell("start", options(scratch.path));
        remount(recorder.pid, scratch.path, "ro");
        await recorder.tell("record", 1000);
        const refused = await recorder.tell("keepRecording", 300);
        assert(refused.errors > 0 && refused.buffered > 0);
        assertStringIncludes(refused.lastError!.toLowerCase(), "read-only");
        remount(recorder.pid, scratch.path, "rw");
        const restored = await recorder.tell("settle", PATIENCE);
        assertEquals(restored.buffered, 0);
        await recorder.tell("record", 1000);
        const stopped = await recorder.tell("stop");
        assertEquals(stopped.dropped, refused.dropped);
        const seen = seenFromOutside(recorder.pid, scratch.path);
        assertConserved(stopped, readRows(seen, "duration"));
        assertEquals(otherNames(seen), []);
        await assertEndsWell(recorder);
      },
    );

    it("stops on a disk that stays read-only, and counts what is lost", {
      skip: !canMount() && "nothing can be mounted here",
    }, async () => {
      using scratch = scratchDirectory();
      const recorder = new Recorder(thisRuntime, withSmallDisk(scratch.path));
      await recorder.tell("start", options(scratch.path));
      await recorder.tell("record", 1000);
      const { flushed } = await recorder.tell("settle", PATIENCE);
      remount(recorder.pid, scratch.path, "ro");
      await recorder.tell("record", 500);
      const stopped = await recorder.tell("stop");
      assertEquals({ flushed: stopped.flushed, dropped: stopped.dropped }, { flushed, dropped: 500 });
      assertConserved(stopped, readRows(seenFromOutside(recorder.pid, scratch.path), "duration"));
      const again = await recorder.tell("start", options(scratch.path));
      assertEquals(again.thrown?.name, "StorageError");
      await assertEndsWell(recorder);
    });

    it("keeps on a full disk what it has room for, and writes it once there is room", {
      skip: !canMount() && "nothing can be mounted here",
    }, async () => {
      using scratch = scratchDirectory();
      const recorder = new Recorder(thisRuntime, withSmallDisk(scratch.path));
      await recorder.tell("start", { ...options(scratch.path), memoryThreshold: 2 ** 18 });
      const seen = seenFromOutside(recorder.pid, scratch.path);
      writeFileSync(join(seen, "ballast"), new Uint8Array(900_000));
      await recorder.tell("record", 8_000);
      const full = await recorder.tell("keepRecording", 300);
      assert(full.errors > 0 && full.buffered > 0);
      assertStringIncludes(full.lastError!.toLowerCase(), "no space left");
      assertConserved(full, readRows(seen, "duration"));
      assertEquals(otherNames(seen), ["ballast"]);
      unlinkSync(join(seen, "ballast"));
      const freed = await recorder.tell("settle", PATIENCE);
      assertEquals({ buffered: freed.buffered, dropped: freed.dropped }, { buffered: 0, dropped: full.dropped });
      assertConserved(freed, readRows(seen, "duration"));
      await recorder.tell("record", 1000);
      assertConserved(await recorder.tell("stop"), readRows(seen, "duration"));
      assertEquals(otherNames(seen), []);
      await assertEndsWell(recorder);
    });

    it("drops and counts, on a disk that stays full, all that the buffers cannot take", {
      skip: !canMount() && "nothing can be mounted here",
    }, async () => {
      using scratch = scratchDirectory();
      const recorder = new Recorder(thisRuntime, withSmallDisk(scratch.path));
      await recorder.tell("start", options(scratch.path));
      const seen = seenFromOutside(recorder.pid, scratch.path);
      await recorder.tell("record", 60_000);
      const full = await recorder.tell("settle", 300);
      assert(full.flushed > 0 && full.dropped > 0);
      assertConserved(full, readRows(seen, "duration"));
      const stopped = await recorder.tell("stop");
      assertEquals({ recorded: stopped.recorded, buffered: stopped.buffered }, { recorded: 60_000, buffered: 0 });
      assertConserved(stopped, readRows(seen, "duration"));
      assertEquals(otherNames(seen), []);
      await assertEndsWell(recorder);
    });

    it("loses no row when others move its files away", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const away = scratch.at("away");
      mkdirSync(away);
      const recorder = new Recorder(thisRuntime);
      await recorder.tell("start", options(directory));
      let moved = 0;
      await withEachFile(recorder.tell("keepRecording", 1000), directory, (path) => {
        if (statSync(path).size > 0) renameSync(path, join(away, `duration.${moved++}.csv`));
      });
      const stopped = await recorder.tell("stop");
      assert(moved > 10, `only ${moved} files were moved`);
      assertEquals(stopped.dropped, 0);
      assertConserved(stopped, readRows(directory, "duration") + readRows(away, "duration"));
      await assertEndsWell(recorder);
    });

    it("shows no file without a header, however soon others move it away", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const away = scratch.at("away");
      mkdirSync(away);
      const recorder = new Recorder(thisRuntime);
      await recorder.tell("start", options(directory));
      const moved: string[] = [];
      await withEachFile(recorder.tell("keepRecording", 1000), directory, (path) => {
        moved.push(join(away, `${moved.length}.csv`));
        renameSync(path, moved.at(-1)!);
      }, 0);
      await recorder.tell("stop");
      await assertEndsWell(recorder);
      assertEquals(moved.filter((path) => !readFileSync(path, "latin1").startsWith(HEADER)), []);
    });

    it("goes on when others delete its files", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const recorder = new Recorder(thisRuntime);
      await recorder.tell("start", options(directory));
      let deleted = 0;
      await withEachFile(recorder.tell("keepRecording", 1000), directory, (path) => {
        unlinkSync(path);
        deleted++;
      });
      const { flushed } = await recorder.tell("settle", PATIENCE);
      const rows = readRows(directory, "duration");
      assert(deleted > 10, `only ${deleted} files were deleted`);
      assert(rows <= flushed);
      await recorder.tell("record", 1000);
      const stopped = await recorder.tell("stop");
      assertEquals({ errors: stopped.errors, dropped: stopped.dropped }, { errors: 0, dropped: 0 });
      assertEquals(readRows(directory, "duration") - rows, stopped.flushed - flushed);
      await assertEndsWell(recorder);
    });

    it("makes files that their owner alone may read, whatever the umask", async () => {
      using scratch = scratchDirectory();
      const recorder = new Recorder(thisRuntime, ["sh", "-c", 'umask 000; exec "$@"', "sh"]);
      await recorder.tell("start", options(scratch.at("monitoring")));
      await recorder.tell("record", 1000);
      await recorder.tell("stop");
      const modes = csvFiles(scratch.at("monitoring"), "duration")
        .map((name) => statSync(join(scratch.at("monitoring"), name)).mode & 0o777);
      assertEquals(new Set(modes), new Set([0o600]));
      await assertEndsWell(recorder);
    });

    it("stays in a relative directory when the program changes its own", async () => {
      using scratch = scratchDirectory();
      mkdirSync(scratch.at("first"));
      mkdirSync(scratch.at("second"));
      const recorder = new Recorder(thisRuntime);
      await recorder.tell("chdir", scratch.at("first"));
      await recorder.tell("start", options("monitoring"));
      await recorder.tell("chdir", scratch.at("second"));
      await recorder.tell("record", 1000);
      const stopped = await recorder.tell("stop");
      assertConserved(stopped, readRows(scratch.at("first/monitoring"), "duration"));
      assertEquals(readdirSync(scratch.at("second")), []);
      await assertEndsWell(recorder);
    });

    it("leaves nothing behind after a hundred starts and stops", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const cycle = JSON.stringify({ ...options(directory), withRuntime: true });
      const recorder = new Recorder(thisRuntime);
      const before = await recorder.tell("cycle", `5 ${cycle}`);
      const after = await recorder.tell("cycle", `100 ${cycle}`);
      assertEquals(after.thrown, undefined);
      assertEquals(after.held["timers"], 0);
      // The runtime itself opens and closes some for its threads.
      assert(after.held["descriptors"]! < before.held["descriptors"]! + 10);
      assertEquals({ ...after.held, descriptors: 0 }, { ...before.held, descriptors: 0 });
      assertEquals(readRows(directory, "duration"), 105);
      if (layout === "segments") assertEquals(csvFiles(directory, "duration").length, 105);
      await assertEndsWell(recorder);
    });
  });
}

/** Does something to each published file, again every `pause` ms until `work` is done. */
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

describe("what others have planted", () => {
  const planted: Record<string, (path: string, victim: string) => void> = {
    "a link to a file": (path, victim) => symlinkSync(victim, path),
    "a link that leads nowhere": (path, victim) => symlinkSync(`${victim}.new`, path),
    "a directory": (path) => mkdirSync(path),
    "a pipe": (path) => void execFileSync("mkfifo", [path]),
  };
  for (const [name, plant] of Object.entries(planted)) {
    it(`is never followed: ${name} in place of the file that is appended to`, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const victim = scratch.at("victim");
      writeFileSync(victim, "theirs");
      mkdirSync(directory);
      plant(join(directory, "duration.csv"), victim);
      const recorder = new Recorder(thisRuntime);
      await recorder.tell("start", { monitoringDir: directory, layout: "append", ...SMALL_BUFFERS });
      await recorder.tell("record", 1000);
      const stopped = await recorder.tell("stop");
      assertEquals(readFileSync(victim, "utf8"), "theirs");
      assert(!existsSync(`${victim}.new`));
      assert(!lstatSync(join(directory, "duration.csv")).isFile());
      assertStringIncludes(stopped.lastError!, "duration.csv is not a file");
      rmSync(join(directory, "duration.csv"), { recursive: true });
      assertConserved(stopped, readRows(directory, "duration"));
      assertEquals(stopped.flushed, 1000);
      await assertEndsWell(recorder);
    });
  }

  it("is never followed nor overwritten: links at the names that come next", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const victim = scratch.at("victim");
    writeFileSync(victim, "theirs");
    const recorder = new Recorder(thisRuntime);
    await recorder.tell("start", { monitoringDir: directory, ...SMALL_BUFFERS });
    await recorder.tell("record", 10);
    await recorder.tell("settle", PATIENCE);
    const [first = ""] = csvFiles(directory, "duration");
    const links = Array.from({ length: 20 }, (_, i) => first.replace("000001", String(i + 2).padStart(6, "0")))
      .flatMap((name) => [join(directory, name), join(directory, `.${name}.tmp`)]);
    for (const [i, link] of links.entries()) symlinkSync(i % 4 < 2 ? victim : `${victim}.new`, link);
    await recorder.tell("record", 2000);
    const stopped = await recorder.tell("stop");
    assertEquals(readFileSync(victim, "utf8"), "theirs");
    assert(!existsSync(`${victim}.new`));
    for (const link of links) {
      assert(lstatSync(link).isSymbolicLink());
      unlinkSync(link);
    }
    assertEquals(stopped.flushed, 2010);
    assertConserved(stopped, readRows(directory, "duration"));
    assertEquals(otherNames(directory), []);
    await assertEndsWell(recorder);
  });

  it("does no harm to file names: two recordings of an isolate share none", async () => {
    using scratch = scratchDirectory();
    const recorder = new Recorder(thisRuntime);
    const names: string[] = [];
    for (let i = 0; i < 2; i++) {
      await recorder.tell("start", { monitoringDir: scratch.at("monitoring") });
      await recorder.tell("record", 10);
      await recorder.tell("stop");
      names.push(...csvFiles(scratch.at("monitoring"), "duration").filter((name) => !names.includes(name)));
    }
    assertEquals(names.length, 2);
    assertEquals(readRows(scratch.at("monitoring"), "duration"), 20);
    await assertEndsWell(recorder);
  });
});
