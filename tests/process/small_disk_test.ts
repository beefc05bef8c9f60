import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchDirectory } from "../contract/scratch.ts";
import { assertConserved, otherNames, PATIENCE, Recorder, SMALL_BUFFERS } from "./recorder.ts";
import { readRows } from "./recorded_rows.ts";
import { thisRuntime } from "./run.ts";
import { canMount, remount, seenFromOutside, withSmallDisk } from "./small_disk.ts";

const LAYOUTS = ["segments", "append"] as const;

const cannotMount = !canMount() && "this system lets us mount no disk";

for (const layout of LAYOUTS) {
  describe(`recording in layout ${layout} on a disk of 1 MiB`, () => {
    const options = (monitoringDir: string) => ({ monitoringDir, layout, ...SMALL_BUFFERS });

    it("waits while the disk is read-only, then goes on", { skip: cannotMount }, async () => {
      using scratch = scratchDirectory();
      const recorder = new Recorder(thisRuntime, withSmallDisk(scratch.path));
      await recorder.tell("start", options(scratch.path));
      remount(recorder.pid, scratch.path, "ro");
      await recorder.tell("record", 1000);
      const refused = await recorder.tell("keepRecording", 300);
      assert(refused.errors > 0 && refused.buffered > 0);
      assertStringIncludes(refused.lastError!, "read-only file system");
      remount(recorder.pid, scratch.path, "rw");
      const restored = await recorder.tell("settle", PATIENCE);
      assertEquals(restored.buffered, 0);
      await recorder.tell("record", 1000);
      const stopped = await recorder.tell("stop");
      assertEquals(stopped.dropped, refused.dropped);
      const seen = seenFromOutside(recorder.pid, scratch.path);
      assertConserved(stopped, readRows(seen, "duration"));
      assertEquals(otherNames(seen), []);
      await recorder.end();
    });

    it("stops on a disk that stays read-only, and counts what is lost", { skip: cannotMount }, async () => {
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
      await recorder.end();
    });

    it(
      "keeps on a full disk what it has room for, and writes it once there is room",
      { skip: cannotMount },
      async () => {
        using scratch = scratchDirectory();
        const recorder = new Recorder(thisRuntime, withSmallDisk(scratch.path));
        await recorder.tell("start", { ...options(scratch.path), memoryThreshold: 2 ** 18 });
        const seen = seenFromOutside(recorder.pid, scratch.path);
        writeFileSync(join(seen, "ballast"), new Uint8Array(900_000));
        await recorder.tell("record", 8_000);
        const full = await recorder.tell("keepRecording", 300);
        assert(full.errors > 0 && full.buffered > 0);
        assertStringIncludes(full.lastError!, "no space left on device");
        assertConserved(full, readRows(seen, "duration"));
        assertEquals(otherNames(seen), ["ballast"]);
        unlinkSync(join(seen, "ballast"));
        const freed = await recorder.tell("settle", PATIENCE);
        assertEquals({ buffered: freed.buffered, dropped: freed.dropped }, { buffered: 0, dropped: full.dropped });
        assertConserved(freed, readRows(seen, "duration"));
        await recorder.tell("record", 1000);
        assertConserved(await recorder.tell("stop"), readRows(seen, "duration"));
        assertEquals(otherNames(seen), []);
        await recorder.end();
      },
    );

    it(
      "drops and counts, on a disk that stays full, all that the buffers cannot take",
      { skip: cannotMount },
      async () => {
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
        await recorder.end();
      },
    );
  });
}
