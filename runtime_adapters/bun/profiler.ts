import type { CpuProfile, CpuProfiler } from "../../src/runtime.ts";
import { type ProfileRecording, profilerOf, ProfilerSession } from "../node_api/profiler.ts";
import { type NodeProcess, nodeProcess } from "../node_api/builtins.ts";
import { timers } from "../web_api/timers.ts";
import { JoinedProfile } from "./joined_profile.ts";

/**
 * Milliseconds after which the collected stacks are taken from JavaScriptCore. It keeps some 200
 * bytes for each frame of each sample, and blocks the program for 2 µs a frame when asked for the
 * profile: seconds for a minute of deep stacks, 1 or 2 ms for a quarter of a second.
 */
const SLICE_DURATION = 250;

/** Part of `process` that only Bun has; times in µs. */
interface BunProcess extends NodeProcess {
  threadCpuUsage(): { readonly user: number; readonly system: number };
}

const MICROSECONDS_PER_MILLISECOND = 1000;

/**
 * JavaScriptCore's sampling profiler. Each isolate has only one: `start` rejects while other code
 * profiles, and `stop` rejects if other code has stopped the sampling. Code that starts profiling
 * after us gets a profile that is cut short.
 *
 * Positions are already in the source as written.
 */
export function bunProfiler(): CpuProfiler {
  // Never closed, since that would stop the sampling of other code too.
  let session: ProfilerSession | undefined;
  return profilerOf((interval) => new SlicedRecording(session ??= new ProfilerSession(), interval), () => undefined);
}

/** Takes a profile slice by slice, and joins the slices. */
class SlicedRecording implements ProfileRecording {
  readonly started: Promise<void>;
  readonly #session: ProfilerSession;
  readonly #interval: number;
  readonly #joined: JoinedProfile;
  readonly #stopSlicing: () => void;
  #sliceStart = readClocks();
  #done: Promise<void> = Promise.resolve();

  constructor(session: ProfilerSession, interval: number) {
    this.#session = session;
    this.#interval = interval;
    this.#joined = new JoinedProfile(interval, this.#sliceStart.time);
    // The only sign that someone else is profiling: the interval cannot be set.
    this.started = session.start(interval).catch((error) => {
      throw new Error("another profiler is running in this isolate", { cause: error });
    });
    this.#stopSlicing = timers.every(SLICE_DURATION, () => this.#enqueue(() => this.#nextSlice()));
    this.#enqueue(() => this.started);
  }

  async stop(): Promise<CpuProfile> {
    this.#stopSlicing();
    await this.#done;
    return this.#joined.finish(await this.#endSlice());
  }

  /** Runs one step after the other until one fails; then `stop` rejects. */
  #enqueue(step: () => Promise<void>): void {
    this.#done = this.#done.then(step);
    this.#done.catch(() => this.#stopSlicing());
  }

  async #nextSlice(): Promise<void> {
    await this.#endSlice();
    this.#sliceStart = readClocks();
    await this.#session.start(this.#interval);
  }

  /** Takes the stacks collected in the current slice. Returns its end, µs. */
  async #endSlice(): Promise<number> {
    const start = this.#sliceStart;
    const end = readClocks();
    const busy = end.processorTime - start.processorTime;
    this.#joined.append({ profile: await this.#session.stop(), start: start.time, end: end.time, busy });
    return end.time;
  }
}

/** The monotonic time, and the processor time of this thread, µs. */
function readClocks(): { readonly time: number; readonly processorTime: number } {
  const { user, system } = (nodeProcess() as BunProcess).threadCpuUsage();
  return { time: Math.round(performance.now() * MICROSECONDS_PER_MILLISECOND), processorTime: user + system };
}
