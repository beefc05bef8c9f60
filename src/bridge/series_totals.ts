import { CHANNELS, holdsDurations, SERIES } from "../series.ts";
import { parseRequestLabel, requestLabel } from "../http/request_labels.ts";
import { type Fields, isFields } from "../small_json.ts";
import { DurationHistogram } from "./duration_histogram.ts";
import { type Attributes, type Metric, type MetricKind, numberMetric } from "./metric.ts";
import { GC_PAUSES, LOOP_LAG, OBSERVATIONS, OBSERVED_LAST, OBSERVED_SUM, placeOfDurations } from "./metric_kinds.ts";

/** UTF-16 units of a label that are exported; what follows is cut off. */
const MAX_LABEL = 256;

/** What labels beyond the limit count as. */
const OTHER = "other";

/** The latest number of a series, how many there were, and their sum. */
interface Numbers {
  count: number;
  sum: number;
  last: number;
  lastTime: number;
}

/** Series of runtime rows that are histograms. */
const RUNTIME_HISTOGRAMS: ReadonlyMap<string, MetricKind> = new Map([
  [SERIES.gcPause, GC_PAUSES],
  [SERIES.eventLoopLag, LOOP_LAG],
]);

/** The sums of one channel, by label. */
class ChannelTotals {
  readonly channel: string;
  readonly durations: Map<string, DurationHistogram> = new Map();
  readonly numbers: Map<string, Numbers> = new Map();

  constructor(channel: string) {
    this.channel = channel;
  }

  has(label: string): boolean {
    return this.durations.has(label) || this.numbers.has(label);
  }
}

/**
 * The sums of all rows by channel and label. Memory grows with the labels, of which there are at most
 * so many: the rows of further ones count under the label `other`, of requests under the route `other`.
 */
export class SeriesTotals {
  /** Rows that count as `other`. */
  folded = 0;
  readonly #most: number;
  readonly #channels = new Map<string, ChannelTotals>();
  #series = 0;

  /** At most `most` series, beside those that are called `other`. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Adds a row of a channel: a duration in s, or a number. `time` is in ns. */
  add(channel: string, label: string, value: number, time: number): void {
    let totals = this.#channels.get(channel);
    if (totals === undefined) this.#channels.set(channel, totals = new ChannelTotals(channel));
    const histogram = totals.durations.get(label);
    if (histogram !== undefined) return histogram.add(value);
    this.#addTo(totals, label, value, time);
  }

  #addTo(totals: ChannelTotals, label: string, value: number, time: number): void {
    const { channel } = totals;
    const name = this.#nameIn(totals, label.length > MAX_LABEL ? label.slice(0, MAX_LABEL) : label);
    if (holdsDurations(channel) || channel === CHANNELS.runtime && RUNTIME_HISTOGRAMS.has(name)) {
      let histogram = totals.durations.get(name);
      if (histogram === undefined) totals.durations.set(name, histogram = new DurationHistogram());
      return histogram.add(value);
    }
    const numbers = totals.numbers.get(name);
    const finite = Number.isFinite(value) ? value : 0;
    if (numbers === undefined) {
      totals.numbers.set(name, { count: 1, sum: finite, last: value, lastTime: time });
      return;
    }
    numbers.count++;
    numbers.sum += finite;
    if (time >= numbers.lastTime) [numbers.last, numbers.lastTime] = [value, time];
  }

  /** The label under which the rows of a label are counted. */
  #nameIn(totals: ChannelTotals, label: string): string {
    if (totals.has(label)) return label;
    if (this.#series < this.#most) {
      this.#series++;
      return label;
    }
    this.folded++;
    const request = holdsDurations(totals.channel) ? parseRequestLabel(label) : undefined;
    return request === undefined ? OTHER : requestLabel({ ...request, route: OTHER });
  }

  /** As metrics, with further attributes. */
  metrics(more: Attributes = {}): Metric[] {
    const histograms = new Map<MetricKind, { attributes: Attributes; value: DurationHistogram }[]>();
    const numbers: { readonly attributes: Attributes; readonly numbers: Numbers }[] = [];
    for (const { channel, durations, numbers: observed } of this.#channels.values()) {
      for (const [label, value] of durations) {
        const runtime = channel === CHANNELS.runtime ? RUNTIME_HISTOGRAMS.get(label) : undefined;
        const { kind, attributes } = runtime === undefined
          ? placeOfDurations(channel, label)
          : { kind: runtime, attributes: {} };
        let samples = histograms.get(kind);
        if (samples === undefined) histograms.set(kind, samples = []);
        samples.push({ attributes: { ...attributes, ...more }, value });
      }
      for (const [label, held] of observed) numbers.push({ attributes: { channel, label, ...more }, numbers: held });
    }
    const ofNumbers = (kind: MetricKind, of: (numbers: Numbers) => number): Metric =>
      numberMetric(kind, numbers.map(({ attributes, numbers }) => [attributes, of(numbers)]));
    return [
      ...Array.from(histograms, ([kind, samples]): Metric => ({ ...kind, type: "histogram", samples })),
      ...numbers.length === 0 ? [] : [
        ofNumbers(OBSERVATIONS, ({ count }) => count),
        ofNumbers(OBSERVED_SUM, ({ sum }) => sum),
        ofNumbers(OBSERVED_LAST, ({ last }) => last),
      ],
    ];
  }

  /** As it is stored. */
  get stored(): unknown {
    const { folded } = this;
    const channels = Array.from(this.#channels.values(), ({ channel, durations, numbers }) => [
      channel,
      Array.from(durations, ([label, { stored }]) => [label, stored]),
      // JSON has no NaN and no infinity.
      Array.from(numbers, ([label, { count, sum, last, lastTime }]) => [
        label,
        count,
        String(sum),
        String(last),
        lastTime,
      ]),
    ]);
    return { folded, channels };
  }

  /** Takes what was stored; `undefined` if it is none. */
  static of(value: unknown, most: number): SeriesTotals | undefined {
    if (!isFields(value) || !Array.isArray(value["channels"]) || !Number.isSafeInteger(value["folded"])) {
      return undefined;
    }
    const all = new SeriesTotals(most);
    all.folded = (value as Fields & { folded: number }).folded;
    for (const entry of value["channels"]) {
      const [channel, durations, numbers] = Array.isArray(entry) ? entry : [];
      if (typeof channel !== "string" || !Array.isArray(durations) || !Array.isArray(numbers)) return undefined;
      const totals = new ChannelTotals(channel);
      all.#channels.set(channel, totals);
      for (const [label, stored] of durations) {
        const histogram = DurationHistogram.of(stored);
        if (typeof label !== "string" || histogram === undefined) return undefined;
        totals.durations.set(label, histogram);
      }
      for (const [label, count, sum, last, lastTime] of numbers) {
        if (typeof label !== "string" || [count, lastTime].some((item) => typeof item !== "number")) {
          return undefined;
        }
        totals.numbers.set(label, { count, sum: Number(sum), last: Number(last), lastTime });
      }
      all.#series += totals.durations.size + totals.numbers.size;
    }
    return all;
  }
}
