import { NO_LIMITS } from "../../../src/control/retention/room.ts";
import { CsvEncoder } from "../../../src/csv/encode.ts";
import { Channels } from "../../../src/recording/channels.ts";
import type { DoubleBuffer } from "../../../src/recording/buffers/double_buffer.ts";
import { ValueKind } from "../../../src/series.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import type { Layout } from "../../../src/files/names.ts";
import type { MemoryDisk } from "../fake/memory_disk.ts";
import { FakeRuntime } from "../fake/runtime.ts";
import { DIRECTORY } from "../fake/published_files.ts";
import type { RecordedRows } from "./recorded_rows.ts";

/** How a {@linkcode KilledProgram} records. */
export interface KilledOptions {
  readonly layout: Layout;
  readonly durability: "spool" | "fsync";
}

/** Bytes of the buffers of a channel; its segments have the minimum size. */
const MEMORY_THRESHOLD = 4096;

/** Most rows of a segment. */
export const KILLED_ROWS = 85;

/** Labels that need quotes, some of which read like rows if they are torn. */
const LABELS = [
  "plain",
  'say "hi", twice',
  "1,2,x,3\r\n",
  "a\r\n1700000000000000001,5,x,1\r\n4,5,y,6\r\nb",
  "",
  "Ω😀",
] as const;

/** A program that records numbers in two channels, as a session does, until it is killed. */
export class KilledProgram {
  readonly runtime: FakeRuntime;
  readonly channels: Channels;
  /** Reported errors. */
  readonly errors: Error[] = [];
  readonly #rows: RecordedRows;
  readonly #buffers: readonly { readonly channel: string; readonly kind: ValueKind; readonly buffer: DoubleBuffer }[];
  #next: number;

  /** Starts to record. All rows that it records are added to `rows`. */
  constructor(disk: MemoryDisk, rows: RecordedRows, { layout, durability }: KilledOptions, pid = 42) {
    const runtime = new FakeRuntime(disk, pid);
    const { clock, timers } = runtime;
    const directory = MonitoringDirectory.create(disk, DIRECTORY, { syncs: durability === "fsync", spools: true });
    const report = (error: Error): void => void this.errors.push(error);
    this.runtime = runtime;
    this.channels = new Channels(
      {
        ...{ directory, encoder: new CsvEncoder(), clock, timers, layout, report, room: NO_LIMITS },
        ...{ flushInterval: 1_000, memoryThreshold: MEMORY_THRESHOLD, spools: true },
      },
      { pid, isolate: runtime.isolateId() },
      { strict: true },
    );
    this.#rows = rows;
    this.#next = pid * 1_000_000;
    this.#buffers = [
      { channel: "duration", kind: ValueKind.duration, buffer: this.channels.get("duration") },
      { channel: "custom", kind: ValueKind.number, buffer: this.channels.get("custom") },
    ];
    this.channels.begin();
  }

  /** Records `count` rows in each channel. `between` is called after each row. */
  record(count: number, between: () => void = () => {}): void {
    const { clock, pid } = this.runtime;
    for (let i = 0; i < count; i++) {
      const value = this.#next++;
      const label = LABELS[value % LABELS.length]!;
      for (const { channel, kind, buffer } of this.#buffers) {
        const time = clock.time += 1_000;
        buffer.add(label, value, time);
        this.#rows.add({ channel, kind, time, value, label, pid });
        between();
      }
    }
  }

  /** Dropped rows. */
  get dropped(): number {
    return this.channels.sum(({ counts }) => counts.dropped);
  }
}
