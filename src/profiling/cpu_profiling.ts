import { KymoError, reason } from "../errors.ts";
import type { CpuProfiler, Timers } from "../runtime.ts";
import { encodeCpuProfile, inSource } from "./cpu_profile.ts";

/** µs between samples: the hundred a second that profilers which run all the time usually take. */
export const SAMPLING_INTERVAL = 10_000;

/**
 * ms of one file. A profile grows with every sample, in the runtime as well, so a long one is taken in parts: 60,000 samples are some
 * 3 MB in memory and half a MB in a file.
 */
export const PART_DURATION = 600_000;

/** Where a profile comes from and goes to. */
export interface CpuProfilingOptions {
  readonly profiler: CpuProfiler;
  readonly timers: Timers;
  /** Takes the bytes of a whole `.cpuprofile` file. */
  readonly publish: (file: Uint8Array) => void;
  /** Called with a `"profiler-failed"` error when a part is missing. Must not throw. */
  readonly report: (error: KymoError) => void;
}

/** Profiles this isolate from `start` until `finish`, in files of {@linkcode PART_DURATION} each. */
export class CpuProfiling {
  readonly #options: CpuProfilingOptions;
  #stopRotating: () => void = () => {};
  #sampling = false;
  #done: Promise<void> = Promise.resolve();

  /** Nothing is profiled yet. */
  constructor(options: CpuProfilingOptions) {
    this.#options = options;
  }

  /**
   * Begins to sample, before it returns. If the runtime refuses, because somebody else is profiling, say, that is reported, and tried again
   * for the next part.
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
