import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { isFullSuite } from "../../../support/faults/suite_size.ts";
import type { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { type KilledOptions, KilledProgram } from "../../../support/spools/killed_program.ts";
import { leftBehind, recoverAll, wrongAfter } from "../../../support/spools/recover_all.ts";
import { A_ROW, divided, fewRows, RECORDINGS, recordLooking } from "../../../support/spools/recordings.ts";
import type { RecordedRows } from "../../../support/spools/recorded_rows.ts";

/** In the short form, one kill in so many is examined. */
const SOME = 6;

const OPTIONS: KilledOptions = { layout: "append", durability: "spool" };

/**
 * Errors after a live program appended to the same files after the kill, and again after the
 * recovery.
 */
async function wrongBesideLiving(killed: MemoryDisk, dead: RecordedRows): Promise<string[]> {
  const rows = dead.clone();
  const living = new KilledProgram(killed, rows, OPTIONS, 77);
  living.record(10);
  living.runtime.timers.advance(1_000);
  living.record(3);
  const wrong: string[] = [];
  const summary = recoverAll(killed);
  if (summary.alive < 2) wrong.push(`${summary.alive} spools are counted as alive`);
  const { failures } = summary;
  wrong.push(...failures.map(({ message }) => message));
  wrong.push(...leftBehind(killed).filter((path) => /\.(42|tmp)/.test(path)).map((path) => `${path} was left behind`));
  await living.channels.close();
  wrong.push(...living.errors.map(({ message }) => message));
  return [...wrong, ...wrongAfter(killed, rows, summary)];
}

const few = fewRows(6);

/**
 * Whether the last line of a file that is torn in a quoted label looks like a row: then nobody can
 * know (see `wholeRowsEnd`).
 */
function endsLikeRow(disk: MemoryDisk, path: string): boolean {
  return /\n\d+,[^,\r\n]+,[a-z],\d+\r\n$/.test(disk.text(path));
}

describe("recovery of a killed program, while another appends to the same files", () => {
  for (const [how, recording] of Object.entries(RECORDINGS.append)) {
    it(`publishes each row once if it records ${how}`, async () => {
      const lookedAt: Promise<string[]>[] = [];
      let kills = 0;
      await recordLooking(recording, OPTIONS, (disk, rows, at) => {
        if (!isFullSuite && (at === A_ROW || ++kills % SOME !== 0)) return;
        lookedAt.push(
          wrongBesideLiving(disk.clone(), rows).then((all) => all.map((what) => `killed at ${at}: ${what}`)),
        );
      });
      assertEquals((await Promise.all(lookedAt)).flat().slice(0, 5), []);
      assert(lookedAt.length > 10);
    });
  }

  it("publishes each row once if some are in the common file and some in a separate one", async () => {
    const lookedAt: Promise<string[]>[] = [];
    await recordLooking(divided, { layout: "append", durability: "fsync" }, (disk, rows, at) => {
      if (at === A_ROW) return;
      lookedAt.push(wrongBesideLiving(disk.clone(), rows).then((all) => all.map((what) => `killed at ${at}: ${what}`)));
    });
    assertEquals((await Promise.all(lookedAt)).flat().slice(0, 5), []);
    assert(lookedAt.length > 100);
  });

  it("publishes each row once if the file is torn at any byte, unless what is left ends like a row", async () => {
    const lookedAt: Promise<string[]>[] = [];
    let writes = 0;
    await recordLooking(few, OPTIONS, (disk, rows, at) => {
      if (!/^write .*\.csv$/.test(at) || endsLikeRow(disk, at.slice("write ".length))) return;
      if (!isFullSuite && ++writes % SOME !== 0) return;
      const killed = disk.clone();
      killed.writeLimit = Infinity;
      const tail = JSON.stringify(disk.text(at.slice("write ".length)).slice(-80));
      lookedAt.push(wrongBesideLiving(killed, rows).then((all) => all.map((what) => `torn after ${tail}: ${what}`)));
    }, 1);
    assertEquals((await Promise.all(lookedAt)).flat().slice(0, 5), []);
    assert(lookedAt.length > 100, `${lookedAt.length}`);
  });
});
