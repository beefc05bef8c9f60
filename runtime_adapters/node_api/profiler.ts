import type { CpuProfile, CpuProfiler } from "../../src/runtime.ts";
import { builtin } from "./builtins.ts";

/** `inspector.Session` of Node's API. */
interface Session {
  connect(): void;
  disconnect(): void;
  post(method: string, params: object | undefined, answer: (error: Error | null, result?: unknown) => void): void;
}

/**
 * The `Profiler` domain of the inspector of this isolate. Each command is carried out before its method returns; only the answer comes later.
 */
export class ProfilerSession {
  readonly #session: Session;

  /** Opens a session with the inspector. */
  constructor() {
    const { Session } = builtin<{ Session: new () => Session }>("node:inspector");
    this.#session = new Session();
    this.#session.connect();
  }

  /** Begins to sample every `interval` µs; rejects if the inspector refuses. */
  async start(interval: number): Promise<void> {
    await Promise.all([
      this.#post("Profiler.enable"),
      this.#post("Profiler.setSamplingInterval", { interval }),
      this.#post("Profiler.start"),
    ]);
  }

  /** Ends sampling; rejects if none is under way. */
  async stop(): Promise<CpuProfile> {
    const { profile } = await this.#post("Profiler.stop") as { readonly profile: CpuProfile };
    return profile;
  }

  /** Closes the session, which ends its sampling; on Bun it ends everybody's. */
  close(): void {
    this.#session.disconnect();
  }

  #post(method: string, params?: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#session.post(method, params, (error, result) => error === null ? resolve(result) : reject(error));
    });
  }
}

/** A profile that is being taken. */
export interface ProfileRecording {
  /** Resolves once the inspector has agreed; rejects if it refuses. */
  readonly started: Promise<void>;
  /** Ends it; rejects if the profile is lost. */
  stop(): Promise<CpuProfile>;
}

/**
 * The profiler of an isolate, which takes one profile at a time. `record` begins one before it returns, with samples every `interval` µs.
 */
export function profilerOf(
  record: (interval: number) => ProfileRecording,
  original: CpuProfiler["original"],
): CpuProfiler {
  let current: ProfileRecording | undefined;
  return {
    async start(interval: number): Promise<void> {
      if (current !== undefined) throw new Error("the profiler is started already");
      const recording = current = record(interval);
      try {
        await recording.started;
      } catch (error) {
        if (current === recording) current = undefined;
        throw error;
      }
    },
    async stop(): Promise<CpuProfile> {
      if (current === undefined) throw new Error("the profiler is not started");
      const recording = current;
      current = undefined;
      return await recording.stop();
    },
    original,
  };
}
