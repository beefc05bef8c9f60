import { sanitize } from "../../../display/sanitize.ts";
import { counted, formatChange, formatCount, formatDuration } from "../../../display/numbers.ts";
import type { Change, ComparedSeries, Comparison } from "../../../analysis/compare/comparison.ts";
import { formatTable, type TableRoom } from "../../terminal/table.ts";
import { bold, COMPACT, dim } from "../../terminal/text.ts";

/** What was compared. */
interface Compared {
  /** What the user named. */
  readonly a: string;
  readonly b: string;
  /** Percent. */
  readonly confidence: number;
  /** Percent. */
  readonly margin: number;
}

/** What `--json` prints, for the help. */
export const jsonHelp = `
--json prints one object: a, b, confidence, margin, seed, unread: {a, b}, and
comparisons, a list of
  label        string
  a, b         {count, median, p99}, in seconds; null if it is not there
  median, p99  {ratio, interval: [low, high], confidence, verdict, reason?};
               ratio is b / a; ratio and interval are null if nobody can tell,
               and reason says why; verdict: "faster", "slower", "cannot tell"
  verdict      both in words, as in the table`;

/** Comparisons as one line of JSON. */
export function toJson(
  comparisons: readonly Comparison[],
  compared: Compared & { readonly seed: number; readonly unread: { readonly a: number; readonly b: number } },
): string {
  const list = comparisons.map((comparison) => ({ ...comparison, verdict: inWords(comparison) }));
  return JSON.stringify({ ...compared, comparisons: list }, (_, value) => value === undefined ? null : value);
}

/** Comparisons as a table, and what is to be said about them. */
export function formatComparisons(comparisons: readonly Comparison[], look: Compared & TableRoom): string {
  const { a, b, confidence, margin, hasColors } = look;
  const title = `${sanitize(b)}, compared with ${sanitize(a)}`;
  const lines = [hasColors ? bold(title) : title];
  if (comparisons.length === 0) return `${lines[0]}\nThere are no durations, or none are selected.\n`;
  const intervals = comparisons.filter(({ a, b }) => a !== undefined && b !== undefined).length * 2;
  const bounds = `Bounds of ${counted(intervals, "change")} that hold together with ${confidence} % confidence`;
  const note = `${bounds}${margin > 0 ? `; changes up to ${margin} % do not matter` : ""}.`;
  return [
    ...lines.map((line) => `${line}\n`),
    "\n",
    formatTable<Comparison>(
      [
        { title: "label", side: "left", narrowest: 16, cell: ({ label }) => sanitize(label) },
        { title: "A count", rank: 1, cell: ({ a }) => cell(a, ({ count }) => formatCount(count, COMPACT)) },
        { title: "B count", rank: 1, cell: ({ b }) => cell(b, ({ count }) => formatCount(count, COMPACT)) },
        { title: "A p50", rank: 3, cell: ({ a }) => cell(a, ({ median }) => formatDuration(median, COMPACT)) },
        { title: "B p50", rank: 3, cell: ({ b }) => cell(b, ({ median }) => formatDuration(median, COMPACT)) },
        { title: "change of p50", side: "left", rank: 5, cell: ({ median }) => changeText(median) },
        { title: "A p99", rank: 2, cell: ({ a }) => cell(a, ({ p99 }) => formatDuration(p99, COMPACT)) },
        { title: "B p99", rank: 2, cell: ({ b }) => cell(b, ({ p99 }) => formatDuration(p99, COMPACT)) },
        { title: "change of p99", side: "left", rank: 4, cell: ({ p99 }) => changeText(p99) },
        { title: "verdict of B", side: "left", cell: inWords, style: coloured },
      ],
      comparisons,
      look,
    ),
    ...whyNot(comparisons),
    note,
  ].map((part, index) => index < 3 ? part : `${index === 3 ? "\n" : ""}${hasColors ? dim(part) : part}\n`).join("");
}

/** Both verdicts: `slower` if there is but one, `p99 slower` if the other is that nobody can tell. */
function inWords({ a, b, median, p99 }: Comparison): string {
  if (a === undefined) return "only in B";
  if (b === undefined) return "only in A";
  if (median.verdict === p99.verdict) return median.verdict;
  return Object.entries({ p50: median, p99 }).filter(([, { verdict }]) => verdict !== "cannot tell")
    .map(([name, { verdict }]) => `${name} ${verdict}`).join(", ");
}

/** A change in percent with its bounds: `+12.3 % (+10.1 … +14.6)`. */
function changeText({ ratio, interval }: Change): string {
  if (ratio === undefined) return "";
  const bounds = interval === undefined ? "" : ` (${formatChange(interval[0])} … ${formatChange(interval[1])})`;
  return `${formatChange(ratio)} %${bounds}`;
}

function cell(series: ComparedSeries | undefined, format: (series: ComparedSeries) => string): string {
  return series === undefined ? "–" : format(series);
}

function coloured(text: string): string {
  const code = text.includes("slower") ? 31 : text.includes("faster") ? 32 : 2;
  return `\x1b[${code}m${text}\x1b[${code === 2 ? 22 : 39}m`;
}

/** Why there are no bounds, once for all labels of which the same is to be said; how few samples each has is in the JSON. */
function whyNot(comparisons: readonly Comparison[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { label, a, b, median, p99 } of comparisons) {
    if (a === undefined || b === undefined) continue;
    for (const [name, { reason, needed }] of Object.entries({ p50: median, p99 })) {
      if (reason === undefined) continue;
      const why = needed === undefined ? reason.replace(/^[ab]: /, "") : `${needed} independent samples are needed`;
      const key = `${name}: ${why}`;
      reasons.set(key, [...reasons.get(key) ?? [], sanitize(label)]);
    }
  }
  return Array.from(reasons, ([why, labels]) => `No bounds of ${why}: ${labels.join(", ")}.`);
}
