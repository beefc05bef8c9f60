import { type Figure, type Findings, isReached } from "./figure.ts";
import { goalsReached } from "./goals_reached.ts";
import type { Machine } from "../harness/machine.ts";

/** The outcome of a part of the bench in one configuration. */
export interface Run {
  /** Runtime and permissions, as a heading of a column. */
  readonly configuration: string;
  /** The findings, or why there are none. */
  readonly outcome: Findings | { readonly failure: string };
}

/** The outcome of a part of the bench. */
export interface PartResults {
  readonly name: string;
  /** What is measured, and how, in Markdown; may begin with a heading. */
  readonly about: string;
  readonly runs: readonly Run[];
}

/** Date and machine of the measurements. */
export interface Circumstances {
  readonly date: Date;
  readonly machine: Machine;
}

/** Several parts as a page of Markdown. */
export function resultsPage(parts: readonly PartResults[], { date, machine }: Circumstances): string {
  const sections = parts.map(partSection);
  const { processor, cores, memory, system, versions } = machine;
  return [
    "# What Kymo costs",
    `Measured on ${
      date.toISOString().slice(0, 10)
    } by \`deno task bench\`, which wrote this page, on ${processor} with ${cores} ` +
    `cores and ${memory.toFixed(0)} GiB of memory under ${system}, with ` +
    `${Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ")}.`,
    "![What one duration sample costs: all contenders on Deno and on Bun](comparison.svg)",
    "## How to read it",
    "A cell holds the median of several rounds, with the lowest and the highest in brackets. Most of what is compared takes turns in " +
    "one and the same run, so ratios (×) say more than times, which depend on the machine and what else it does. Where there was a goal it " +
    "follows the figure, with ✓ if the median reaches it and ✗ if not; no test depends on it. Every part checks, before or after, " +
    "that everyone did what it is timed for.",
    "_Deno_ has all permissions. _Deno without --allow-ffi_ has all but that one, so that Kymo reads `performance.now()` and its buffers " +
    "are in heap memory.",
    goalsReached(sections),
    "To repeat all of it, which rewrites this page and the chart, run `deno task bench`; `deno task bench compare encode` runs these " +
    "two parts and only prints what they find, and with `--update` it puts that into this page.",
    ...sections,
  ].join("\n\n") + "\n";
}

/** One part in Markdown: heading, explanation, table, failures. */
export function partSection({ name, about, runs }: PartResults): string {
  const lines = figureLines(runs);
  const text = about.trim().replace(/^#+ /, "## ");
  return [
    text.startsWith("## ") ? text : `## ${name}\n\n${text}`.trim(),
    ...lines.length > 0 ? [table(["what", ...runs.map(({ configuration }) => configuration)], lines)] : [],
    ...runs.flatMap(({ configuration, outcome }) =>
      "failure" in outcome ? [`**Failed on ${configuration}:**`, codeBlock(outcome.failure)] : []
    ),
  ].join("\n\n");
}

/** A page with some parts replaced by new measurements, or added. */
export function updatedPage(page: string, parts: readonly PartResults[], date: Date): string {
  const [head = "", ...sections] = page.trim().split(/\n+(?=## (?!How to read it))/);
  for (const part of parts) {
    const section = partSection(part);
    const [heading = ""] = section.split("\n", 1);
    const dated = section.replace(heading, `${heading}\n\n_Measured on ${date.toISOString().slice(0, 10)}._`);
    const place = sections.findIndex((existing) => existing.startsWith(`${heading}\n`));
    sections.splice(place < 0 ? sections.length : place, place < 0 ? 0 : 1, dated);
  }
  const newHead = head.replace(/\*\*\d+ of \d+ goals are reached[^]*?(?=\n\nTo repeat)/, goalsReached(sections));
  return `${[newHead, ...sections].join("\n\n")}\n`;
}

/**
 * The figures of all configurations, one line for the same figure, in order of first appearance.
 */
function figureLines(runs: readonly Run[]): string[][] {
  const columns = runs.map(({ outcome }) => new Map(figuresOf(outcome).map((figure) => [nameOf(figure), figure])));
  const names = new Set(columns.flatMap((column) => [...column.keys()]));
  return [...names].map((name) => [name, ...columns.map((column) => cell(column.get(name)))]);
}

function figuresOf(outcome: Run["outcome"]): readonly Figure[] {
  return "figures" in outcome ? outcome.figures : [];
}

function nameOf({ what, against }: Figure): string {
  return against === undefined ? what : `${what}, against ${against}`;
}

function cell(figure: Figure | undefined): string {
  if (figure === undefined) return "–";
  const { unit, value: { median, lowest, highest }, goal } = figure;
  const decimals = decimalsFor(median);
  const [middle, low, high] = [median, lowest, highest].map((value) => decimal(value, decimals));
  const amount = `${middle} ${unit.replace(/^x\b/, "×")}`.trim();
  const range = low === high ? "" : ` (${low}–${high})`;
  if (goal === undefined) return amount + range;
  const [sign, bound] = "atMost" in goal ? ["≤", goal.atMost] : ["≥", goal.atLeast];
  return `${amount}${range}, ${sign} ${bound.toLocaleString("en")} ${isReached(figure) ? "✓" : "✗"}`;
}

/** Decimals to show: three significant digits, two decimals of small numbers. */
function decimalsFor(value: number): number {
  if (Math.abs(value) < 10) return 2;
  return Math.abs(value) < 100 ? 1 : 0;
}

function decimal(value: number, decimals: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

function table(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const rule = header.map((_, column) => column === 0 ? "---" : "--:");
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [row(header), row(rule), ...lines.map(row)].join("\n");
}

/** Escapes a text for Markdown. */
function codeBlock(text: string): string {
  const fence = "`".repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)));
  return `${fence}text\n${text.trim()}\n${fence}`;
}
