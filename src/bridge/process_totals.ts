import { isOfIsolate, NANOSECONDS_PER_SECOND, SERIES } from "../series.ts";
import { isFields } from "../small_json.ts";
import type { Metric, MetricKind } from "./metric.ts";
import { CPU_TIME, GC_COLLECTIONS, GC_FREED, LEVELS } from "./metric_kinds.ts";

/** Seconds after its last sample for which a program's levels count, unless its end is known. */
const LEVEL_LIFE = 5 * 60;

/** A counter of the runtime. */
interface Counter {
  readonly label: string;
  readonly kind: MetricKind;
  /** What distinguishes series of one family. */
  readonly mode?: string;
  /** Parts in which it is added up: the sum of whole numbers does not depend on the order of the rows. */
  readonly parts: number;
}

const COUNTERS: readonly Counter[] = [
  { label: SERIES.userTime, kind: CPU_TIME, mode: "user", parts: 1e6 },
  { label: SERIES.systemTime, kind: CPU_TIME, mode: "system", parts: 1e6 },
  { label: SERIES.gcCollections, kind: GC_COLLECTIONS, parts: 1 },
  { label: SERIES.gcCollected, kind: GC_FREED, parts: 1 },
];
const COUNTER_PARTS: ReadonlyMap<string, number> = new Map(COUNTERS.map(({ label, parts }) => [label, parts]));

/** Whether the rows of a series of the runtime are totals or levels of one process or isolate. */
export function isOfProcess(label: string): boolean {
  return COUNTER_PARTS.has(label) || LEVELS.has(label);
}

/** Who has recorded a row of the runtime. */
export interface RecordingProgram {
  /** Of the isolate: unique in the directory, as far as its rows tell. */
  readonly key: string;
  /** Of the process, which its isolates share. */
  readonly processKey: string;
}

/** The latest sample of a series: its time in ns, and its value. */
type Latest = [time: number, value: number];

/** The latest samples of what is alike: a process, or an isolate. */
type Samples = Map<string, Latest>;

/**
 * The totals of all processes, and the levels of those that live.
 *
 * A program records how much CPU time it has used since its start, and so do its workers, of the same
 * process. Only the growth between samples of one process counts, in whatever order they are read: one
 * that is not later than the last, or not more, adds nothing. One that is later and less is of another
 * process with the same PID, which has begun at 0.
 */
export class ProcessTotals {
  /** In parts. */
  readonly #totals = new Map<string, number>();
  readonly #latest = new Map<string, Samples>();
  readonly #levels = new Map<string, { processKey: string; samples: Samples }>();

  /** Adds a row; `time` is in ns since 1970. */
  add({ key, processKey }: RecordingProgram, label: string, value: number, time: number): void {
    if (!Number.isFinite(value)) return;
    const parts = COUNTER_PARTS.get(label);
    if (parts !== undefined) {
      const owner = isOfIsolate(label) ? key : processKey;
      const samples = this.#samplesOf(owner);
      const last = samples.get(label);
      const isNew = last === undefined || time > last[0] && value < last[1];
      const growth = Math.round(value * parts) - (isNew ? 0 : Math.round(last[1] * parts));
      if (growth > 0) this.#totals.set(label, (this.#totals.get(label) ?? 0) + growth);
      if (isNew || value > last[1] || time > last[0]) {
        samples.set(label, [Math.max(time, last?.[0] ?? 0), isNew ? value : Math.max(value, last[1])]);
      }
      return;
    }
    let level = this.#levels.get(key);
    if (level === undefined) this.#levels.set(key, level = { processKey, samples: new Map() });
    const last = level.samples.get(label);
    if (last === undefined || time >= last[0]) level.samples.set(label, [time, value]);
  }

  #samplesOf(owner: string): Samples {
    let samples = this.#latest.get(owner);
    if (samples === undefined) this.#latest.set(owner, samples = new Map());
    return samples;
  }

  /** A program has ended: its levels do not count any more. */
  ended(key: string): void {
    this.#levels.delete(key);
  }

  /** The keys of programs that have levels. */
  get withLevels(): Iterable<string> {
    return this.#levels.keys();
  }

  /** Forgets what no process has that is still known, and levels that are too old. `now` is in ns since 1970. */
  forget(isKnown: (key: string) => boolean, now: number): void {
    for (const key of this.#latest.keys()) if (!isKnown(key)) this.#latest.delete(key);
    for (const [key, { samples }] of this.#levels) {
      const latest = Math.max(...Array.from(samples.values(), ([time]) => time));
      if (now - latest > LEVEL_LIFE * NANOSECONDS_PER_SECOND) this.#levels.delete(key);
    }
  }

  /** As metrics. */
  metrics(): Metric[] {
    const kinds = new Set(COUNTERS.map(({ kind }) => kind));
    const counters = Array.from(kinds, (kind): Metric => ({
      ...kind,
      type: "counter",
      samples: COUNTERS.filter((counter) => counter.kind === kind && this.#totals.has(counter.label))
        .map(({ label, mode, parts }) => ({
          attributes: mode === undefined ? {} : { "cpu.mode": mode },
          value: this.#totals.get(label)! / parts,
        })),
    }));
    const levels = Array.from(LEVELS, ([label, kind]): Metric => {
      const value = this.#sum(label);
      return { ...kind, type: "gauge", samples: value === undefined ? [] : [{ attributes: {}, value }] };
    });
    return [...counters, ...levels].filter(({ samples }) => samples.length > 0);
  }

  /** The levels of a series, added up; what isolates of one process share, once. */
  #sum(label: string): number | undefined {
    const latest = new Map<string, Latest>();
    for (const [key, { processKey, samples }] of this.#levels) {
      const sample = samples.get(label);
      const owner = isOfIsolate(label) ? key : processKey;
      if (sample !== undefined && sample[0] >= (latest.get(owner)?.[0] ?? -Infinity)) latest.set(owner, sample);
    }
    if (latest.size === 0) return undefined;
    let sum = 0;
    for (const [, value] of latest.values()) sum += value;
    return sum;
  }

  /** The levels and totals of one program, as it has recorded them. */
  metricsOf(key: string): Metric[] {
    const level = this.#levels.get(key);
    const levels = Array.from(LEVELS, ([label, kind]): Metric => {
      const sample = level?.samples.get(label);
      return { ...kind, type: "gauge", samples: sample === undefined ? [] : [{ attributes: {}, value: sample[1] }] };
    });
    return levels.filter(({ samples }) => samples.length > 0);
  }

  /** As it is stored. */
  get stored(): unknown {
    const list = (samples: Samples): unknown => Array.from(samples, ([label, latest]) => [label, ...latest]);
    return {
      totals: [...this.#totals],
      latest: Array.from(this.#latest, ([key, samples]) => [key, list(samples)]),
      levels: Array.from(this.#levels, ([key, { processKey, samples }]) => [key, processKey, list(samples)]),
    };
  }

  /** Takes what was stored; `undefined` if it is none. */
  static of(value: unknown): ProcessTotals | undefined {
    if (!isFields(value)) return undefined;
    const { totals, latest, levels } = value;
    if (![totals, latest, levels].every(Array.isArray)) return undefined;
    const all = new ProcessTotals();
    try {
      for (const [label, total] of totals as [string, number][]) all.#totals.set(label, checked(total));
      for (const [key, list] of latest as [string, unknown][]) all.#latest.set(key, samplesOf(list));
      for (const [key, processKey, list] of levels as [string, string, unknown][]) {
        all.#levels.set(key, { processKey, samples: samplesOf(list) });
      }
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
    return all;
  }
}

function samplesOf(list: unknown): Samples {
  const entries = list as [string, number, number][];
  return new Map(entries.map(([label, time, value]) => [label, [checked(time), checked(value)]]));
}

function checked(value: unknown): number {
  if (typeof value !== "number") throw new TypeError("it is no number");
  return value;
}
