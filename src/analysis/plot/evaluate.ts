/**
 * What expressions come to, interval by interval.
 *
 * @module
 */

import { OUTGOING } from "../../display/outgoing.ts";
import { KymoError, quote } from "../../errors.ts";
import type { Unit } from "../../display/numbers.ts";
import { processKey } from "../../files/names.ts";
import {
  CHANNELS,
  holdsDurations,
  isFromPython,
  isOfIsolate,
  NANOSECONDS_PER_SECOND,
  runtimeSeriesOf,
  SERIES,
} from "../../series.ts";
import { literal, PROCESS_KEY } from "../duckdb/sql.ts";
import { measured } from "../frames/description.ts";
import type { Selection, TimeRange } from "../frames/selection.ts";
import { afterSwitches, IS_NO_SWITCH } from "../frames/switches.ts";
import type { TelemetryDB } from "../frames/telemetry_db.ts";
import { median } from "../../statistics/quantiles.ts";
import { programsOf, withoutWorkers } from "../programs/program.ts";
import type { Expression, Statistic } from "./expression.ts";

/** Equal intervals of time, which begin at multiples of their length since 1970. */
export interface Intervals {
  readonly width: bigint;
  /** The beginning of the first, ns since 1970. */
  readonly from: bigint;
  readonly length: number;
}

/** A value for each interval; NaN where there is none. */
export interface Values {
  readonly unit: Unit;
  readonly values: Float64Array;
}

/** A series as it was recorded. */
interface Known {
  readonly channel: string;
  readonly label: string;
}

/** CPU time of all processes. */
const CPU = "cpu";

/** Where the next sample of a process is this many times the usual time away, it is not known meanwhile. */
const LONGEST_STEP = 2.5;

/** Names that are suggested for one that there is not. */
const SUGGESTIONS = 3;

/** The selected observations, of which expressions are computed. */
export class Evaluator {
  readonly #db: TelemetryDB;
  readonly #selection: Selection;
  readonly #known: readonly Known[];
  /** What was computed already. */
  readonly #cache = new Map<string, Promise<Values>>();

  private constructor(db: TelemetryDB, selection: Selection, known: readonly Known[]) {
    this.#db = db;
    this.#selection = selection;
    this.#known = known;
  }

  /** Looks which series there are. */
  static async of(db: TelemetryDB, selection: Selection): Promise<Evaluator> {
    const { relation } = db.all().where(selection);
    const table = await db.sql(`SELECT DISTINCT Channel, Label FROM ${relation} WHERE ${IS_NO_SWITCH} ORDER BY ALL`);
    const order = [CHANNELS.duration, CHANNELS.runtime, CHANNELS.custom] as readonly string[];
    const rank = ({ channel }: Known): number => order.includes(channel) ? order.indexOf(channel) : order.length;
    const known = table.rows().map(({ Channel, Label }) => ({ channel: Channel as string, label: Label as string }));
    return new Evaluator(db, selection, known.sort((one, other) => rank(one) - rank(other)));
  }

  /** Whether nothing is selected. */
  get isEmpty(): boolean {
    return this.#known.length === 0;
  }

  /** The time range of the series in some expressions; `undefined` if they have no rows. */
  async range(expressions: readonly Expression[]): Promise<TimeRange | undefined> {
    const series = expressions.flatMap(labelsOf).flatMap((label) => this.#seriesOf(label));
    const conditions = series.map(({ channel, label }) =>
      `Channel = ${literal(channel)} AND Label = ${literal(label)}`
    );
    if (conditions.length === 0) throw new KymoError("invalid-argument", "Cannot plot: no label in the expression");
    const table = await this.#db.sql(
      `SELECT min(Timepoint) AS first, max(Timepoint) AS last FROM ${this.#db.all().where(this.#selection).relation}
       WHERE ${conditions.map((one) => `(${one})`).join(" OR ")}`,
    );
    const [{ first, last } = {}] = table.rows();
    return typeof first === "bigint" && typeof last === "bigint" ? { first, last } : undefined;
  }

  /** @throws {KymoError} `"invalid-argument"` if the units of an operation do not go together. */
  async evaluate(expression: Expression, intervals: Intervals): Promise<Values> {
    if (expression.kind === "number") {
      return { unit: "", values: new Float64Array(intervals.length).fill(expression.value) };
    }
    if (expression.kind === "series") {
      const key = JSON.stringify(expression);
      const known = this.#cache.get(key) ?? this.#computed(expression.label, expression.statistic, intervals);
      this.#cache.set(key, known);
      return await known;
    }
    const { operator, left, right, text } = expression;
    const [a, b] = [await this.evaluate(left, intervals), await this.evaluate(right, intervals)];
    const unit = unitOf(operator, { ...a, isNumber: isNumber(left) }, { ...b, isNumber: isNumber(right) });
    if (unit === undefined) {
      const names = [a, b].map((one) => one.unit === "" ? "numbers without a unit" : one.unit).join(" and ");
      throw new KymoError("invalid-argument", `Cannot plot: ${quote(text)}: ${names} cannot be added or subtracted`);
    }
    const operate = OPERATIONS[operator];
    return { unit, values: a.values.map((value, at) => operate(value, b.values[at]!)) };
  }

  /** The series with a label, of which several are those of `cpu`. */
  #seriesOf(label: string): readonly Known[] {
    const isOutgoing = label.startsWith(OUTGOING);
    const found = this.#known.find((one) =>
      isOutgoing
        ? one.channel === CHANNELS.client && one.label === label.slice(OUTGOING.length)
        : one.channel !== CHANNELS.client && one.label === label
    );
    if (found !== undefined) return [found];
    const cpu = this.#known.filter((one) =>
      one.channel === CHANNELS.runtime && (one.label === SERIES.userTime || one.label === SERIES.systemTime)
    );
    if (label === CPU && cpu.length > 0) return cpu;
    const names = this.#known.map((one) => one.channel === CHANNELS.client ? OUTGOING + one.label : one.label);
    const nearest = names.map((name) => ({ name, distance: distance(name.toLowerCase(), label.toLowerCase()) }))
      .sort((one, other) => one.distance - other.distance).slice(0, SUGGESTIONS);
    const meant = nearest.map(({ name }) => quote(name)).join(", ");
    throw new KymoError(
      "not-found",
      `Cannot plot: ${quote(label)}: no such label${meant === "" ? "" : `; the nearest are ${meant}`}`,
    );
  }

  async #computed(label: string, statistic: Statistic, intervals: Intervals): Promise<Values> {
    const series = this.#seriesOf(label);
    const [{ channel }] = series as [Known];
    const labels = new Set(this.#known.filter((one) => one.channel === CHANNELS.runtime).map((one) => one.label));
    const { unit, kind } = channel === CHANNELS.runtime
      ? runtimeSeriesOf(series[0]!.label, isFromPython(labels))
      : { unit: holdsDurations(channel) ? "s" as const : "" as const, kind: "level" };
    if (statistic === "alone" && kind === "counter") {
      const all = await Promise.all(series.map((one) => this.#growth(one.label, intervals)));
      const values = all.reduce((sum, of) => sum.map((value, at) => value + of[at]!));
      return { unit: unit === "s" ? "cores" : unit === "bytes" ? "bytes/s" : "1/s", values };
    }
    if (statistic === "alone" && channel === CHANNELS.runtime && kind === "level" && unit === "bytes") {
      return { unit, values: await this.#sizeOfAll(series[0]!.label, intervals) };
    }
    const frame = this.#db.frame(channel).where(this.#selection).timeSeries(series[0]!.label);
    const quantiles = typeof statistic === "object" ? [statistic.quantile] : [];
    const found = await frame.resample(intervals.width, { quantiles });
    const seconds = Number(intervals.width) / NANOSECONDS_PER_SECOND;
    const own = (at: number): number => {
      if (typeof statistic === "object") return found.quantiles[0]!.values[at]!;
      if (statistic === "count") return found.count[at]!;
      if (statistic === "sum") return found.sum[at]!;
      if (statistic === "rate") return found.count[at]! / (found.recorded[at]! * seconds);
      return found.mean[at]!;
    };
    // Before the first observation and after the last one there are none.
    const none = statistic === "count" || statistic === "sum" || statistic === "rate" ? 0 : NaN;
    const values = new Float64Array(intervals.length).fill(none);
    for (const [at, timepoint] of found.timepoints.entries()) {
      const place = Number((timepoint - intervals.from) / intervals.width);
      if (place >= 0 && place < values.length) values[place] = own(at);
    }
    return { unit: statistic === "count" ? "" : statistic === "rate" ? "1/s" : unit, values };
  }

  /** SQL of the rows of a series of the runtime, those of each process once. */
  async #rowsOnce(label: string): Promise<string> {
    const rows = this.#db.runtime().where(this.#selection).timeSeries(label);
    const all = await rows.processes();
    // Of a figure of the whole process each of its isolates has the same rows.
    const programs = programsOf(this.#db.programRecords(all), { processes: all });
    const once = isOfIsolate(label) ? all : withoutWorkers(all, programs);
    const keys = once.map((id) => literal(processKey(id))).join(", ");
    return `(SELECT * FROM ${rows.relation} WHERE ${PROCESS_KEY} IN (${keys}))`;
  }

  /**
   * A size of all processes together: the sum of their means in each interval. Where intervals are shorter
   * than the time from a sample to the next, a process has its size of before.
   */
  async #sizeOfAll(label: string, { width, from, length }: Intervals): Promise<Float64Array> {
    const table = await this.#db.sql(`
      SELECT ${PROCESS_KEY} AS process, ((Timepoint - (${from})) // ${width})::INTEGER AS place, avg(m) AS size
      FROM ${measured(await this.#rowsOnce(label))} WHERE m IS NOT NULL GROUP BY ALL ORDER BY place`);
    const values = new Float64Array(length).fill(NaN);
    const add = (place: number, size: number): void => {
      if (place >= 0 && place < length) values[place] = (Number.isNaN(values[place]!) ? 0 : values[place]!) + size;
    };
    const rows = table.rows() as { process: string; place: number; size: number }[];
    for (const of of Map.groupBy(rows, ({ process }) => process).values()) {
      const steps = of.slice(1).map(({ place }, before) => place - of[before]!.place);
      const longest = steps.length === 0 ? 1 : LONGEST_STEP * median(steps);
      for (const [at, { place, size }] of of.entries()) {
        const next = of[at + 1]?.place ?? place + 1;
        const until = next - place <= longest ? next : place + 1;
        for (let own = place; own < until; own++) add(own, size);
      }
    }
    return values;
  }

  /** How fast a counter grew in each interval, by second, in all processes together. */
  async #growth(label: string, { width, from, length }: Intervals): Promise<Float64Array> {
    const table = await this.#db.sql(`
      SELECT place, sum(growth) AS growth FROM (
        SELECT ((Timepoint - (${from})) // ${width})::INTEGER AS place,
          avg(${NANOSECONDS_PER_SECOND} * step / time) AS growth
        FROM (
          SELECT *, m - lag(m) OVER w AS step, Timepoint - lag(Timepoint) OVER w AS time
          FROM ${afterSwitches(measured(await this.#rowsOnce(label)))} WHERE m IS NOT NULL
          WINDOW w AS (PARTITION BY PID, Isolate, offSince ORDER BY Timepoint, m)
        ) WHERE step >= 0 AND time > 0 AND Timepoint >= ${from} GROUP BY place, PID, Isolate
      ) GROUP BY place`);
    const values = new Float64Array(length).fill(NaN);
    for (const { place, growth } of table.rows() as { place: number; growth: number }[]) {
      if (place < length) values[place] = growth;
    }
    return values;
  }
}

const OPERATIONS = {
  "+": (a: number, b: number): number => a + b,
  "-": (a: number, b: number): number => a - b,
  "*": (a: number, b: number): number => a * b,
  "/": (a: number, b: number): number => a / b,
};

/** The unit of a result; `undefined` if the units do not go together. */
function unitOf(
  operator: keyof typeof OPERATIONS,
  a: { readonly unit: Unit; readonly isNumber: boolean },
  b: { readonly unit: Unit; readonly isNumber: boolean },
): Unit | undefined {
  if (operator === "+" || operator === "-") {
    if (a.unit === b.unit || b.isNumber) return a.unit;
    return a.isNumber ? b.unit : undefined;
  }
  if (operator === "/") return b.unit === "" ? a.unit : "";
  return a.unit === "" ? b.unit : b.unit === "" ? a.unit : "";
}

function isNumber(expression: Expression): boolean {
  return expression.kind === "number" ||
    expression.kind === "operation" && isNumber(expression.left) && isNumber(expression.right);
}

function labelsOf(expression: Expression): string[] {
  if (expression.kind === "number") return [];
  return expression.kind === "series"
    ? [expression.label]
    : [...labelsOf(expression.left), ...labelsOf(expression.right)];
}

/** How many characters must be changed, added or taken away to make one text of the other. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 0; i < one.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < other.length; j++) {
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (one[i] === other[j] ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1)!;
}
