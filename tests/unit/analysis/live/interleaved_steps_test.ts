import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { LiveDirectory } from "../../../../src/analysis/live/live_directory.ts";
import type { Layout } from "../../../../src/files/names.ts";
import type { Monitor } from "../../../../src/recording/monitor.ts";
import { DIRECTORY, Observed, runtimeOf, started } from "../../../support/analysis/observed_numbers.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { shortOrFull } from "../../../support/faults/suite_size.ts";
import { randomFrom } from "../../../support/random.ts";
import { SMALL_BUFFERS } from "../../../support/small_buffers.ts";

/** How many random courses of events are tried, and how long each is. */
const COURSES = shortOrFull({ count: 3, steps: 12 }, { count: 20, steps: 60 });

describe("LiveDirectory beside programs that go on", () => {
  for (const layout of ["segments", "append"] as const) {
    it(`finds each row once, whatever programs do between two of its steps, in layout ${layout}`, async () => {
      for (let seed = 1; seed <= COURSES.count; seed++) await seesEachRowOnce(layout, seed);
    });
  }
});

/**
 * Another program takes the lock of the file that all append to, or releases it. Meanwhile they
 * write separate files.
 */
function toggleLock(disk: MemoryDisk, unlock: (() => void) | undefined): (() => void) | undefined {
  unlock?.();
  const path = `${DIRECTORY}/custom.csv`;
  return unlock === undefined && disk.status(path) !== undefined ? disk.lock(path) : undefined;
}

/** Two programs, one of them with two isolates, go on at any step of the look, and are looked at at any step of theirs. */
async function seesEachRowOnce(layout: Layout, seed: number): Promise<void> {
  const random = randomFrom(seed);
  const disk = new MemoryDisk();
  const runtimes = [runtimeOf(disk, 1), runtimeOf(disk, 2)];
  const observed = new Observed();
  const start = (i: number): Monitor => started(runtimes[i % 2]!, { ...SMALL_BUFFERS, layout });
  const monitors = [start(0), start(1), start(2)];
  for (const monitor of monitors) observed.record(monitor, 600);
  const live = new LiveDirectory(runtimes[0]!, DIRECTORY, () => {});
  const before = observed.recorded;
  let depth = 0;
  let missed = 0;
  let unlock: (() => void) | undefined;
  const goOn = (): void => {
    // The next segment of a program may be given times that overlap those of the one before.
    runtimes[random(2)]!.clock.offset += BigInt(random(3) - 1) * 500_000n;
    if (layout === "append" && random(8) === 0) unlock = toggleLock(disk, unlock);
    observed.record(monitors[random(3)]!, random(300));
    if (random(3) === 0) runtimes[random(2)]!.timers.advance(random(60));
  };
  const look = (): void => void (missed += live.look(observed.sink).missed);
  const interleaved = (one: () => void, other: () => void): void => {
    disk.before = () => {
      if (depth > 0 || random(6) > 0) return;
      depth++;
      other();
      depth--;
    };
    one();
    disk.before = () => {};
  };
  for (let step = 0; step < COURSES.steps; step++) {
    if (random(2) === 0) interleaved(look, goOn);
    else interleaved(goOn, look);
    if (random(20) > 0) continue;
    const i = random(3);
    await monitors[i]!.stop();
    monitors[i] = start(i);
    observed.record(monitors[i]!, 1);
    look(); // what nobody sees begin may end unseen
  }
  unlock?.();
  for (const monitor of monitors) await monitor.stop();
  look();
  look();
  assertEquals(missed, 0, `seed ${seed}`);
  const times = new Map<number, number>();
  for (const number of observed.seen) times.set(number, (times.get(number) ?? 0) + 1);
  const wrong = observed.since(before).filter((number) => times.get(number) !== 1);
  const told = wrong.slice(0, 5).map((number) => `${number}: ${times.get(number) ?? 0} times`);
  assertEquals([told, observed.seen.length], [[], observed.recorded - before], `seed ${seed}`);
}
