import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { isFullSuite } from "../../../support/faults/suite_size.ts";
import { type Killed, killRecovery, wrongOnceRecovered } from "../../../support/spools/recover_all.ts";
import { A_ROW, RECORDINGS, recordLooking } from "../../../support/spools/recordings.ts";

/** In the short form, the recovery is killed too after one kill in so many. */
const AGAIN = 200;
/** In the short form, the program is killed after one row in so many. */
const ROWS = 20;

for (const layout of ["segments", "append"] as const) {
  for (const durability of ["spool", "fsync"] as const) {
    describe(`recovery of a program killed after any row or file operation, layout ${layout}, durability ${durability}`, () => {
      const syncs = durability === "fsync";
      for (const [how, recording] of Object.entries(RECORDINGS[layout])) {
        it(`publishes each row once if it records ${how}`, async () => {
          const once: Killed = { kills: 0, wrong: [] };
          const again: Killed = { kills: 0, wrong: [] };
          let recorded = 0;
          const program = await recordLooking(recording, { layout, durability }, (disk, rows, at) => {
            if (at === A_ROW && ++recorded % ROWS !== 0 && !isFullSuite) return;
            const killed = disk.clone();
            if (++once.kills % AGAIN === 0 || isFullSuite) {
              const { kills, wrong } = killRecovery(killed, rows, syncs);
              again.kills += kills;
              again.wrong.push(...wrong.map((what) => `killed at ${at}, ${what}`));
            }
            const wrong = wrongOnceRecovered(killed, rows, syncs);
            once.wrong.push(...wrong.map((what) => `killed at ${at}: ${what}`));
          });
          assertEquals(once.wrong.slice(0, 5), []);
          assertEquals(again.wrong.slice(0, 5), []);
          assertEquals(program.dropped, 0);
          assert(
            once.kills > 50 && (again.kills > 0 || once.kills < AGAIN),
            `${once.kills} kills, ${again.kills} of a recovery`,
          );
        });
      }
    });
  }
}
