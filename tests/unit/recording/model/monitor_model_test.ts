import { describe, it } from "node:test";
import fc from "fast-check";
import type { DiskOptions } from "../../../support/fake/memory_disk.ts";
import { isFullSuite, shortOrFull } from "../../../support/faults/suite_size.ts";
import { type Command, sequences } from "./commands.ts";
import { ProcessPair } from "./process_pair.ts";

/** Random sequences of each kind of disk: so many in the gate, so many in full. */
const SEQUENCES = shortOrFull(350, 33_334);

async function live(options: DiskOptions, commands: readonly Command[]): Promise<void> {
  const pair = new ProcessPair(options);
  for (const command of commands) {
    pair.tick();
    const done = command.run(pair);
    if (done !== undefined) await done;
    pair.check();
  }
  await pair.finish();
}

describe("whatever happens to monitors, the plain numbers agree with them, nothing throws, and each row is in files once", () => {
  const disks: Record<string, DiskOptions> = {
    "with locks and mapping": {},
    "with locks": { mapping: false },
    "with neither": { locks: false },
  };
  for (const [name, options] of Object.entries(disks)) {
    it(`on a disk ${name}`, { timeout: 1_800_000 }, async () => {
      const property = fc.asyncProperty(sequences, (commands) => live(options, commands));
      await fc.assert(property, { numRuns: SEQUENCES, ...!isFullSuite && { seed: 17 } });
    });
  }
});
