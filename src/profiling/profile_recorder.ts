import { KymoError, reason } from "../errors.ts";
import type { Clock, CpuProfile, CpuProfiler, Timers } from "../runtime.ts";
import { encodeCpuProfile } from "./cpu_profile_file.ts";
import { ownModules } from "./own_modules.ts";
import { inSource } from "./source_positions.ts";

/** µs between samples: 100 samples a second, as continuous profilers usually take. */
export const SAMPLING_INTERVAL = 10_000;

/**
 * ms of one file. A profile grows with every sample, in the memory of the runtime too, so a long
 * one is taken in parts. The 60,000 samples of a part take some 3 MB of memory. In the file a
 * sample takes 9 bytes and a node of the call tree some 180, so a file has 0.6 to 1 MB.
 */
export const PART_DURATION = 600_000;

const NANOSECONDS_PER_MICROSECOND = 1000;

/** Where a profile comes from and goes to. */
export interface ProfileRecorderOptions {
  readonly profiler: CpuProfiler;
  readonly timers: Timers;
  readonly clock: Pick<Clock, "now" | "epoch">;
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
  /** When sampling was asked for, on both clocks, ns. */
  #asked = { epoch: 0n, now: 0 };
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
    const { profiler, clock } = this.#options;
    try {
      this.#asked = { epoch: clock.epoch(), now: clock.now() };
      await profiler.start(SAMPLING_INTERVAL);
      this.#sampling = true;
    } catch (error) {
      this.#report(error);
    }
  }

  async #endPart(): Promise<void> {
    if (!this.#sampling) return;
    this.#sampling = false;
    const { profiler, clock, publish } = this.#options;
    try {
      const end = clock.now();
      const profile = await profiler.stop();
      publish(encodeCpuProfile(inSource(profile, (position) => profiler.sourcePosition(position)), {
        startedAt: this.#startedAt(profile, end),
        modules: ownModules(),
      }));
    } catch (error) {
      this.#report(error);
    }
  }

  /**
   * When a profile began, ns since 1970. Its own clock is private, so it is
   * counted back from its end. (To load the inspector, when the first profile is asked for, was seen
   * to take 6 ms.)
   */
  #startedAt({ startTime, endTime }: CpuProfile, end: number): bigint {
    const sinceAsked = end - this.#asked.now - (endTime - startTime) * NANOSECONDS_PER_MICROSECOND;
    return this.#asked.epoch + BigInt(Math.max(0, Math.round(sinceAsked)));
  }

  #report(error: unknown): void {
    this.#options.report(
      new KymoError("profiler-failed", `Cannot take the CPU profile: ${reason(error)}`, { cause: error }),
    );
  }
}
