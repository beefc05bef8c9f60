import { assert, assertEquals } from "@std/assert";
import { HEADER } from "../../../src/csv/dialect.ts";
import { NO_LIMITS } from "../../../src/control/retention/room.ts";
import { CsvEncoder } from "../../../src/csv/encode.ts";
import type { KymoError } from "../../../src/errors.ts";
import { Failures } from "../../../src/recording/failures.ts";
import type { ChannelCounts, DoubleBuffer } from "../../../src/recording/buffers/double_buffer.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import { Flusher } from "../../../src/recording/buffers/flusher.ts";
import { exitLockDeadline } from "../../../src/recording/buffers/patience.ts";
import type { Layout } from "../../../src/files/names.ts";
import { Recovery, type RecoverySummary } from "../../../src/files/recovery.ts";
import type { MemoryDisk } from "./memory_disk.ts";
import { FakeRuntime } from "./runtime.ts";
import { csvPaths, DIRECTORY } from "./published_files.ts";
import { OWNER } from "../segments.ts";
import { LEAST_THRESHOLD } from "../small_buffers.ts";

/** How a {@linkcode FlusherRecorder} is made. */
export interface RecorderOptions {
  readonly runtime?: FakeRuntime;
  readonly layout?: Layout;
  readonly flushInterval?: number;
  readonly memoryThreshold?: number;
  /** Whether buffers are spools. Default `true`. */
  readonly spools?: boolean;
  /** Whether a disk that refuses its first spool makes it throw. */
  readonly strict?: boolean;
}

/** All combinations of buffer and layout. */
export const RECORDER_MODES = [
  { layout: "segments", spools: true },
  { layout: "segments", spools: false },
  { layout: "append", spools: true },
  { layout: "append", spools: false },
] as const satisfies readonly RecorderOptions[];

/** One of the {@linkcode RECORDER_MODES}. */
export type RecorderMode = (typeof RECORDER_MODES)[number];

/** Where rows are and where they go, in words. */
export function modeName({ layout, spools }: RecorderMode): string {
  return `from ${spools ? "spools" : "memory"} in layout ${layout}`;
}

/**
 * Long enough that a full segment takes two slices, awkward enough that a torn row would be seen;
 * both fit in the least label table.
 */
const LABELS = ['"'.repeat(220), `a "label",\r\nof two lines${'"'.repeat(200)}`] as const;

/**
 * A row of a recorder. A decoder would take nearly all the time of the tests that look into files
 * thousands of times.
 */
const ROW = new RegExp(
  `\\d+,(\\d+),(?:${LABELS.map((label) => `"${label.replaceAll('"', '""')}"`).join("|")}),\\d+\\r\\n`,
  "y",
);

/**
 * A flusher with its buffer on a fake runtime. It observes the numbers from `first` on, so that
 * each row is known.
 */
export class FlusherRecorder {
  readonly runtime: FakeRuntime;
  readonly flusher: Flusher;
  readonly buffer: DoubleBuffer;
  /** The reported errors. */
  readonly errors: KymoError[] = [];
  /**
   * Called for each failure as the monitor reports it: after the call in which it happened has
   * returned.
   */
  whenReported: () => void = () => {};
  readonly #first: number;
  #next: number;
  #underWay = 0;

  constructor(options: RecorderOptions = {}, first = 0) {
    const { runtime = new FakeRuntime(), layout = "segments", flushInterval = 1_000 } = options;
    const { memoryThreshold = LEAST_THRESHOLD, spools = true, strict = true } = options;
    this.runtime = runtime;
    this.#first = this.#next = first;
    const { clock, timers } = runtime;
    const directory = MonitoringDirectory.create(runtime.files, DIRECTORY);
    let time = 0; // so much passes that each repetition is delivered
    const failures = new Failures(() => this.whenReported(), () => time += 1e12);
    const report = (error: KymoError): void => {
      this.errors.push(error);
      failures.report(error);
    };
    this.flusher = new Flusher(
      {
        directory,
        encoder: new CsvEncoder(),
        clock,
        timers,
        layout,
        flushInterval,
        memoryThreshold,
        spools,
        report,
        room: NO_LIMITS,
      },
      { ...OWNER, pid: runtime.pid },
      strict,
    );
    this.buffer = this.flusher.buffer;
  }

  /** Flushes all rows and ends, as a recording does. */
  async close(): Promise<void> {
    await this.flusher.finish();
    this.flusher.abandon();
  }

  /** How many numbers were observed. */
  get given(): number {
    return this.#next - this.#first;
  }

  /** Observes `count` more numbers. */
  observe(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#underWay++; // an observation may lead to a report, and that to other observations
      this.buffer.observe(LABELS[i % 8 === 0 ? 1 : 0], this.#next++);
      this.#underWay--;
    }
    this.counts();
  }

  /** Flushes synchronously, as at an exit of the program; `last` if it certainly does not go on. */
  flushNow(last = false): void {
    this.flusher.flushNow(exitLockDeadline(this.runtime.clock.now()), last);
    if (last) this.flusher.retire(() => {});
  }

  /** Recovers the spools of dead programs, as another program does. */
  recover(): RecoverySummary {
    const { files, clock } = this.runtime;
    const directory = new MonitoringDirectory(files, DIRECTORY);
    const recovery = new Recovery({ directory, encoder: new CsvEncoder(), clock });
    for (const _ of recovery.run());
    return recovery.summary;
  }

  /** The counts. Asserts that they add up. */
  counts(): ChannelCounts {
    const { counts } = this.buffer;
    assertEquals(counts.recorded, this.given - this.#underWay);
    assertEquals(counts.recorded, counts.flushed + counts.buffered + counts.dropped);
    assert(Math.min(counts.flushed, counts.buffered, counts.dropped) >= 0, JSON.stringify(counts));
    return counts;
  }

  /**
   * The numbers that are in published files, in order. Throws if one is there twice, a file is
   * torn, or they are not those counted, `recovered` of them by whoever recovered them.
   */
  published(recovered = 0): number[] {
    const numbers = csvPaths(this.runtime.files).flatMap((path) => numbersIn(this.runtime.files, path))
      .filter((n) => n >= this.#first && n < this.#next)
      .sort((a, b) => a - b);
    const { flushed } = this.counts();
    const different = new Set(numbers).size;
    if (numbers.length === flushed + recovered && different === numbers.length) return numbers;
    const known = `${flushed} flushed and ${recovered} recovered`;
    throw new Error(`${numbers.length} rows in files, ${different} of them different, but ${known}`);
  }

  /** Throws unless all that was observed is in files, and no file is open. */
  checkAllPublished(): void {
    assertEquals(this.published().length, this.given);
    assertEquals(this.runtime.files.openHandles, 0);
  }
}

/**
 * The numbers in a published file; throws if there is anything but whole rows of recorders. (A file
 * that is appended to may be empty.)
 */
function numbersIn(disk: MemoryDisk, path: string): number[] {
  const text = disk.text(path);
  const numbers: number[] = [];
  for (let at = text.startsWith(HEADER) ? HEADER.length : 0; at < text.length; at = ROW.lastIndex) {
    ROW.lastIndex = at;
    const [, number] = ROW.exec(text) ?? [];
    if (at === 0 || number === undefined) {
      throw new Error(`${path} has no whole row at ${at}: ${JSON.stringify(text.slice(at, at + 80))}`);
    }
    numbers.push(Number(number));
  }
  return numbers;
}
