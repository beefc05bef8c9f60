import type { CpuProfile, CpuProfiler } from "../../src/runtime.ts";
import { type ProfileRecording, profilerOf, ProfilerSession } from "../node_api/profiler.ts";
import { type NodeProcess, nodeProcess } from "../node_api/builtins.ts";
import { timers } from "../web_api/timers.ts";
import { JoinedProfile } from "./joined_profile.ts";

/**
 * How long JavaScriptCore may collect stacks before they are taken from it, ms. It keeps some 200 bytes for each frame of each sample, and
 * needs 2 µs for each when asked for the profile, in which time nothing else runs: a minute of deep stacks would stall the program for
 * seconds, a quarter of a second of them for a ms or two.
 */
const SLICE_DURATION = 250;

/** What is used of `process` and stands in Bun's alone, µs. */
interface BunProcess extends NodeProcess {
  threadCpuUsage(): { readonly user: number; readonly system: number };
}

const MICROSECONDS_PER_MILLISECOND = 1000;

/**
 * JavaScriptCore's sampling profiler. There is one for each isolate: `start` rejects while somebody else profiles, and `stop` if somebody
 * else has ended the sampling; who begins to profile meanwhile gets a profile that is cut short.
 *
 * Positions are those of the source as written; Bun has mapped them.
 */
export function bunProfiler(): CpuProfiler {
  // Never closed, since that would end the sampling of others.
  let session: ProfilerSession | undefined;
  return profilerOf((interval) => new SlicedRecording(session ??= new ProfilerSession(), interval), () => undefined);
}

/** Takes a profile slice by slice, and joins them. */
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
    // Others who profile are noticed by this alone: while they do, the interval may not be set.
    this.started = session.start(interval).catch((error) => {
      throw new Error("somebody else is profiling this isolate", { cause: error });
    });
    this.#stopSlicing = timers.every(SLICE_DURATION, () => this.#then(() => this.#nextSlice()));
    this.#then(() => this.started);
  }

  async stop(): Promise<CpuProfile> {
    this.#stopSlicing();
    await this.#done;
    return this.#joined.finish(await this.#endSlice());
  }

  /** Does one thing after the other until one fails, which `stop` tells of. */
  #then(step: () => Promise<void>): void {
    this.#done = this.#done.then(step);
    this.#done.catch(() => this.#stopSlicing());
  }

  async #nextSlice(): Promise<void> {
    await this.#endSlice();
    this.#sliceStart = readClocks();
    await this.#session.start(this.#interval);
  }

  /** Takes the stacks collected since the slice began, and returns when it ended. */
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
