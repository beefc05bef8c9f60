import { median } from "../../statistics/quantiles.ts";
import type { DurationData } from "../shared/report_data.ts";
import { counted, inPercent, inSeconds, times } from "../../display/words.ts";
import { type Draft, type Facts, sum } from "./finding.ts";

/** Of fewer durations than this nothing is said: one in a hundred would be less than half a duration. */
const ENOUGH = 50;

/** How many times the 99th percentile of the others' it takes to be called slow. Series differ: that is no news; this much is seen on any chart. */
const SLOW_RATIO = 3;

/** Durations in seconds below which nobody minds: there are a hundred of them in the blink of an eye. */
const NEGLIGIBLE = 0.001;

/** From this many seconds on people think that something is wrong. */
const VERY_SLOW = 1;

/** At most so many slow series are told of; who wants them all has the table. */
const MOST = 2;

/** A part of all time that is worth saying. */
const LARGE_SHARE = 1 / 3;

/** One in a hundred takes so many times as long as usual: more than a queue or a cold cache explains. */
const TAIL_RATIO = 10;

/** The series that people wait for: requests if there are any, otherwise all; those with enough durations. */
export function subjects({ durations }: Facts): { series: readonly DurationData[]; thing: string } {
  const enough = durations.filter(({ statistics }) => statistics.count >= ENOUGH);
  const requests = enough.filter(({ label }) => isRequest(label));
  return requests.length > 0 ? { series: requests, thing: "request" } : { series: enough, thing: "run" };
}

/** Whether a label is that of HTTP requests, such as `/orders [GET]`. */
export function isRequest(label: string): boolean {
  return / \[[A-Z]+\]$/.test(label);
}

/** Series that are much slower than the others. */
export function slowSeries(facts: Facts): Draft[] {
  const { series, thing } = subjects(facts);
  const total = sum(series.map(({ statistics }) => statistics.sum));
  const slow = series.toSorted((a, b) => b.statistics.p99 - a.statistics.p99).slice(0, MOST).flatMap((of, rank) => {
    const { count, p50, p99 } = of.statistics;
    const typical = median(series.filter((other) => other !== of).map(({ statistics }) => statistics.p99));
    if (!(p99 >= SLOW_RATIO * typical)) return [];
    const share = of.statistics.sum / total;
    return [{
      kind: "latency" as const,
      weight: p99 >= VERY_SLOW ? "bad" as const : p99 >= NEGLIGIBLE ? "attention" as const : "note" as const,
      text:
        `${of.label} is ${rank === 0 ? "the slowest" : "slow too"}: half of its ${
          counted(count, thing)
        } took more than ` +
        `${inSeconds(p50)}, one in a hundred more than ${inSeconds(p99)}, ${
          times(p99 / typical)
        } as long as is typical of the others` +
        `${share >= LARGE_SHARE ? `. It took ${inPercent(share)} of the time of all ${thing}s` : ""}.`,
      label: of.label,
      why: { slow: of.label },
    }];
  });
  return slow;
}

/** The series that took the most time altogether, be it slow or not. */
export function largestShare(facts: Facts): Draft[] {
  const { series, thing } = subjects(facts);
  if (series.length < 3) return [];
  const total = sum(series.map(({ statistics }) => statistics.sum));
  const [largest] = series.toSorted((a, b) => b.statistics.sum - a.statistics.sum);
  const { sum: time, count, mean } = largest!.statistics;
  if (time < LARGE_SHARE * total) return [];
  return [{
    kind: "latency",
    weight: "note",
    text: `${largest!.label} took the most time altogether, ${inPercent(time / total)} of that of all ${thing}s: ` +
      `${counted(count, thing)} of ${inSeconds(mean)} on average.`,
    label: largest!.label,
  }];
}

/** The series whose slowest are the furthest from what is usual. */
export function longTail(facts: Facts): Draft[] {
  const { series, thing } = subjects(facts);
  const ratio = ({ statistics: { p50, p99 } }: DurationData): number => p99 / p50;
  const [worst] = series
    .filter((of) => of.statistics.p99 >= NEGLIGIBLE && ratio(of) >= TAIL_RATIO)
    .sort((a, b) => ratio(b) - ratio(a));
  if (worst === undefined) return [];
  const { p50, p99, max } = worst.statistics;
  return [{
    kind: "latency",
    weight: p99 >= VERY_SLOW ? "bad" : p99 >= 100 * NEGLIGIBLE ? "attention" : "note",
    text:
      `${worst.label} is uneven: it takes ${inSeconds(p50)} as a rule, but one ${thing} in a hundred took more than ` +
      `${inSeconds(p99)}, ${times(ratio(worst))} as long; the longest ${inSeconds(max)}.`,
    label: worst.label,
    why: { slow: worst.label },
  }];
}
