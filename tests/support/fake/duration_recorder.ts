import type { KymoError } from "../../../src/errors.ts";
import type { DurationRecorder } from "../../../src/sampling/time_it.ts";

/** Keeps which samples are running and the labels of those that have ended, without a clock. */
export class FakeDurationRecorder implements DurationRecorder {
  /** While `false`, nothing is recorded. */
  recording = true;
  /** Labels in the order in which samples ended. */
  readonly ended: string[] = [];
  /** Ids of samples that have not ended. */
  readonly running = new Set<number>();
  /** Ids that were ended twice or never started. Ending one also throws. */
  readonly wrong: number[] = [];
  /** Labels of samples ended while nothing was recorded. */
  readonly ignored: string[] = [];
  /** Failures that were reported. */
  readonly reported: KymoError[] = [];
  readonly #flushListeners = new Set<(isEnd: boolean) => void>();
  #last = 0;

  beforeFlush(listener: (isEnd: boolean) => void): () => void {
    this.#flushListeners.add(listener);
    return () => void this.#flushListeners.delete(listener);
  }

  /** Calls those who want to know of a flush, or of the end of the recording. */
  flush(isEnd: boolean): void {
    for (const listener of this.#flushListeners) listener(isEnd);
  }

  report(error: KymoError): void {
    this.reported.push(error);
  }

  startDurationSample(): number {
    if (!this.recording) return 0;
    this.running.add(++this.#last);
    return this.#last;
  }

  stopDurationSample(label: string, id: number): void {
    if (!this.recording) {
      this.ignored.push(label);
      return;
    }
    if (!this.running.delete(id)) {
      this.wrong.push(id);
      throw new Error(`Cannot end the sample: not running: ${id}`);
    }
    this.ended.push(label);
  }
}
