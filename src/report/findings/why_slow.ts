/**
 * What sets the slow durations of a series apart, in words.
 *
 * @module
 */

import type { CorrelatedSeries, RequestGroup, SlowCorrelation } from "../../analysis/slow/slow_correlation.ts";
import { counted, formatDuration, formatInteger, formatPercent } from "../../display/numbers.ts";
import { parseRequestLabel } from "../../http/request_labels.ts";
import { SERIES } from "../../series.ts";
import { outgoingLabel } from "../data/source.ts";

/** What sets slow durations apart from the others. */
export interface Factor {
  /**
   * - `"lag"`: the event loop was blocked, by `label` if that is known, or by garbage collection if
   *   `label` is `"gc pause"`.
   * - `"upstream"`: an outgoing request.
   * - `"block"`: another duration that was recorded within it.
   * - `"gc"`: garbage collection.
   * - `"queueing"`: others of the same label that were under way already.
   * - `"process"`, `"time"`: most are of one process, or of one time.
   */
  readonly kind: "lag" | "upstream" | "block" | "gc" | "queueing" | "process" | "time";
  /** The label it is about, if it is about one, as reports show it. */
  readonly label?: string;
  /**
   * What is compared: a share of the time of the slow ones and of the others (0 to 1), of their number
   * for `"process"` and `"time"`, or for `"queueing"` how many were under way.
   */
  readonly slow: number;
  readonly others: number;
  /** The probability of so large a difference by chance; 1 if there is none: that is how all are. */
  readonly chance: number;
  /** A sentence. */
  readonly text: string;
}

/** A share of the time that is an explanation. */
const MOST = 0.5;

/** How much larger the share of the slow ones must be than that of the others, to set them apart. */
const SETS_APART = 0.2;

/** Shares that differ by less than this count as equal. */
const EQUAL = 0.1;

/**
 * How many times the share must be that of any other time: what runs all the time, or many times at
 * once, overlaps with everything.
 */
const BEYOND_CHANCE = 2;

/** What takes the same share of all makes some slow if it is itself this many times as long in them. */
const LONGER = 2;

/** A difference that is more probable than this by chance is told as uncertain. */
const MAX_CHANCE = 0.01;

/** Slow ones waited in a queue if they found this many under way, and this many times those of the others. */
const QUEUE = { least: 3, times: 3 };

/** Up to this many slow ones are given by their number, more as a share of all. */
const FEW = 100;

/** What is needed beside the correlation. */
export interface WhySlowContext {
  /** The share of all time within the durations of a label; more than 1 if several ran at once. */
  readonly chance: (label: string) => number;
  /**
   * How many durations of a label that are no shorter than `least` lie by chance wholly within a time of
   * `seconds`, on average.
   */
  readonly expected: (label: string, least: number, seconds: number) => number;
  /** A time of day, of ns since 1970. */
  readonly time: (timepoint: bigint) => string;
  /** What blocked the event loop for most of the time, a label or `"gc pause"`, if that is known. */
  readonly blocker?: string | undefined;
  /** Names a process. */
  readonly nameProcess: (pid: bigint, isolate: string) => string;
}

/** What sets the slow ones apart, what explains the most first; empty if the recording does not show it. */
export function factorsOf(
  correlation: SlowCorrelation,
  { chance, expected, time, blocker, nameProcess }: WhySlowContext,
): Factor[] {
  const { label, slow, others, correlated, queueing, process, time: crowded } = correlation;
  const things = parseRequestLabel(label) !== undefined ? "requests" : "runs";
  const slowest = slow.count <= FEW
    ? `its ${slow.count} slowest ${things}`
    : `its slowest ${formatPercent(slow.count / (slow.count + others.count), { trim: true })} of ${things}`;
  const candidates = correlated.map((of) => ({
    ...of,
    shown: shownLabel(of),
    chance: chanceOf(of, correlated.length),
  }));
  type Candidate = typeof candidates[number];
  const ofKind = (kind: CorrelatedSeries["kind"]): Candidate[] => candidates.filter((of) => of.kind === kind);
  const isApart = ({ share, chance }: Candidate): boolean => excess(share) >= SETS_APART && chance <= MAX_CHANCE;
  const isSingle = ({ share, longest }: Candidate): boolean => longest.slow >= MOST * share.slow;
  const perSlow = meanTime(slow);
  // Where many run at once, a long one that lies wholly within each slow request is still no chance.
  const isOwn = (of: Candidate): boolean =>
    isSingle(of) && of.met.slow >=
      BEYOND_CHANCE * slow.examined * expected(of.shown, MOST * of.longest.slow * perSlow, perSlow);
  const isRare = (of: Candidate): boolean => of.share.slow >= BEYOND_CHANCE * chance(of.shown) || isOwn(of);
  const explains = (of: Candidate): boolean => isRare(of) && (of.share.slow >= MOST || isApart(of));
  const percent = (share: number): string => formatPercent(Math.min(1, share), { trim: true });
  const factor = (kind: Factor["kind"], of: Candidate, text: string): Factor => ({
    kind,
    label: of.shown,
    slow: of.share.slow,
    others: of.share.others,
    chance: isApart(of) ? of.chance : 1,
    text,
  });
  const ran = (of: Candidate): Factor =>
    of.kind === "client"
      ? factor(
        "upstream",
        of,
        `${percent(of.share.slow)} of the time of ${slowest} was spent on “${of.shown}”, ${
          contrast(of, correlation, things)
        }.`,
      )
      : factor(
        "block",
        of,
        `“${of.shown}” ran for ${percent(of.share.slow)} of the time of ${slowest}, ${
          contrast(of, correlation, things)
        }.`,
      );

  const upstream = ofKind("client").filter(explains);
  const blocks = ofKind("duration").filter(explains);
  // A request does not call another one of its process, so one that ran meanwhile is told only as what blocked.
  const called = blocks.filter(({ shown }) => parseRequestLabel(shown) === undefined);
  const factors: Factor[] = [];
  const lag = ofKind("lag").find(isApart);
  const gc = ofKind("gc").find(isApart);
  if (lag !== undefined) {
    const single = innermost((called.length > 0 ? called : blocks).filter((of) => isApart(of) && isSingle(of)));
    const by = single?.shown ?? blocker ?? gc?.label;
    const text = `The event loop was blocked for ${percent(lag.share.slow)} of the time of ${slowest}, but only ${
      percent(lag.share.others)
    } of the time of the others: they waited ${
      by === undefined
        ? "while something else ran"
        : by === SERIES.gcPause
        ? "for garbage collection"
        : `while “${by}” ran`
    }.`;
    const { label: _, ...found } = factor("lag", lag, text);
    factors.push(by === undefined ? found : { ...found, label: by });
  }
  const single = [innermost(upstream.filter((of) => isApart(of) && isSingle(of)))];
  single.push(innermost(called.filter((of) => isApart(of) && isSingle(of))));
  factors.push(...single.filter((of) => of !== undefined).map(ran));
  if (gc !== undefined) {
    factors.push(factor(
      "gc",
      gc,
      `Garbage collection took about ${percent(gc.share.slow)} of the time around ${slowest}, but only ` +
        `${percent(gc.share.others)} of the time around the others.`,
    ));
  }
  const isQueue = queueing.slow >= QUEUE.least && queueing.slow >= QUEUE.times * queueing.others;
  if (isQueue && queueing.chance <= MAX_CHANCE) {
    factors.push({
      kind: "queueing",
      label,
      ...queueing,
      text: `When ${slowest} began, ${counted(queueing.slow, "other")} of ${label} ` +
        `${queueing.slow === 1 ? "was" : "were"} under way (median), but ${
          queueing.others === 0 ? "none" : `only ${formatInteger(queueing.others)}`
        } when the others began: they waited in a queue.`,
    });
  }
  for (const many of [innermost(upstream.filter(isApart)), innermost(called.filter(isApart))]) {
    if (many !== undefined && !factors.some((of) => of.label === many.shown)) factors.push(ran(many));
  }
  if (process !== undefined) {
    const { share, chance, pid, isolate } = process;
    factors.push({
      kind: "process",
      slow: share.slow,
      others: share.others,
      chance,
      text: `${percent(share.slow)} of ${slowest} are of ${nameProcess(pid, isolate)}, but only ${
        percent(share.others)
      } of the others.`,
    });
  }
  if (crowded !== undefined) {
    const { share, chance, from, to } = crowded;
    factors.push({
      kind: "time",
      slow: share.slow,
      others: share.others,
      chance,
      text: `${percent(share.slow)} of ${slowest} were from ${time(from)} to ${time(to)}, but only ${
        percent(share.others)
      } of the others.`,
    });
  }
  // What takes the time of all does not set the slow ones apart, but tells where to look.
  const all = [...upstream, ...called].filter((of) => !isApart(of)).sort((a, b) => b.share.slow - a.share.slow)[0];
  if (all !== undefined && !factors.some(({ label }) => label !== undefined)) factors.push(ran(all));
  return factors;
}

/** How sure a difference is, in words, with what was compared. */
export function sureness({ chance }: Pick<Factor, "chance">, { slow, others }: SlowCorrelation): string {
  const compared = `${formatInteger(slow.examined)} slow and ${
    formatInteger(others.examined)
  } other ones were compared`;
  if (chance >= 1) return `the same share in all; ${compared}`;
  if (chance > MAX_CHANCE) {
    return `uncertain, by chance ${formatPercent(chance, { trim: true })} of the time; ${compared}`;
  }
  const once = chance < 1e-6
    ? "less than once in 1,000,000 times"
    : `once in ${formatInteger(Math.floor(1 / chance))} times`;
  return `${chance < 1e-3 ? "sure" : "likely"}: by chance ${once}; ${compared}`;
}

/** The label as a report shows it. */
function shownLabel({ kind, label }: CorrelatedSeries): string {
  return kind === "client" ? outgoingLabel(label) : label;
}

/** The probability that any of the series examined differs so much by chance (Bonferroni). */
function chanceOf({ chance = 1 }: CorrelatedSeries, examined: number): number {
  return Math.min(1, chance * Math.max(1, examined));
}

/** Of series that set the slow ones apart about as much, the innermost: the others call it. */
function innermost<Of extends CorrelatedSeries>(series: readonly Of[]): Of | undefined {
  const most = Math.max(...series.map(({ share }) => excess(share)));
  return series.filter(({ share }) => excess(share) >= 0.9 * most).sort((a, b) => a.share.slow - b.share.slow)[0];
}

/**
 * Compares with the others. If shares are equal, that is where the time goes of all; it makes some slow
 * where it is itself longer.
 */
function contrast(
  { share, met, longest }: CorrelatedSeries,
  { slow, others }: SlowCorrelation,
  things: string,
): string {
  const metShare = met.others / Math.max(1, others.examined);
  if (excess(share) < SETS_APART && Math.abs(excess(share)) < EQUAL && metShare >= 1 - EQUAL) {
    const [each, other] = [longest.slow * meanTime(slow), longest.others * meanTime(others)];
    const isLonger = longest.slow >= MOST * share.slow && each >= LONGER * other;
    return `as in all its ${things}${
      isLonger ? `: ${formatDuration(each)} each, and ${formatDuration(other)} in the others` : ""
    }`;
  }
  const conjunction = excess(share) >= SETS_APART || metShare < MOST ? "but only" : "and";
  if (metShare < MOST) {
    return `but ${met.others === 0 ? "none" : `only ${formatPercent(metShare, { trim: true })}`} of the others met it`;
  }
  return `${conjunction} ${formatPercent(Math.min(1, share.others), { trim: true })} of the time of the others`;
}

/** Seconds that a request of a group takes on average. */
function meanTime({ time, examined }: RequestGroup): number {
  return time / Math.max(1, examined);
}

function excess({ slow, others }: CorrelatedSeries["share"]): number {
  return slow - others;
}

/** Where slow durations begin, in words. */
export function describeThreshold({ threshold, slow, others }: SlowCorrelation): string {
  return `${formatInteger(slow.count)} of ${formatInteger(slow.count + others.count)} took more than ${
    formatDuration(threshold)
  }`;
}
