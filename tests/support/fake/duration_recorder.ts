import type { DurationRecorder } from "../../../src/recording/time_it.ts";

/** Keeps the labels of ended samples, and which have not ended. */
export class FakeDurationRecorder implements DurationRecorder {
  /** While `false`, nothing is recorded. */
  recording = true;
  /** Labels in the order in which samples ended. */
  readonly ended: string[] = [];
  /** Ids that were ended twice or never started. */
  readonly wrong: number[] = [];
  readonly #open = new Set<number>();
  #ids = 0;

  /** How many samples have not ended. */
  get open(): number {
    return this.#open.size;
  }

  startDurationSample(): number {
    if (!this.recording) return 0;
    this.#open.add(++this.#ids);
    return this.#ids;
  }

  stopDurationSample(label: string, id: number): void {
    if (!this.#open.delete(id)) this.wrong.push(id);
    this.ended.push(label);
  }
}
