import type {
  Clock,
  Environment,
  ExitCause,
  ExitHook,
  GcEvent,
  ProgramFacts,
  Runtime,
  Timers,
} from "../../../src/runtime.ts";
import { MemoryDisk } from "./memory_disk.ts";

/** 2023-11-14T22:13:20Z: the epoch time of the fake clock's zero, ns. */
export const EPOCH = 1_700_000_000_000_000_000n;

/** A clock that advances only when the test says so, and by `step` ns with each reading. */
export class FakeClock implements Clock {
  readonly name = "fake";
  /** ns. */
  time = 1_000;
  /** ns. */
  step = 0;
  /** Offset of the wall clock, ns. */
  offset = 0n;
  readonly now = (): number => this.time += this.step;
  readonly epoch = (): bigint => EPOCH + BigInt(this.time) + this.offset;
}

interface Timer {
  readonly task: () => void;
  readonly interval: number | undefined;
  due: number;
}

/** Timers of a {@linkcode FakeClock}. */
export class FakeTimers implements Timers {
  readonly #clock: FakeClock;
  readonly #timers = new Set<Timer>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** How many are set. */
  get count(): number {
    return this.#timers.size;
  }

  every(interval: number, task: () => void): () => void {
    return this.#add({ task, interval, due: this.#at(interval) });
  }

  after(delay: number, task: () => void): () => void {
    return this.#add({ task, interval: undefined, due: this.#at(delay) });
  }

  /** Advances the clock, and resolves at once. */
  sleep(delay: number): Promise<void> {
    this.advance(delay);
    return Promise.resolve();
  }

  /** Advances the clock by `ms`, and runs the tasks that are due. */
  advance(ms: number): void {
    const end = this.#at(ms);
    for (;;) {
      const [next] = [...this.#timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (next === undefined) break;
      this.#clock.time = Math.max(this.#clock.time, next.due);
      if (next.interval === undefined) this.#timers.delete(next);
      else next.due += next.interval * 1e6;
      next.task();
    }
    this.#clock.time = Math.max(this.#clock.time, end);
  }

  #at(ms: number): number {
    return this.#clock.time + ms * 1e6;
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }
}

/** A runtime whose time, disk and exit the test controls. */
export class FakeRuntime implements Runtime {
  readonly name = "fake";
  readonly version = "1";
  readonly pid: number;
  readonly clock = new FakeClock();
  readonly timers = new FakeTimers(this.clock);
  readonly files: MemoryDisk;
  readonly unavailable: Runtime["unavailable"];
  /** Environment variables; those that are `undefined` may not be read. */
  variables: Readonly<Record<string, string | undefined>> = {};
  mayListVariables = true;
  readonly environment: Environment = {
    get: (name) => this.variables[name],
    denied: (name) => name in this.variables && this.variables[name] === undefined ? "needs a permission" : undefined,
    names: () => this.mayListVariables ? Object.keys(this.variables) : undefined,
  };
  /** Collections that happened since the last drain. */
  collections: GcEvent[] = [];
  readonly memory = {
    rss: () => 1000,
    heap: () => ({ used: 10, total: 20, external: 5 }),
  };
  readonly resources = { cpuTime: () => ({ user: 1.5, system: 0.5 }) };
  readonly gc = {
    start: () => {},
    drain: () => this.collections.splice(0),
    stop: () => {},
  };
  servers: Runtime["servers"] = [];
  applications: Runtime["applications"] = [];
  clients: Runtime["clients"] = [];
  workers: Runtime["workers"] = [];
  readonly hooks = new Set<ExitHook>();
  readonly exitHooks = {
    add: (hook: ExitHook) => {
      this.hooks.add(hook);
      return () => void this.hooks.delete(hook);
    },
  };
  #isolates = 0;

  /** A process with a separate disk, or one that it shares with others. */
  constructor(files: MemoryDisk = new MemoryDisk(), pid = 4242) {
    this.files = files;
    this.pid = pid;
    this.unavailable = {
      profiler: "there is none",
      threads: "there are none",
      ...files.locks ? {} : { locks: "there is no flock" },
      ...files.map ? {} : { spool: "there is no mapping" },
    };
  }

  isolateId(): string {
    return (++this.#isolates).toString(16).padStart(8, "0");
  }

  /** What the program is said to be. */
  facts: ProgramFacts = { kind: "main", script: "app.ts", host: "host", timeZone: "UTC" };

  readonly programFacts = (): ProgramFacts => this.facts;

  /** The program ends, or, unless this is the `last` that runs of it, seems to. */
  end(last = true, cause: ExitCause | undefined = last ? { how: "exit", exitCode: 0 } : undefined): void {
    for (const hook of [...this.hooks]) hook(last, cause);
  }

  /** The texts of the published files whose names begin with `channel`, in order of their names. */
  csvs(channel: string, directory = "/_monitoring"): string[] {
    return this.files.paths()
      .filter((path) => path.startsWith(`${directory}/${channel}.`) && path.endsWith(".csv"))
      .map((path) => this.files.text(path));
  }
}
