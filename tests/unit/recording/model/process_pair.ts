import { CsvEncoder } from "../../../../src/csv/encode.ts";
import { MonitoringDirectory } from "../../../../src/files/directory.ts";
import { Recovery, type RecoverySummary } from "../../../../src/files/recovery.ts";
import type { DiskOptions } from "../../../support/fake/memory_disk.ts";
import type { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";
import { DIRECTORY, temporaryPaths } from "../../../support/fake/published_files.ts";
import { LATER } from "../../../support/spools/recover_all.ts";
import { channelOf, isTorn, publishedValues } from "./published_rows.ts";
import { TroubledDisk } from "./troubled_disk.ts";
import { COMMON, mustBe, type Target, WatchedMonitor } from "./watched_monitor.ts";

/**
 * How long an attempt to lock a file takes while another program holds the lock, ns: who waits for
 * it must see time pass.
 */
const LOCK_ATTEMPT = 30_000_000;

/** The longest pause between two attempts, ms. */
const LONGEST_RETRY = 5_000;

const DEFAULT_INTERVAL = 60_000;

const TARGETS: readonly Target[] = ["custom", "mine", "other"];

/** Two processes on one disk, the first with two monitors, and all the values they were given. */
export class ProcessPair {
  readonly troubled: TroubledDisk;
  readonly processes: readonly FakeRuntime[];
  readonly monitors: readonly WatchedMonitor[];
  readonly #channels: string[] = [];
  readonly #durations = new Set<number>();
  readonly #problems: unknown[] = [];
  #everFaulty = false;
  #recovered = 0;

  constructor(options: DiskOptions) {
    this.troubled = new TroubledDisk(options);
    const { disk } = this.troubled;
    this.processes = [new FakeRuntime(disk, 1), new FakeRuntime(disk, 22)];
    this.monitors = [0, 0, 1].map((process) => this.#monitor(this.processes[process]!));
    this.troubled.whenLocked = () => {
      for (const { clock } of this.processes) clock.time += LOCK_ATTEMPT;
    };
    this.troubled.whenEndless = () => void this.#problems.push(new Error("It does not end"));
    this.troubled.whenFault = () => {
      this.#everFaulty = true;
      for (const monitor of this.monitors) monitor.meetsFault();
    };
  }

  /** Time goes on: no two things happen in the same nanosecond. */
  tick(): void {
    this.troubled.tick();
    for (const { clock } of this.processes) clock.time += 1_000;
  }

  /** Lets `ms` pass. */
  advance(ms: number): void {
    for (const { timers } of this.processes) timers.advance(ms);
  }

  /** Somebody sets the clock, by so many ns. */
  setClock(by: bigint): void {
    for (const { clock } of this.processes) clock.offset += by;
  }

  /** Ends a process as far as the monitor can see; after its `last` hook, rows go to heap memory. */
  end(process: number, last: boolean): void {
    const runtime = this.processes[process]!;
    const isHealthy = this.troubled.isHealthy;
    runtime.end(last);
    for (const monitor of this.monitors) if (last && monitor.runtime === runtime) monitor.losesSpools();
    if (!isHealthy || !this.troubled.isHealthy) return;
    for (const monitor of this.monitors) {
      const { isRecording, recording, status } = monitor;
      // A handler of errors may observe while the last rows are written.
      if (monitor.runtime !== runtime || !isRecording || recording?.onError === "observe") continue;
      mustBe("buffered at the end", status.buffered, 0);
    }
  }

  /**
   * Asserts what a kill of every process would leave: after recovery, a copy of the disk has all
   * rows that survive a kill.
   */
  kill(): void {
    const kept = sumOf(this.monitors.map((monitor) => monitor.kept));
    const published = publishedValues(this.troubled.disk);
    const disk = this.troubled.disk.clone();
    disk.capacity = Infinity;
    disk.writeLimit = Infinity;
    if (!this.troubled.isHealthy) return; // nobody can recover there now
    const { failures, damaged } = recover(disk);
    if (this.#everFaulty) return this.#guard(() => this.#checkValues(publishedValues(disk)));
    const survives = this.monitors.every((monitor) => monitor.survives || monitor.isIdle);
    this.#guard(() => {
      mustBe("failures of the recovery", failures.join(), "");
      mustBe("damaged rows", damaged, 0);
      const values = publishedValues(disk);
      this.#checkValues(values);
      for (const channel of new Set([...kept.keys(), ...published.keys()])) {
        const least = Math.max(kept.get(channel) ?? 0, published.get(channel)?.length ?? 0);
        const count = values.get(channel)?.length ?? 0;
        if (count < least) throw new Error(`${count} rows of ${channel} after a kill, should be ${least} at least`);
      }
      if (!survives) return;
      mustBe("torn files after a kill", tornPaths(disk).join(), "");
      mustBe("unfinished files after a kill", temporaryPaths(disk).filter((path) => path.includes(".csv")).join(), "");
    });
  }

  /** Throws unless all is as it must be at any moment. */
  check(): void {
    if (this.#problems.length > 0) throw this.#problems[0];
    for (const monitor of this.monitors) monitor.check();
    this.#checkRows();
    const channels = this.monitors.reduce((sum, { status }) => sum + Object.keys(status.channels).length, 0);
    if (this.troubled.disk.openHandles > channels) throw new Error("More files are open than there are channels");
    if (this.troubled.disk.mappings > 2 * channels) {
      throw new Error("More memory is mapped than two buffers per channel");
    }
  }

  /**
   * Ends all faults, stops all monitors and recovers. Asserts that all rows are in files, and that
   * no file, timer or hook is left over.
   */
  async finish(): Promise<void> {
    this.troubled.heal();
    // A flush that pauses between attempts goes on in a microtask, which advancing the clock does
    // not run.
    for (const monitor of this.monitors) await monitor.flushEnded;
    this.#checkResumption();
    await this.#stopAll();
    this.#recoverAll();
    if (!this.#everFaulty) mustBe("unfinished files", temporaryPaths(this.troubled.disk).join(), "");
    await this.#mendTornFiles();
    this.check();
    const { disk } = this.troubled;
    mustBe("torn files", tornPaths(disk).join(), "");
    const { openHandles, mappings } = disk;
    const [timers, hooks] = [
      this.processes.map(({ timers }) => timers.count),
      this.processes.map(({ hooks }) => hooks.size),
    ];
    mustBe("what is held", [openHandles, mappings, ...timers, ...hooks].join(), "0,0,0,0,0,0");
  }

  /** Within two intervals after the disk works again, what was buffered is out. */
  #checkResumption(): void {
    this.tick();
    const flushed = this.monitors.filter(({ isRecording, recording }) => {
      const { flushInterval = DEFAULT_INTERVAL, withRuntime = false } = recording?.options ?? {};
      const observesItself = withRuntime || recording?.sampler !== "none" || recording.onError === "observe";
      return isRecording && flushInterval > 0 && !observesItself;
    });
    const intervals = flushed.map(({ recording }) => recording?.options.flushInterval ?? DEFAULT_INTERVAL);
    this.advance(2 * Math.max(LONGEST_RETRY, ...intervals));
    for (const { isRecording, status } of flushed) {
      if (isRecording) mustBe("buffered after two intervals", status.buffered, 0);
    }
  }

  async #stopAll(): Promise<void> {
    for (const monitor of this.monitors) await monitor.stop();
    this.check();
  }

  /** What recordings that could not write have left in spools comes out. */
  #recoverAll(): void {
    const { rows, damaged, alive, failures } = recover(this.troubled.disk);
    this.#recovered += rows;
    mustBe("of spools, damaged rows, living owners, failures", [damaged, alive, failures.length].join(), "0,0,0");
    this.check();
    const left = this.monitors.reduce((sum, monitor) => sum + monitor.left, 0);
    const recovered = this.#allRecovered();
    if (!this.troubled.tookSpools && recovered < left) throw new Error(`${recovered} rows were recovered, not ${left}`);
    const spools = this.troubled.disk.paths().filter((path) => path.startsWith(`${DIRECTORY}/.spools`));
    mustBe("spools", spools.join(), "");
  }

  #allRecovered(): number {
    return this.monitors.reduce((sum, { recovered }) => sum + recovered, this.#recovered);
  }

  /** Whoever appends next cuts a torn row that a failing disk left. */
  async #mendTornFiles(): Promise<void> {
    const { disk } = this.troubled;
    if (tornPaths(disk).length === 0) return;
    const [monitor] = this.monitors;
    const options = { ...COMMON, layout: "append", withRuntime: true } as const;
    monitor?.start({ options, onError: "nothing", sampler: "observe" }, true);
    for (const target of TARGETS) monitor?.observe(target, 1, 0);
    monitor?.startSample();
    this.tick();
    monitor?.stopSample(0);
    await this.#stopAll();
  }

  /** Asserts that files have the rows counted as flushed or recovered, wherever they are, once. */
  #checkRows(): void {
    const flushed = sumOf(this.monitors.map((monitor) => monitor.flushed));
    const published = publishedValues(this.troubled.disk);
    let more = this.#allRecovered();
    for (const channel of new Set([...flushed.keys(), ...published.keys()])) {
      const [rows, least] = [published.get(channel)?.length ?? 0, flushed.get(channel) ?? 0];
      if (rows < least || more === 0) mustBe(`rows in files of ${channel}`, rows, least);
      more -= rows - least;
    }
    mustBe("recovered rows that are not in files", more, 0);
    this.#checkValues(published);
  }

  /** No row is in files twice, and each is where it belongs. */
  #checkValues(published: ReadonlyMap<string, readonly number[]>): void {
    for (const [channel, values] of published) {
      if (channel === "runtime") continue; // the values are not ours
      mustBe(`different rows in files of ${channel}`, new Set(values).size, values.length);
      const isOurs = (value: number): boolean =>
        channel === "duration" ? this.#durations.has(Math.round(value * 1e9)) : this.#channels[value] === channel;
      mustBe(`rows of others in files of ${channel}`, values.find((value) => !isOurs(value)), undefined);
    }
  }

  /** For what must not throw into the monitor. */
  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#problems.push(error);
    }
  }

  #monitor(runtime: FakeRuntime): WatchedMonitor {
    const values = {
      next: (channel: string) => this.#channels.push(channel) - 1,
      isNewDuration: (duration: number) => this.#durations.size < this.#durations.add(duration).size,
    };
    return new WatchedMonitor(runtime, values, (problem) => void this.#problems.push(problem));
  }
}

/** Publishes what dead programs left. */
function recover(disk: MemoryDisk): RecoverySummary {
  const recovery = new Recovery({
    directory: new MonitoringDirectory(disk, DIRECTORY),
    encoder: new CsvEncoder(),
    clock: LATER,
  });
  for (const _ of recovery.run());
  return recovery.summary;
}

function tornPaths(disk: MemoryDisk): string[] {
  return disk.paths().filter((path) => channelOf(path) !== undefined && isTorn(disk, path));
}

function sumOf(maps: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const map of maps) for (const [key, value] of map) sums.set(key, (sums.get(key) ?? 0) + value);
  return sums;
}
