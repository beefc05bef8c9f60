import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createMonitor } from "../../../../src/recording/monitor.ts";
import type { StartOptions } from "../../../../src/recording/options.ts";
import type { Observation } from "../../../../src/segment/observation.ts";
import type { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";
import { csvPaths, DIRECTORY, rowsIn, spoolPaths } from "../../../support/published_files.ts";
import { DISK_ERRORS, failAll, failBetween, repair } from "../../../support/fake/disk_faults.ts";
import { pick, type Random, randomFrom, randomLabel } from "../../../support/random.ts";
import { modeName, RECORDER_MODES, type RecorderMode } from "../../../support/fake/flusher_recorder.ts";

const DURATION = "a duration";

/** The rows of a file, `undefined` if it is torn. */
function wholeRows(disk: MemoryDisk, path: string): Observation[] | undefined {
  try {
    return rowsIn(disk, path);
  } catch {
    return undefined;
  }
}

/** A monitor whose every observation is known, on a runtime to which anything may happen. */
class Model {
  readonly #random: Random;
  readonly #way: RecorderMode;
  readonly #runtime = new FakeRuntime();
  readonly #monitor = createMonitor(() => this.#runtime);
  readonly #mine = this.#monitor.channel("mine");
  readonly #samples: number[] = [];
  #recording = false;
  #stopping: Promise<void> | undefined;
  #release = (): void => {};
  // Of this recording.
  #recorded = 0;
  #invalid = 0;
  // Of all of them.
  #flushedBefore = 0;
  #recoveredBefore = 0;
  #keptBefore = 0; // in spools
  #spoolsTaken = false;
  #takenAway: number[] = [];
  #next = 0;

  constructor(random: Random, way: RecorderMode) {
    this.#random = random;
    this.#way = way;
  }

  /** What may happen, each as often as it is there. */
  readonly steps: readonly (() => void | Promise<void>)[] = [
    () => this.#start(),
    () => this.#stop(),
    () => this.#observe(1 + this.#random(20)),
    () => this.#observe(1 + this.#random(20)),
    () => this.#observe(500),
    () => this.#observeMany(),
    () => this.#observeWrongly(),
    () => void this.#samples.push(this.#monitor.startDurationSample()),
    () => this.#stopSample(),
    () => this.#advance(),
    () => this.#advance(),
    () => this.#advance(),
    () => void (this.#runtime.clock.offset += BigInt(this.#random(2e9) - 1e9) * 1000n),
    () => this.#runtime.end(),
    () => this.#failSoon(),
    () => void failAll(this.#runtime.files, pick(this.#random, DISK_ERRORS)),
    () => repair(this.#runtime.files),
    () => repair(this.#runtime.files),
    () => void (this.#runtime.files.capacity = this.#random(200_000)),
    () => void (this.#runtime.files.capacity = Infinity),
    () => void (this.#runtime.files.writeLimit = pick(this.#random, [7, 1_000, Infinity])),
    () => this.#takeFiles(),
    () => this.#takeDirectory(),
    () => this.#holdLock(),
  ];

  /** What must hold at any moment. */
  check(): void {
    const { running, recorded, flushed, buffered, dropped, channels, invalidSamples, invalidObservations } = this
      .#monitor.status();
    assertEquals([running, recorded, invalidSamples + invalidObservations], [
      this.#recording,
      this.#recorded,
      this.#invalid,
    ]);
    assertEquals(recorded, flushed + buffered + dropped);
    for (const counts of Object.values(channels)) {
      assertEquals(counts.recorded, counts.flushed + counts.buffered + counts.dropped);
      assert(Math.min(counts.flushed, counts.buffered, counts.dropped) >= 0);
    }
    // One temporary file per channel; whoever recovers has a spool and a temporary file.
    assertEquals(this.#runtime.files.openHandles <= 3 + (this.#way.spools ? 2 : 0), true);
  }

  /** Ends, and checks that all that was flushed is in files, once. */
  async finish(): Promise<void> {
    await this.#stop();
    await this.#stopping;
    this.#heal();
    this.#runtime.files.writeLimit = Infinity;
    // Whoever appends next cuts a torn row that a failing disk left, and publishes what is left in spools.
    this.#monitor.start(this.#options());
    this.#recording = true;
    this.#recorded = 3;
    this.#invalid = 0;
    this.#monitor.observe("x", this.#next++);
    this.#mine.observe("x", this.#next++);
    this.#monitor.stopDurationSample(DURATION, this.#monitor.startDurationSample());
    await this.#stop();
    await this.#stopping;
    this.check();
    this.#takeFiles();
    assertEquals(this.#takenAway.length, this.#flushedBefore + this.#recoveredBefore);
    assertEquals(this.#recoveredBefore <= this.#keptBefore, true);
    if (!this.#spoolsTaken) assertEquals(this.#recoveredBefore, this.#keptBefore);
    assertEquals([spoolPaths(this.#runtime.files), this.#runtime.files.mappings], [[], 0]);
    const known = this.#takenAway.filter((n) => n >= 0);
    assertEquals(new Set(known).size, known.length);
    assertEquals([this.#runtime.timers.count, this.#runtime.hooks.size, this.#runtime.files.openHandles], [0, 0, 0]);
  }

  #start(): void {
    if (this.#recording || this.#stopping !== undefined) return;
    this.#heal();
    this.#monitor.start({
      ...this.#options(),
      memoryThreshold: 2 ** 14,
      flushInterval: pick(this.#random, [0, 10, 1_000]),
    });
    this.#recording = true;
    this.#recorded = 0;
    this.#invalid = 0;
  }

  #options(): StartOptions {
    const { layout, spools } = this.#way;
    return { layout, durability: spools ? "spool" : "memory", monitoringDir: DIRECTORY };
  }

  async #stop(): Promise<void> {
    if (!this.#recording) return;
    this.#recording = false;
    const stopped = this.#monitor.stop().then(() => {
      const { buffered, flushed, recovered, damaged } = this.#monitor.status();
      assertEquals([this.#way.spools ? 0 : buffered, damaged], [0, 0]);
      this.#flushedBefore += flushed;
      this.#recoveredBefore += recovered;
      this.#keptBefore += buffered;
      this.#stopping = undefined;
    });
    this.#stopping = stopped;
    if (this.#random(2) === 0) await stopped;
  }

  #observe(count: number): void {
    for (let i = 0; i < count; i++) {
      const channel = this.#random(2) === 0 ? this.#monitor : this.#mine;
      const label = randomLabel(this.#random);
      // A file torn just behind what reads like a row is documented to be taken for whole.
      channel.observe(/\d\r\n/.test(label) ? "x" : label, this.#next++);
    }
    if (this.#recording) this.#recorded += count;
  }

  #observeMany(): void {
    const count = this.#random(10);
    this.#mine.observeMany(Array.from({ length: count }, () => ["many", this.#next++] as const));
    if (this.#recording) this.#recorded += count;
  }

  #observeWrongly(): void {
    this.#monitor.observe("x", "1" as unknown as number);
    this.#monitor.stopDurationSample("x", pick(this.#random, [-1, NaN, 0.5, 1e18]));
    if (this.#recording) this.#invalid += 2;
  }

  #stopSample(): void {
    const [id] = this.#samples.splice(this.#random(this.#samples.length), 1);
    if (id === undefined) return;
    const { invalidSamples, recorded } = this.#monitor.status();
    this.#monitor.stopDurationSample(DURATION, id);
    if (!this.#recording) return;
    // It may be of an earlier recording, or of none.
    const after = this.#monitor.status();
    assertEquals(after.invalidSamples - invalidSamples + after.recorded - recorded, 1);
    this.#invalid += after.invalidSamples - invalidSamples;
    this.#recorded += after.recorded - recorded;
  }

  #advance(): void {
    this.#runtime.timers.advance(pick(this.#random, [0, 1, 10, 150, 1_000, 10_000]));
  }

  #failSoon(): void {
    const first = 1 + this.#random(30);
    failBetween(this.#runtime.files, first, first + this.#random(6), pick(this.#random, DISK_ERRORS));
  }

  #heal(): void {
    repair(this.#runtime.files);
    this.#runtime.files.capacity = Infinity;
    this.#release();
  }

  /** Another program reads the published files and deletes them, except one that a failing disk left torn. */
  #takeFiles(): void {
    const { files } = this.#runtime;
    for (const path of csvPaths(files)) {
      const rows = wholeRows(files, path);
      if (rows === undefined) continue;
      // Durations are no numbers of ours.
      this.#takenAway.push(...rows.map(({ measurement, label }) => label === DURATION ? -1 : measurement));
      files.removeTree(path);
    }
  }

  /** Another program takes the whole directory away. */
  #takeDirectory(): void {
    this.#takeFiles();
    if (csvPaths(this.#runtime.files).length > 0) return;
    if (spoolPaths(this.#runtime.files).length > 0) this.#spoolsTaken = true;
    this.#runtime.files.removeTree(DIRECTORY);
  }

  #holdLock(): void {
    this.#release();
    const [path] = csvPaths(this.#runtime.files);
    this.#runtime.clock.step = 10e6; // a program that waits for the lock must see time pass
    if (path === undefined || this.#way.layout === "segments") return;
    const release = this.#runtime.files.lock(path);
    this.#release = () => {
      release();
      this.#release = () => {};
    };
  }
}

describe("whatever happens to a monitor", () => {
  for (const way of RECORDER_MODES) {
    it(`recorded = flushed + buffered + dropped, and what was flushed is in files once: ${modeName(way)}`, async () => {
      for (let seed = 0; seed < 60; seed++) {
        const random = randomFrom(seed);
        const model = new Model(random, way);
        try {
          for (let i = 0; i < 120; i++) {
            await pick(random, model.steps)();
            model.check();
          }
          await model.finish();
        } catch (error) {
          throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
        }
      }
    });
  }
});
