import type { RequestAnswer } from "../control/answer_file.ts";
import type { ProfileKind } from "../control/control_file.ts";
import { KymoError, reason } from "../errors.ts";
import { publishFile } from "../files/atomic_file.ts";
import type { MonitoringDirectory } from "../files/directory.ts";
import { fileNameOf, heapProfileFileName, type ProcessId, profileFileName } from "../files/names.ts";
import { ProfileRecorder } from "../profiling/profile_recorder.ts";
import type { Runtime } from "../runtime.ts";

/** Bytes allocated between two samples of a heap profile, on average: V8's own default. */
const HEAP_SAMPLING_INTERVAL = 32_768;

/** ms of a profile of which the request says no duration. */
const DEFAULT_DURATION = 30_000;

/** What {@linkcode Profiles} need. */
export interface ProfilesDeps {
  readonly runtime: Pick<Runtime, "profiler" | "heapProfiler" | "timers" | "clock" | "unavailable">;
  readonly directory: MonitoringDirectory;
  readonly owner: ProcessId;
  /** Called with each failure of the profile that goes on all the time. Must not throw. */
  readonly report: (error: KymoError) => void;
}

/** What became of a profile on demand. */
type Outcome = Omit<RequestAnswer, "id">;

/**
 * The profiles of a recording: the one that goes on all the time, if the program wants it, and those
 * on demand. There is one CPU profiler, so that there is no CPU profile on demand while it is used.
 */
export class Profiles {
  readonly #deps: ProfilesDeps;
  #continuous: ProfileRecorder | undefined;
  /** The kinds that are being taken on demand, each with what ends it early. */
  readonly #onDemand = new Map<ProfileKind, () => void>();
  #ending: Promise<unknown> = Promise.resolve();
  #parts = 0;

  /** Takes nothing yet. */
  constructor(deps: ProfilesDeps) {
    this.#deps = deps;
  }

  /** Begins the CPU profile that goes on until {@linkcode Profiles.pause}. */
  begin(): void {
    if (this.#continuous !== undefined) return;
    const { profiler, unavailable } = this.#deps.runtime;
    const { report } = this.#deps;
    if (profiler === undefined) {
      const why = unavailable.profiler ?? "the runtime has no profiler";
      return report(new KymoError("unsupported", `Cannot take a CPU profile: ${why}`));
    }
    this.#continuous = this.#recorder(profiler, report);
    this.#continuous.start();
  }

  /** Ends the CPU profile that {@linkcode Profiles.begin} began. */
  pause(): void {
    this.#ending = Promise.all([this.#ending, this.#continuous?.finish()]);
    this.#continuous = undefined;
  }

  /** Takes a profile for some ms. Never rejects. */
  async take(kind: ProfileKind, duration: number): Promise<Outcome> {
    const refused = this.#whyNot(kind);
    if (refused !== undefined) return { state: "refused", reason: refused };
    const time = duration || DEFAULT_DURATION;
    const taking = kind === "cpu-profile" ? this.#takeCpuProfile(time) : this.#takeHeapProfile(time);
    this.#ending = Promise.all([this.#ending, taking]);
    try {
      return { state: "done", files: await taking };
    } catch (error) {
      return { state: "failed", reason: reason(error) };
    } finally {
      this.#onDemand.delete(kind);
    }
  }

  /** Ends all profiles, and publishes them. Never rejects. */
  async end(): Promise<void> {
    this.pause();
    for (const end of this.#onDemand.values()) end();
    await this.#ending.catch(() => {}); // told to who asked
  }

  #whyNot(kind: ProfileKind): string | undefined {
    const { profiler, heapProfiler, unavailable } = this.#deps.runtime;
    if (this.#onDemand.has(kind)) return "one is being taken already";
    if (kind === "heap-profile") {
      return heapProfiler === undefined ? unavailable["profiler.heap"] ?? "the runtime takes none" : undefined;
    }
    if (profiler === undefined) return unavailable.profiler ?? "the runtime has no profiler";
    return this.#continuous === undefined
      ? undefined
      : "the program takes a CPU profile all the time, as it was started";
  }

  async #takeCpuProfile(duration: number): Promise<string[]> {
    const files: string[] = [];
    let failure: KymoError | undefined;
    const recorder = this.#recorder(
      this.#deps.runtime.profiler!,
      (error) => failure ??= error,
      (path) => files.push(path),
    );
    recorder.start();
    await this.#pass("cpu-profile", duration);
    await recorder.finish();
    if (failure !== undefined) throw failure;
    return files.map(fileNameOf);
  }

  async #takeHeapProfile(duration: number): Promise<string[]> {
    const { runtime: { heapProfiler }, directory, owner } = this.#deps;
    await heapProfiler!.start(HEAP_SAMPLING_INTERVAL);
    await this.#pass("heap-profile", duration);
    const profile = new TextEncoder().encode(JSON.stringify(await heapProfiler!.stop()));
    const part = ++this.#parts;
    return [fileNameOf(publishFile(directory, (number) => heapProfileFileName(owner, part, number), profile))];
  }

  /** Resolves after some ms, or at {@linkcode Profiles.end}. */
  #pass(kind: ProfileKind, duration: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#deps.runtime.timers.after(duration, resolve);
      this.#onDemand.set(kind, () => {
        cancel();
        resolve();
      });
    });
  }

  #recorder(
    profiler: NonNullable<Runtime["profiler"]>,
    report: (error: KymoError) => void,
    published: (path: string) => void = () => {},
  ): ProfileRecorder {
    const { runtime: { timers, clock }, directory, owner } = this.#deps;
    const publish = (file: Uint8Array): void => {
      const part = ++this.#parts;
      published(publishFile(directory, (number) => profileFileName(owner, part, number), file));
    };
    return new ProfileRecorder({ profiler, timers, clock, publish, report });
  }
}
