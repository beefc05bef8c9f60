import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { chop, recoverAll, wrongOnceRecovered } from "../../../support/spools/recover_all.ts";
import { fewRows, recordLooking } from "../../../support/spools/recordings.ts";
import type { RecordedRows } from "../../../support/spools/recorded_rows.ts";

const few = fewRows(7);

for (const layout of ["segments", "append"] as const) {
  const options = { layout, durability: "spool" } as const;

  describe(`recovery of a program killed within a write, at any byte, layout ${layout}`, () => {
    it("publishes each row once", async () => {
      const wrong: string[] = [];
      let torn = 0;
      await recordLooking(few, options, (disk, rows, at) => {
        if (!at.startsWith("write")) return;
        torn++;
        wrong.push(...wrongOnceRecovered(disk.clone(), rows).map((what) => `killed at ${at} ${torn}: ${what}`));
      }, 1);
      assertEquals(wrong.slice(0, 5), []);
      assert(torn > 1_000);
    });

    it("publishes each row once, after a recovery that was killed within a write too", async () => {
      const dead: [MemoryDisk, RecordedRows][] = [];
      let writes = 0;
      await recordLooking(few, options, (disk, rows, at) => {
        if (rows.size === 26 && at.startsWith("write") && writes++ === 1) dead.push([disk.clone(), rows.clone()]);
      });
      const wrong: string[] = [];
      let torn = 0;
      for (const [disk, rows] of dead) {
        chop(disk, (operation, path) => {
          if (operation !== "write" || path.endsWith(".spool")) return;
          torn++;
          wrong.push(...wrongOnceRecovered(disk.clone(), rows).map((what) => `killed at ${path} ${torn}: ${what}`));
        }, 1);
        recoverAll(disk);
      }
      assertEquals(wrong.slice(0, 5), []);
      assert(torn > 300, `torn ${torn} times`);
    });
  });
}
