/**
 * A comparison as text.
 *
 * @module
 */

import type {
  Change,
  ComparedSeries,
  Comparison,
  FailureComparison,
  QuantityComparison,
} from "../../../analysis/compare/changes.ts";
import type { RecordedTime } from "../../../analysis/compare/recorded_time.ts";
import type { RouteOutcomes } from "../../../analysis/frames/route_outcomes.ts";
import {
  counted,
  formatChange,
  formatCount,
  formatDuration,
  formatShare,
  formatSpan,
} from "../../../display/numbers.ts";
import { labelText, sanitize } from "../../../display/sanitize.ts";
import {
  longEnough,
  pointsText,
  QUANTITY_NAMES,
  quantityChange,
  quantityInterval,
  quantityText,
  verdictText,
} from "../../../report/shared/changes_in_words.ts";
import type { FoundChanges } from "../../../report/shared/difference_data.ts";
import { bold, COMPACT, dim, SPACED } from "../../terminal/style.ts";
import { formatTable, type TableRoom } from "../../terminal/table.ts";

/** What was compared, and how. */
export interface Compared {
  /** The recordings as the user named them: of each side one, or several runs. */
  readonly a: readonly string[];
  readonly b: readonly string[];
  /** The names of their programs. */
  readonly programs: { readonly a: readonly string[]; readonly b: readonly string[] };
  /** For how long each run was recorded; `undefined` if recording was never switched off. */
  readonly recorded: {
    readonly a: readonly (RecordedTime | undefined)[];
    readonly b: readonly (RecordedTime | undefined)[];
  };
  /** Percent. */
  readonly confidence: number;
  /** Percent. */
  readonly margin: number;
}

/** Comparisons as tables, with notes below. */
export function formatComparisons(
  { comparisons, failures, quantities }: FoundChanges,
  look: Compared & TableRoom,
): string {
  const { a, b, programs, recorded, confidence, margin, hasColors } = look;
  const isGroup = a.length > 1;
  const heading = `${a.length > 1 ? `${b.length} runs` : sanitize(b[0]!)} (B) compared with ${
    a.length > 1 ? `${a.length} runs` : sanitize(a[0]!)
  } (A)`;
  const who = [["A", a, programs.a, recorded.a], ["B", b, programs.b, recorded.b]] as const;
  const title = `${hasColors ? bold(heading) : heading}\n${
    who.map(([side, names, ...of]) => runsLine(side, names) + programsLine(side, ...of)).join("")
  }`;
  const table = formatTable<Comparison>(
    [
      { title: "label", side: "left", narrowest: 16, cell: ({ label }) => labelText(label) },
      { title: "A count", rank: 1, cell: ({ a }) => countCell(a) },
      { title: "B count", rank: 1, cell: ({ b }) => countCell(b) },
      { title: "A p50", rank: 3, cell: ({ a }) => durationCell(a?.median) },
      { title: "B p50", rank: 3, cell: ({ b }) => durationCell(b?.median) },
      { title: "change of p50", side: "left", rank: 5, cell: ({ median }) => changeText(median) },
      { title: "A p99", rank: 2, cell: ({ a }) => durationCell(a?.p99) },
      { title: "B p99", rank: 2, cell: ({ b }) => durationCell(b?.p99) },
      { title: "change of p99", side: "left", rank: 4, cell: ({ p99 }) => changeText(p99) },
      { title: "verdict", side: "left", cell: verdictText, style: coloured },
    ],
    comparisons,
    look,
  );
  const intervals = comparisons.filter(({ a, b }) => a !== undefined && b !== undefined).length * 2;
  const ignored = margin > 0 ? `; the same is what changed by ${margin} % at most` : "";
  const from = isGroup ? ", by what differs from run to run" : "";
  const confident = intervals === 0
    ? "No label is in both recordings."
    : `The intervals of ${
      counted(intervals, "change")
    } hold together with ${confidence} % confidence${from}${ignored}.`;
  const notes = [...missingIntervals(comparisons), ...wideIntervals(comparisons, isGroup), confident].map((note) =>
    `${hasColors ? dim(note) : note}\n`
  );
  return `${title}\n${table}\n${notes.join("")}${formatFailures(failures, look)}${formatQuantities(quantities, look)}`;
}

/** The names of the runs of a side, as a line; empty if there is one, which the heading has. */
function runsLine(side: string, names: readonly string[]): string {
  return names.length === 1 ? "" : `${side}: ${names.map(sanitize).join(", ")}\n`;
}

/** Programs that are named in the heading. */
const MOST_NAMES = 3;

/**
 * Which programs recorded a side, and for how long recording was off, as a line; empty without
 * either.
 */
function programsLine(side: string, names: readonly string[], times: readonly (RecordedTime | undefined)[]): string {
  const paused = times.filter((time) => time !== undefined);
  const time = paused.length === 0 ? undefined : {
    seconds: paused.reduce((sum, { seconds }) => sum + seconds, 0),
    off: paused.reduce((sum, { off }) => sum + off, 0),
  };
  const more = names.length > MOST_NAMES ? `, and ${names.length - MOST_NAMES} more` : "";
  const parts = [
    ...names.length === 0 ? [] : [names.slice(0, MOST_NAMES).map(sanitize).join(", ") + more],
    ...time === undefined || time.off === 0
      ? []
      : [`recording was off for ${formatSpan(time.off, SPACED)} of ${formatSpan(time.seconds, SPACED)}`],
  ];
  return parts.length === 0 ? "" : `${side}: ${parts.join("; ")}\n`;
}

/** The routes with failed requests, as a table; empty if there are none. */
function formatFailures(failures: readonly FailureComparison[], look: Compared & TableRoom): string {
  if (failures.length === 0) return "";
  const share = (outcomes: RouteOutcomes | undefined): string =>
    outcomes === undefined ? "–" : formatShare(outcomes.failed / outcomes.requests);
  const table = formatTable<FailureComparison>(
    [
      { title: "route", side: "left", narrowest: 16, cell: ({ route }) => labelText(route) },
      { title: "A requests", rank: 1, cell: ({ a }) => a === undefined ? "–" : formatCount(a.requests, COMPACT) },
      { title: "B requests", rank: 1, cell: ({ b }) => b === undefined ? "–" : formatCount(b.requests, COMPACT) },
      { title: "A failed", rank: 3, cell: ({ a }) => share(a) },
      { title: "B failed", rank: 3, cell: ({ b }) => share(b) },
      { title: "change", side: "left", rank: 2, cell: pointsCell },
      {
        title: "verdict",
        side: "left",
        cell: ({ a, b, verdict }) => a === undefined ? "only in B" : b === undefined ? "only in A" : verdict,
        style: coloured,
      },
    ],
    failures,
    look,
  );
  const title = "Requests that failed";
  return `\n${look.hasColors ? bold(title) : title}\n${table}`;
}

/** A difference of shares in percentage points, with its interval: `+1.2 (+0.3 … +2.5)`. */
function pointsCell({ difference, interval }: FailureComparison): string {
  if (difference === undefined || interval === undefined) return "";
  return `${pointsText(difference)} points (${interval.map(pointsText).join(" … ")})`;
}

/** The quantities of the runtime, as a table; empty if there are none. */
function formatQuantities(quantities: readonly QuantityComparison[], look: Compared & TableRoom): string {
  if (quantities.length === 0) return "";
  const table = formatTable<QuantityComparison>(
    [
      { title: "quantity", side: "left", cell: ({ quantity }) => QUANTITY_NAMES[quantity] },
      { title: "A", rank: 2, cell: ({ quantity, a }) => quantityText(quantity, a, COMPACT) },
      { title: "B", rank: 2, cell: ({ quantity, b }) => quantityText(quantity, b, COMPACT) },
      { title: "change", side: "left", rank: 1, cell: quantityCell },
      {
        title: "verdict",
        side: "left",
        narrowest: 16,
        cell: ({ verdict, needed, reason }) =>
          verdict !== "cannot tell"
            ? verdict
            : reason !== undefined
            ? `cannot tell: ${reason}`
            : needed === undefined
            ? verdict
            : `cannot tell: would take ${
              look.a.length > 1 ? counted(needed, "run") : longEnough(needed, SPACED)
            } of each`,
        style: coloured,
      },
    ],
    quantities,
    look,
  );
  return `\n${look.hasColors ? bold("Runtime") : "Runtime"}\n${table}`;
}

/** A change of a quantity with its interval. */
function quantityCell(of: QuantityComparison): string {
  const interval = quantityInterval(of, COMPACT);
  return `${quantityChange(of, COMPACT)}${interval === "" ? "" : ` (${interval})`}`;
}

/** A change with its interval: `+12.3 % (+10.1 … +14.6)`. */
function changeText({ ratio, interval }: Change): string {
  if (ratio === undefined) return "";
  const range = interval === undefined ? "" : ` (${formatChange(interval[0])} … ${formatChange(interval[1])})`;
  return `${formatChange(ratio)} %${range}`;
}

function countCell(series: ComparedSeries | undefined): string {
  return series === undefined ? "–" : formatCount(series.count, COMPACT);
}

/** A duration; a dash if there is none, as between two infinities. */
function durationCell(seconds = NaN): string {
  return Number.isNaN(seconds) ? "–" : formatDuration(seconds, COMPACT);
}

function coloured(text: string): string {
  const code = /slower|more/.test(text) ? 31 : /faster|fewer|less/.test(text) ? 32 : 2;
  return `\x1b[${code}m${text}\x1b[${code === 2 ? 22 : 39}m`;
}

/**
 * Why intervals are missing: one sentence per reason, with its labels. How few samples each has is
 * in the JSON.
 */
function missingIntervals(comparisons: readonly Comparison[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { label, a, b, median, p99 } of comparisons) {
    if (a === undefined || b === undefined) continue;
    for (const [name, { reason, needed }] of Object.entries({ p50: median, p99 })) {
      if (reason === undefined) continue; // one that is too wide has its own note
      const why = needed === undefined ? reason.replace(/^[ab]: /, "") : `fewer than ${needed} independent samples`;
      const key = `${name}: ${why}`;
      reasons.set(key, [...reasons.get(key) ?? [], labelText(label)]);
    }
  }
  return Array.from(reasons, ([why, labels]) => `No interval of ${why}: ${labels.join(", ")}.`);
}

/** Labels that a note names. */
const MOST_LABELS = 5;

/**
 * What it would take to tell where an interval is too wide: a sentence for the p50, and one for the p99.
 */
function wideIntervals(comparisons: readonly Comparison[], isGroup: boolean): string[] {
  return (["median", "p99"] as const).flatMap((name) => {
    const wide = comparisons.filter(({ [name]: { verdict, interval } }) =>
      verdict === "cannot tell" && interval !== undefined
    );
    const told = wide.filter(({ [name]: { needed } }) => needed !== undefined)
      .sort((one, other) => one[name].needed! - other[name].needed!);
    if (wide.length === 0) return [];
    const some = told.slice(0, MOST_LABELS).map(({ label, [name]: { needed } }) =>
      `${formatCount(Number(needed!.toPrecision(2)), SPACED)} of ${labelText(label)}`
    );
    const more = told.length - some.length;
    const endless = wide.length - told.length;
    const parts = [
      ...some,
      ...more > 0 ? [`more of ${counted(more, "other label")}`] : [],
      ...endless > 0 ? [`no number of ${counted(endless, "label")}, whose change is at the margin`] : [],
    ];
    return [
      `To tell the ${name === "median" ? "p50" : name} would take about so many ${
        isGroup ? "runs" : "samples"
      } on each side: ${parts.join(", ")}.`,
    ];
  });
}
