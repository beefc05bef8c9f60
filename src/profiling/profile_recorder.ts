import { KymoError, reason } from "../errors.ts";
import type { CpuProfile, CpuProfiler, Timers } from "../runtime.ts";
import { inSource } from "./source_positions.ts";

/** µs between samples: 100 samples a second, as continuous profilers usually take. */
export const SAMPLING_INTERVAL = 10_000;

/**
 * ms of one file. A profile grows with every sample, in the memory of the runtime too, so a long
 * one is taken in parts. The 60,000 samples of a part take some 3 MB of memory. In the file a
 * sample takes 9 bytes and a node of the call tree some 180, so a file has 0.6 to 1 MB.
 */
export const PART_DURATION = 600_000;

/** Where a profile comes from and goes to. */
export interface ProfileRecorderOptions {
  readonly profiler: CpuProfiler;
  readonly timers: Timers;
  /** Takes the bytes of a whole `.cpuprofile` file. */
  readonly publish: (file: Uint8Array) => void;
  /** Called with a `"profiler-failed"` error when a part is missing. Must not throw. */
  readonly report: (error: KymoError) => void;
}

/**
 * Profiles this isolate from `start` until `finish`, and publishes a file each
 * {@linkcode PART_DURATION}.
 */
export class ProfileRecorder {
  readonly #options: ProfileRecorderOptions;
  #stopRotating: () => void = () => {};
  #sampling = false;
  #done: Promise<void> = Promise.resolve();

  /** Does nothing until {@linkcode ProfileRecorder.start}. */
  constructor(options: ProfileRecorderOptions) {
    this.#options = options;
  }

  /**
   * Begins to sample before it returns. If the runtime refuses, because another profiler runs, say,
   * that is reported, and the next part tries again.
   */
  start(): void {
    this.#stopRotating = this.#options.timers.every(PART_DURATION, () => {
      this.#done = this.#done.then(() => this.#endPart()).then(() => this.#beginPart());
    });
    this.#done = this.#beginPart();
  }

  /** Publishes the last part. Never rejects. */
  finish(): Promise<void> {
    this.#stopRotating();
    return this.#done = this.#done.then(() => this.#endPart());
  }

  async #beginPart(): Promise<void> {
    try {
      await this.#options.profiler.start(SAMPLING_INTERVAL);
      this.#sampling = true;
    } catch (error) {
      this.#report(error);
    }
  }

  async #endPart(): Promise<void> {
    if (!this.#sampling) return;
    this.#sampling = false;
    const { profiler, publish } = this.#options;
    try {
      const profile = await profiler.stop();
      publish(encodeCpuProfile(inSource(profile, (position) => profiler.sourcePosition(position))));
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    this.#options.report(
      new KymoError("profiler-failed", `Cannot take the CPU profile: ${reason(error)}`, { cause: error }),
    );
  }
}

/** A `.cpuprofile` file: the profile as JSON, which Chrome DevTools and speedscope open. */
export function encodeCpuProfile(profile: CpuProfile): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(profile));
}
