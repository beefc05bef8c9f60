import type { DurationRecorder } from "../../../src/recording/time_it.ts";

/** Tells which samples are running and which have ended, without a clock. */
export class Timings implements DurationRecorder {
  /** Labels of the samples that ended, in order. */
  readonly ended: string[] = [];
  /** Ids of those that have not. */
  readonly running = new Set<number>();
  /** Whether anything is recorded. */
  recording = true;
  #last = 0;

  startDurationSample(): number {
    if (!this.recording) return 0;
    this.running.add(++this.#last);
    return this.#last;
  }

  stopDurationSample(label: string, id: number): void {
    if (!this.recording) return;
    if (!this.running.delete(id)) throw new Error(`Cannot end the sample: not running: ${id}`);
    this.ended.push(label);
  }
}
