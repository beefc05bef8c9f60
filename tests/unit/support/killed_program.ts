import { CsvEncoder } from "../../../src/csv/encode.ts";
import { Buckets } from "../../../src/monitor/buckets.ts";
import type { Bucket } from "../../../src/observation/bucket.ts";
import { ValueKind } from "../../../src/observation/segment.ts";
import { MonitoringDirectory } from "../../../src/storage/directory.ts";
import type { Layout } from "../../../src/storage/layout.ts";
import type { MemoryDisk } from "../../fake/memory_disk.ts";
import { FakeRuntime } from "../../fake/runtime.ts";
import { DIRECTORY } from "./files.ts";
import type { RecordedRows } from "./killed_rows.ts";

/** How a {@linkcode KilledProgram} records. */
export interface KilledOptions {
  readonly layout: Layout;
  readonly durability: "spool" | "fsync";
}

/** Bytes of a bucket: its segments are the least there can be. */
const MEMORY_THRESHOLD = 4096;

/** Rows of such a segment, at most. */
export const KILLED_ROWS = 85;

/** Labels that take quotes, and such that what is torn within them reads like rows. */
const LABELS = [
  "plain",
  'say "hi", twice',
  "1,2,x,3\r\n",
  "a\r\n1700000000000000001,5,x,1\r\n4,5,y,6\r\nb",
  "",
  "Ω😀",
] as const;

/** A program that records numbers in two buckets, as a session does, until it is killed. */
export class KilledProgram {
  readonly runtime: FakeRuntime;
  readonly buckets: Buckets;
  /** What was reported. */
  readonly errors: Error[] = [];
  readonly #rows: RecordedRows;
  readonly #buckets: readonly Bucket[];
  #next: number;

  /** Begins to record; what it records goes to `rows`. */
  constructor(disk: MemoryDisk, rows: RecordedRows, { layout, durability }: KilledOptions, pid = 42) {
    const runtime = new FakeRuntime(disk, pid);
    const { clock, timers } = runtime;
    const directory = MonitoringDirectory.create(disk, DIRECTORY, { syncs: durability === "fsync", spools: true });
    const report = (error: Error): void => void this.errors.push(error);
    this.runtime = runtime;
    this.buckets = new Buckets({
      ...{ directory, encoder: new CsvEncoder(), clock, timers, layout, report },
      ...{ flushInterval: 1_000, memoryThreshold: MEMORY_THRESHOLD, spools: true },
    }, { pid, isolate: runtime.isolateId() });
    this.#rows = rows;
    this.#next = pid * 1_000_000;
    this.#buckets = [
      this.buckets.get("duration", ValueKind.duration),
      this.buckets.get("custom", ValueKind.number),
    ];
    this.buckets.started();
  }

  /** Records `count` rows in each of both buckets. `between` is called after each row. */
  record(count: number, between: () => void = () => {}): void {
    const { clock, pid } = this.runtime;
    for (let i = 0; i < count; i++) {
      const value = this.#next++;
      const label = LABELS[value % LABELS.length]!;
      for (const bucket of this.#buckets) {
        const time = clock.time += 1_000;
        bucket.observe(label, value, time);
        const { prefix, kind } = bucket.owner;
        this.#rows.add({ prefix, kind, time, value, label, pid });
        between();
      }
    }
  }

  /** Rows that were lost so far. */
  get dropped(): number {
    return this.buckets.sum(({ counts }) => counts.dropped);
  }
}
