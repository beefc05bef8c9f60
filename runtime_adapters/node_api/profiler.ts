import type { CpuProfile, CpuProfiler, HeapProfiler } from "../../src/runtime.ts";
import { builtin } from "./builtins.ts";

/** `inspector.Session` of Node's API. */
interface Session {
  connect(): void;
  disconnect(): void;
  post(method: string, params: object | undefined, answer: (error: Error | null, result?: unknown) => void): void;
}

/**
 * A session with this isolate's inspector. A command takes effect before its method returns; only
 * the reply is asynchronous.
 */
class InspectorSession {
  readonly #session: Session;

  /** Connects to the inspector. */
  constructor() {
    const { Session } = builtin<{ Session: new () => Session }>("node:inspector");
    this.#session = new Session();
    this.#session.connect();
  }

  /** Sends a command. Rejects if the inspector refuses. */
  post(method: string, params?: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#session.post(method, params, (error, result) => error === null ? resolve(result) : reject(error));
    });
  }

  /** Disconnects. */
  close(): void {
    this.#session.disconnect();
  }
}

/** The `Profiler` domain of this isolate's inspector. */
export class ProfilerSession {
  readonly #session = new InspectorSession();

  /** Starts sampling every `interval` µs. Rejects if the inspector refuses. */
  async start(interval: number): Promise<void> {
    await Promise.all([
      this.#session.post("Profiler.enable"),
      this.#session.post("Profiler.setSamplingInterval", { interval }),
      this.#session.post("Profiler.start"),
    ]);
  }

  /** Stops sampling. Rejects if it was not started. */
  async stop(): Promise<CpuProfile> {
    const { profile } = await this.#session.post("Profiler.stop") as { readonly profile: CpuProfile };
    return profile;
  }

  /** Disconnects, which stops the sampling of this session; on Bun, of all sessions. */
  close(): void {
    this.#session.close();
  }
}

/** Collects V8's garbage, soon. Does nothing if the inspector refuses. */
export function collectByInspector(): void {
  try {
    const session = new InspectorSession();
    session.post("HeapProfiler.collectGarbage").catch(() => {}).finally(() => session.close());
  } catch {
    // There is no inspector.
  }
}

/** V8's sampling profiler of allocations, in a session of its own while it runs. */
export function heapProfilerOfV8(): HeapProfiler {
  let current: InspectorSession | undefined;
  return {
    async start(samplingInterval: number): Promise<void> {
      if (current !== undefined) throw new Error("the heap profiler is already started");
      const session = current = new InspectorSession();
      try {
        await session.post("HeapProfiler.enable");
        await session.post("HeapProfiler.startSampling", { samplingInterval });
      } catch (error) {
        current = undefined;
        session.close();
        throw error;
      }
    },
    async stop(): Promise<object> {
      const session = current;
      if (session === undefined) throw new Error("the heap profiler is not started");
      current = undefined;
      try {
        const { profile } = await session.post("HeapProfiler.stopSampling") as { readonly profile: object };
        return profile;
      } finally {
        session.close();
      }
    },
  };
}

/** A profile in progress. */
export interface ProfileRecording {
  /** Resolves once sampling has started. Rejects if the inspector refuses. */
  readonly started: Promise<void>;
  /** Stops sampling and returns the profile. Rejects if the profile is lost. */
  stop(): Promise<CpuProfile>;
}

/**
 * Starts a profile in a session of its own, so that no session is open when nothing is profiled. For
 * V8, whose sessions do not disturb each other.
 */
export function recordInOwnSession(interval: number): ProfileRecording {
  const session = new ProfilerSession();
  const started = session.start(interval);
  started.catch(() => session.close());
  return {
    started,
    async stop(): Promise<CpuProfile> {
      try {
        return await session.stop();
      } finally {
        session.close();
      }
    },
  };
}

/**
 * The profiler of an isolate, which takes one profile at a time.
 *
 * @param record Starts a profile, synchronously, with a sample every `interval` µs.
 */
export function profilerOf(
  record: (interval: number) => ProfileRecording,
  sourcePosition: CpuProfiler["sourcePosition"],
): CpuProfiler {
  let current: ProfileRecording | undefined;
  return {
    async start(interval: number): Promise<void> {
      if (current !== undefined) throw new Error("the profiler is already started");
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
    sourcePosition,
  };
}
