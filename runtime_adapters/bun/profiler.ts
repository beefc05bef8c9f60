import type { Clock, CpuProfile, CpuProfiler } from "../../src/runtime.ts";
import { type ProfileRecording, profilerOf, ProfilerSession } from "../node_api/profiler.ts";
import { nodeProcess } from "../node_api/builtins.ts";
import { isAtLeast } from "../version.ts";
import { timers } from "../web_api/timers.ts";
import { bunThreadTime } from "./clock.ts";
import { JoinedProfile } from "./joined_profile.ts";

/**
 * Milliseconds after which the collected stacks are taken from JavaScriptCore. It keeps some 200
 * bytes for each frame of each sample, and blocks the program for 2 µs a frame when asked for the
 * profile: seconds for a minute of deep stacks, 1 or 2 ms for a quarter of a second.
 */
const SLICE_DURATION = 250;

/** The version of Bun that brought the inspector. Loading it to see takes 10 ms. */
const INSPECTOR_SINCE = "1.3.7";

const NANOSECONDS_PER_MICROSECOND = 1000;

/**
 * JavaScriptCore's sampling profiler. Each isolate has only one: `start` rejects while other code
 * profiles, and `stop` rejects if other code has stopped the sampling. Code that starts profiling
 * after us gets a profile that is cut short.
 *
 * Positions are already in the source as written.
 *
 * @param clock Times the slices.
 * @returns the profiler, or the reason why there is none.
 */
export function bunProfiler({ now }: Pick<Clock, "now">): CpuProfiler | string {
  if (!isAtLeast(nodeProcess().versions["bun"] ?? "", INSPECTOR_SINCE)) return `needs Bun ${INSPECTOR_SINCE}`;
  const threadTime = bunThreadTime();
  if (typeof threadTime === "string") return threadTime;
  // Never closed, since that would stop the sampling of other code too.
  let session: ProfilerSession | undefined;
  const readClocks = (): Clocks => ({
    time: Math.round(now() / NANOSECONDS_PER_MICROSECOND),
    processorTime: threadTime(),
  });
  const record = (interval: number): ProfileRecording =>
    new SlicedRecording(session ??= new ProfilerSession(), interval, readClocks);
  return profilerOf(record, () => undefined);
}

/** Takes a profile slice by slice, and joins the slices. */
class SlicedRecording implements ProfileRecording {
  readonly started: Promise<void>;
  readonly #session: ProfilerSession;
  readonly #interval: number;
  readonly #readClocks: () => Clocks;
  readonly #joined: JoinedProfile;
  readonly #stopSlicing: () => void;
  #sliceStart: Clocks;
  #done: Promise<void> = Promise.resolve();

  constructor(session: ProfilerSession, interval: number, readClocks: () => Clocks) {
    this.#session = session;
    this.#interval = interval;
    this.#readClocks = readClocks;
    this.#sliceStart = this.#readClocks();
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
    this.#sliceStart = this.#readClocks();
    await this.#session.start(this.#interval);
  }

  /** Takes the stacks collected in the current slice. Returns its end, µs. */
  async #endSlice(): Promise<number> {
    const start = this.#sliceStart;
    const end = this.#readClocks();
    const busy = end.processorTime - start.processorTime;
    this.#joined.append({ profile: await this.#session.stop(), start: start.time, end: end.time, busy });
    return end.time;
  }
}

/** The monotonic time, and the processor time of this thread, µs. */
interface Clocks {
  readonly time: number;
  readonly processorTime: number;
}
