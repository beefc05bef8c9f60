/**
 * The changes as rows of a table, the worst first, and the verdict in words.
 *
 * @module
 */

import { counted, formatChange, formatCount, formatDuration, formatPercent } from "../../../display/numbers.ts";
import {
  longEnough,
  pointsText,
  QUANTITY_NAMES,
  quantityChange,
  quantityInterval,
  quantityText,
} from "../../shared/changes_in_words.ts";
import type { Change, DifferenceData } from "../../shared/difference_data.ts";
import { labelText } from "../model/label_text.ts";

/** What a verdict means to whoever runs the program. */
export type Tone = "worse" | "better" | "same" | "unknown";

/** A change of one measure of a label, a route or the runtime. */
export interface ChangeRow {
  readonly kind: "label" | "errors" | "runtime";
  /** The label or route; the name of what is no label. */
  readonly label: string;
  /** The same in short, for people. */
  readonly name: string;
  /** What was measured, such as `p50`. */
  readonly measure: string;
  /** Its value on both sides; NaN where it is not there. */
  readonly values: readonly [a: number, b: number];
  readonly a: string;
  readonly b: string;
  readonly change: string;
  readonly interval: string;
  /** Change and interval in margins: from -1 to 1 it is the same. `undefined` without interval. */
  readonly place?: readonly [low: number, middle: number, high: number];
  readonly verdict: string;
  readonly tone: Tone;
  /** Changes of different measures in one order: of ratios the logarithm. */
  readonly severity: number;
  /** How much it would take to tell, and why it cannot be told now; empty if it can. */
  readonly needed: string;
  readonly reason: string;
}

/** Verdicts in the order of the table. */
export const TONES: readonly Tone[] = ["worse", "better", "unknown", "same"];

const TONE_OF: Readonly<Record<string, Tone>> = {
  slower: "worse",
  more: "worse",
  "more errors": "worse",
  faster: "better",
  less: "better",
  "fewer errors": "better",
  same: "same",
};

/** A difference of shares by this many points weighs as a ratio of e. */
const SHARE_WEIGHT = 10;

/** Where a margin of 0 has no width, 5 % are drawn as one. */
const DRAWN_MARGIN = 0.05;

/** All changes, the worst first. */
export function changeRows(data: DifferenceData): ChangeRow[] {
  const rows = [...labelRows(data), ...failureRows(data), ...quantityRows(data)];
  const rank = (row: ChangeRow): number => TONES.indexOf(row.tone);
  return rows.sort((one, other) => rank(one) - rank(other) || other.severity - one.severity);
}

function labelRows({ comparisons, margin, sides }: DifferenceData): ChangeRow[] {
  const runs = sides.a.runs.length > 1;
  return comparisons.flatMap(({ label, a, b, median, p99 }): ChangeRow[] => {
    const shared = { kind: "label", label, name: labelText(label) } as const;
    const row = (measure: string, one: number | undefined, other: number | undefined, change: Change): ChangeRow => {
      const { ratio, interval, verdict, reason = "", needed } = change;
      const only = a === undefined ? "only in B" : b === undefined ? "only in A" : undefined;
      const unit = Math.log1p(margin > 0 ? margin / 100 : DRAWN_MARGIN);
      return {
        ...shared,
        measure,
        values: [one ?? NaN, other ?? NaN],
        a: durationText(one),
        b: durationText(other),
        change: ratio === undefined ? "" : `${formatChange(ratio)} %`,
        interval: interval === undefined ? "" : `${interval.map(formatChange).join(" … ")}`,
        ...ratio !== undefined && interval && {
          place: placeOf([interval[0], ratio, interval[1]].map(Math.log), unit),
        },
        verdict: only ?? verdict,
        tone: TONE_OF[verdict] ?? "unknown",
        severity: ratio === undefined ? -1 : Math.abs(Math.log(ratio)),
        needed: needed === undefined || verdict !== "cannot tell" ? "" : neededText(needed, runs),
        reason: only === undefined ? reasonText(reason) : "",
      };
    };
    if (a === undefined || b === undefined) return [row("p50", a?.median, b?.median, median)];
    return [row("p50", a.median, b.median, median), row("p99", a.p99, b.p99, p99)];
  });
}

function failureRows({ failures, margin, sides }: DifferenceData): ChangeRow[] {
  const shareOf = (of: { readonly failed: number; readonly requests: number } | undefined): number =>
    of === undefined ? NaN : of.failed / of.requests;
  return failures.map(({ route, a, b, difference, interval, verdict, reason = "", needed }): ChangeRow => {
    const shares = [shareOf(a), shareOf(b)] as const;
    const unit = (margin > 0 ? margin / 100 : DRAWN_MARGIN) / 50;
    const [one, other] = shares.map((share) =>
      Number.isNaN(share) ? "–" : share === 0 ? "0" : formatPercent(share, { trim: true })
    );
    return {
      kind: "errors",
      label: route,
      name: labelText(route),
      measure: "failed",
      values: shares,
      a: one!,
      b: other!,
      change: difference === undefined ? "" : `${pointsText(difference)} points`,
      interval: interval === undefined ? "" : interval.map(pointsText).join(" … "),
      ...difference !== undefined && interval && { place: placeOf([interval[0], difference, interval[1]], unit) },
      verdict: a === undefined ? "only in B" : b === undefined ? "only in A" : verdict,
      tone: TONE_OF[verdict] ?? "unknown",
      severity: difference === undefined ? -1 : SHARE_WEIGHT * Math.abs(difference),
      needed: needed === undefined
        ? ""
        : sides.a.runs.length > 1
        ? counted(round(needed), "run")
        : `${formatCount(round(needed))} requests`,
      reason: reasonText(reason),
    };
  });
}

function quantityRows({ quantities, sides }: DifferenceData): ChangeRow[] {
  const memory = quantities.find(({ quantity }) => quantity === "memory")?.a ?? NaN;
  return quantities.map((of): ChangeRow => {
    const { quantity, a, b, scale, change, interval, margin, verdict, reason = "", needed } = of;
    const isRatio = scale === "ratio";
    const toScale = (value: number): number => isRatio ? Math.log(value) : value;
    const unit = isRatio ? Math.log1p(margin || DRAWN_MARGIN) : margin;
    // Growth weighs as much as the part of the memory that it is in an hour.
    const weight = isRatio ? 1 : quantity === "gc" ? SHARE_WEIGHT : 3600 / memory || 0;
    return {
      kind: "runtime",
      label: quantity,
      name: QUANTITY_NAMES[quantity],
      measure: "mean",
      values: [a ?? NaN, b ?? NaN],
      a: quantityText(quantity, a),
      b: quantityText(quantity, b),
      change: quantityChange(of),
      interval: quantityInterval(of),
      ...change !== undefined && interval && unit > 0 && {
        place: placeOf([interval[0], change, interval[1]].map(toScale), unit),
      },
      verdict,
      tone: TONE_OF[verdict] ?? "unknown",
      severity: change === undefined ? -1 : weight * Math.abs(toScale(change)),
      needed: needed === undefined || verdict !== "cannot tell"
        ? ""
        : sides.a.runs.length > 1
        ? counted(round(needed), "run")
        : longEnough(needed),
      reason: reasonText(reason),
    };
  });
}

function placeOf(values: readonly number[], unit: number): [number, number, number] {
  return values.map((value) => value / unit) as [number, number, number];
}

function durationText(seconds: number | undefined): string {
  return seconds === undefined || seconds === null || Number.isNaN(seconds) ? "–" : formatDuration(seconds);
}

function neededText(needed: number, runs: boolean): string {
  return runs ? counted(round(needed), "run") : `${formatCount(round(needed))} samples`;
}

/** An estimate to two digits: more are not known. */
function round(needed: number): number {
  return Number(needed.toPrecision(2));
}

/** Sides have capital letters on the page. */
function reasonText(reason: string): string {
  return reason.replace(/^([ab]): /, (_, side: string) => `${side.toUpperCase()}: `);
}

/** The worse of the verdicts of a label. */
function toneOfLabel(rows: readonly ChangeRow[]): Tone {
  return TONES.find((tone) => rows.some((row) => row.tone === tone)) ?? "unknown";
}

/** How many labels have which verdict: the worse of that of the median and that of the p99. */
export function labelTones(rows: readonly ChangeRow[]): Readonly<Record<Tone, number>> {
  const count = { worse: 0, better: 0, same: 0, unknown: 0 };
  for (const own of Map.groupBy(rows.filter(({ kind }) => kind === "label"), ({ label }) => label).values()) {
    count[toneOfLabel(own)]++;
  }
  return count;
}

/** The verdict in words, one or two sentences. */
export function verdictSentence(rows: readonly ChangeRow[]): string {
  const { worse, better, same, unknown } = labelTones(rows);
  const all = worse + better + same + unknown;
  const parts = [
    ...worse > 0 ? [`${worse} ${isOrAre(worse)} slower`] : [],
    ...better > 0 ? [`${better} ${isOrAre(better)} faster`] : [],
    ...same > 0 ? [`${same} ${isOrAre(same)} the same`] : [],
    ...unknown > 0 ? [`${unknown} cannot be told`] : [],
  ];
  const labels = all === 0 ? "" : `Of ${counted(all, "label")}, ${listOf(parts)}.`;
  const others = rows.filter(({ kind, tone }) => kind !== "label" && (tone === "worse" || tone === "better"));
  const errors = others.filter(({ kind }) => kind === "errors");
  const told = [
    ...["more errors", "fewer errors"].flatMap((verdict) => {
      const count = errors.filter((row) => row.verdict === verdict).length;
      return count === 0 ? [] : [`${verdict} of ${counted(count, "route")}`];
    }),
    ...others.filter(({ kind }) => kind === "runtime").map(({ verdict, name }) => `${verdict} ${name}`),
  ];
  if (told.length === 0) return labels;
  const list = listOf(told);
  return `${labels} ${list[0]!.toUpperCase()}${list.slice(1)}.`.trim();
}

function isOrAre(count: number): string {
  return count === 1 ? "is" : "are";
}

/** `a`, `a and b`, `a, b and c`. */
export function listOf(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}
