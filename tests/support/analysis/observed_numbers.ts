import type { RowSink } from "../../../src/analysis/live/row_source.ts";
import { createMonitor, type Monitor } from "../../../src/recording/monitor.ts";
import type { StartOptions } from "../../../src/recording/options.ts";
import type { MemoryDisk } from "../fake/memory_disk.ts";
import { FakeRuntime } from "../fake/runtime.ts";

/** Where the programs record. */
export const DIRECTORY = "/_monitoring";

/** A program that records the numbers from 1 on, and what has seen which of them. */
export class Observed {
  /** Those that were seen. */
  readonly seen: number[] = [];
  /** Sees rows. */
  readonly sink: RowSink = (_source, _label, value) => void this.seen.push(value);
  #next = 0;

  /** Records so many numbers. */
  record(monitor: Monitor, count: number): void {
    for (let i = 0; i < count; i++) monitor.observe(`label ${this.#next % 3}`, ++this.#next);
  }

  /** All numbers that there were after `first`. */
  since(first: number): number[] {
    return Array.from({ length: this.#next - first }, (_, i) => first + i + 1);
  }

  /** How many there are. */
  get recorded(): number {
    return this.#next;
  }

  /** Those that were seen, in order. */
  get sorted(): number[] {
    return this.seen.toSorted((one, other) => one - other);
  }
}

/** A process with a clock that goes on by half a millisecond with each reading. */
export function runtimeOf(disk: MemoryDisk, pid: number): FakeRuntime {
  const runtime = new FakeRuntime(disk, pid);
  runtime.clock.step = 500_000; // so that nobody has to wait long for a lock
  return runtime;
}

/** A program that records with these options. */
export function started(runtime: FakeRuntime, options: StartOptions): Monitor {
  const monitor = createMonitor(() => runtime);
  monitor.start({ monitoringDir: DIRECTORY, ...options });
  return monitor;
}
