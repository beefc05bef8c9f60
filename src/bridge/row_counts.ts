import { parseSwitchLabel } from "../recording_switch.ts";
import { CHANNELS, NANOSECONDS_PER_MS } from "../series.ts";
import type { Fields } from "../small_json.ts";
import type { RowTaker } from "./directory_rows.ts";
import { type Attributes, type Metric, numberMetric } from "./metric.ts";
import { FOLDED, ROWS } from "./metric_kinds.ts";
import { isOfProcess, ProcessTotals } from "./process_totals.ts";
import type { KnownProgram, KnownPrograms } from "./programs.ts";
import { SeriesTotals } from "./series_totals.ts";

/** ms after its last row for which the series of a program are told, if each has its own. */
const PROGRAM_LIFE = 5 * 60_000;

/** What {@linkcode RowCounts} depends on. */
export interface RowCountsOptions {
  readonly programs: KnownPrograms;
  /** Most series; the rows of further labels count as `other`. */
  readonly maxSeries: number;
  /** Whether each program has series of its own, instead of one sum of all. */
  readonly byProcess: boolean;
}

/** The sums of one program, if each has its own. */
interface ProgramSums {
  readonly totals: SeriesTotals;
  /** When it had its last row, ns since 1970 by the clock of the bridge. */
  latest: number;
}

/** The sums of all rows: of all programs together, and if so wished of each. */
export class RowCounts {
  /** Whether something was counted since this was last set to `false`. */
  isChanged = true;
  readonly #options: RowCountsOptions;
  readonly #channels = new Map<string, number>();
  readonly #byProgram = new Map<KnownProgram, ProgramSums>();
  #totals: SeriesTotals;
  #processes = new ProcessTotals();
  #now = 0;

  constructor(options: RowCountsOptions) {
    this.#options = options;
    this.#totals = new SeriesTotals(options.maxSeries);
  }

  /** Counts a row. */
  readonly take: RowTaker = ({ channel, pid, program }, label, value, time) => {
    this.isChanged = true;
    this.#channels.set(channel, (this.#channels.get(channel) ?? 0) + 1);
    if (channel === CHANNELS.runtime) {
      if (isOfProcess(label)) {
        this.#processes.add(program ?? { key: String(pid), processKey: `${pid}@` }, label, value, time);
        return;
      }
      if (parseSwitchLabel(label) !== undefined) return;
    }
    this.#totals.add(channel, label, value, time);
    if (!this.#options.byProcess || program === undefined) return;
    const sums = this.#sumsOf(program);
    sums.totals.add(channel, label, value, time);
    sums.latest = this.#now;
  };

  #sumsOf(program: KnownProgram): ProgramSums {
    let sums = this.#byProgram.get(program);
    if (sums === undefined) {
      sums = { totals: new SeriesTotals(this.#options.maxSeries), latest: this.#now };
      this.#byProgram.set(program, sums);
    }
    return sums;
  }

  /** Begins a look, at a time in ns since 1970. */
  begin(now: number): void {
    this.#now = now;
  }

  /** Ends a look: forgets what is told of no program any more. */
  end(): void {
    const { all } = this.#options.programs;
    for (const key of this.#processes.withLevels) if (all.get(key)?.hasEnded) this.#processes.ended(key);
    const known = new Set(Array.from(all.values(), ({ processKey }) => processKey));
    this.#processes.forget((key) => all.has(key) || known.has(key) || key.endsWith("@"), this.#now);
    for (const [program, { latest }] of this.#byProgram) {
      if (this.#now - latest > PROGRAM_LIFE * NANOSECONDS_PER_MS) this.#byProgram.delete(program);
    }
  }

  /** As metrics. */
  get metrics(): Metric[] {
    return [
      ...this.#options.byProcess ? this.#metricsByProgram() : [...this.#totals.metrics(), ...this.#processes.metrics()],
      numberMetric(ROWS, Array.from(this.#channels, ([channel, rows]) => [{ channel }, rows] as const)),
      numberMetric(FOLDED, [[{}, this.#totals.folded]]),
    ];
  }

  /** The same families, with series of each program. */
  #metricsByProgram(): Metric[] {
    const families = new Map<string, Metric>();
    const add = (metric: Metric): void => {
      const known = families.get(metric.name);
      const samples = known === undefined ? metric.samples : [...known.samples, ...metric.samples];
      families.set(metric.name, { ...metric, samples } as Metric);
    };
    for (const metric of this.#processes.metrics()) if (metric.type === "counter") add(metric);
    for (const [program, { totals }] of this.#byProgram) {
      for (const metric of totals.metrics(attributesOf(program))) add(metric);
    }
    for (const key of this.#processes.withLevels) {
      const program = this.#options.programs.all.get(key);
      const attributes = program === undefined ? { "service.instance.id": key } : attributesOf(program);
      for (const metric of this.#processes.metricsOf(key)) {
        add({ ...metric, samples: metric.samples.map((sample) => ({ ...sample, attributes })) } as Metric);
      }
    }
    return [...families.values()];
  }

  /** As it is stored. */
  get stored(): Fields {
    return {
      channels: [...this.#channels],
      totals: this.#totals.stored,
      processes: this.#processes.stored,
      byProgram: Array.from(this.#byProgram, ([{ key }, { totals, latest }]) => [key, totals.stored, latest]),
    };
  }

  /** Takes what was stored, after the programs were; `false` if it is none. */
  restore({ channels, totals, processes, byProgram }: Fields): boolean {
    const { maxSeries, byProcess, programs } = this.#options;
    const all = SeriesTotals.of(totals, maxSeries);
    const ofProcesses = ProcessTotals.of(processes);
    if (all === undefined || ofProcesses === undefined || !Array.isArray(channels) || !Array.isArray(byProgram)) {
      return false;
    }
    this.#totals = all;
    this.#processes = ofProcesses;
    for (const entry of channels) {
      const [channel, rows] = Array.isArray(entry) ? entry : [];
      if (typeof channel !== "string" || !Number.isSafeInteger(rows)) return false;
      this.#channels.set(channel, rows);
    }
    for (const entry of byProcess ? byProgram : []) {
      const [key, stored, latest] = Array.isArray(entry) ? entry : [];
      const program = programs.all.get(key);
      const sums = SeriesTotals.of(stored, maxSeries);
      if (program !== undefined && sums !== undefined) this.#byProgram.set(program, { totals: sums, latest });
    }
    return true;
  }
}

function attributesOf({ key, name, instance }: KnownProgram): Attributes {
  return {
    ...name === undefined ? {} : { "service.name": name },
    "service.instance.id": instance === undefined ? key : `${instance}/${key}`,
  };
}
