import { median } from "../../statistics/quantiles.ts";
import type { DurationStatistics } from "../shared/report_data.ts";
import { inSeconds, times } from "../../display/words.ts";
import { type Draft, type Facts, sum } from "./finding.ts";
import { subjects } from "./slow_series.ts";

/** A median of fewer durations than this may be off by a fifth. */
const ENOUGH = 100;

/** How many times slower than the others a process has to be: two processors, or two runtimes, may well differ by half. */
const SLOWER = 1.5;

/** A part of its durations counts only from so many seconds on: of microseconds nobody cares in which process they are two. */
const NEGLIGIBLE = 100e-6;

/** How many times as slow is bad. */
const MUCH_SLOWER = 3;

/** The process that is slower than the others at what they all do. */
export function slowProcess(facts: Facts): Draft[] {
  const { series, thing } = subjects(facts);
  const shared = series.flatMap(({ label, processes }) => {
    const able = processes.filter(({ statistics: { count, p50 } }) => count >= ENOUGH && p50 > 0);
    return able.length < 2 ? [] : able.map(({ pid, statistics }) => {
      const others = median(able.filter((other) => other.pid !== pid).map(({ statistics: { p50 } }) => p50));
      return { label, pid, statistics, others };
    });
  }).filter(({ statistics: { p50 }, others }) => Math.max(p50, others) >= NEGLIGIBLE);
  const [slowest] = [...Map.groupBy(shared, ({ pid }) => pid)]
    .map(([pid, parts]) => ({ pid, parts, ratio: ratioOf(parts) }))
    .filter(({ ratio }) => ratio >= SLOWER)
    .sort((a, b) => b.ratio - a.ratio);
  if (slowest === undefined) return [];
  const { pid, parts, ratio } = slowest;
  const example = parts.toSorted((a, b) => excess(b) - excess(a))[0]!;
  const several = facts.processes.length > 2;
  return [{
    kind: "latency",
    weight: ratio >= MUCH_SLOWER ? "bad" : "attention",
    text:
      `PID ${pid} is ${times(ratio)} as slow as the other${
        several ? "s" : ""
      }: half of its ${thing}s of ${example.label} took more than ` +
      `${inSeconds(example.statistics.p50)}, of the other${several ? "s'" : "'s"} ${inSeconds(example.others)}.`,
    label: example.label,
  }];
}

/** What a process did, and how long others take for it. */
interface Part {
  readonly statistics: DurationStatistics;
  /** The median of the others' medians. */
  readonly others: number;
}

/** How many times as long it took for all as the others would have: by the medians, since a few outliers are no property of a process. */
function ratioOf(parts: readonly Part[]): number {
  return sum(parts.map(({ statistics: { count, p50 } }) => count * p50)) /
    sum(parts.map(({ statistics: { count }, others }) => count * others));
}

/** Seconds that the others would not have needed. */
function excess({ statistics: { count, p50 }, others }: Part): number {
  return count * (p50 - others);
}
