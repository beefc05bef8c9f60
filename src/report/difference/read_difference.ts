/**
 * Reads what a page that compares recordings shows, besides the changes that were found.
 *
 * @module
 */

import { readQuantityBlocks } from "../../analysis/compare/quantity_blocks.ts";
import { readRecordedTime } from "../../analysis/compare/recorded_time.ts";
import type { Comparison } from "../../analysis/compare/changes.ts";
import type { Selection, TelemetryDB } from "../../analysis/mod.ts";
import { counted } from "../../display/numbers.ts";
import { KymoError } from "../../errors.ts";
import type { Files } from "../../runtime.ts";
import { readRunMarks } from "../data/marks.ts";
import { readProfiles } from "../data/profiles.ts";
import { toDigits } from "../data/size_plan.ts";
import { Source } from "../data/source.ts";
import { type Bins, possibleBins, readShownTime, type ShownTime } from "../data/time_axis.ts";
import type {
  DifferenceData,
  FlameDifference,
  FoundChanges,
  LabelRun,
  RunData,
  RuntimeQuantity,
  RuntimeSeries,
  RunValues,
  Sides,
} from "../shared/difference_data.ts";
import { differenceOf } from "./flame_difference.ts";
import { readLabelRuns, type WantedLabel } from "./label_runs.ts";

/** A run that is compared. */
export interface DifferenceRun {
  /** As the user named it. */
  readonly name: string;
  readonly db: TelemetryDB;
  /** The files and directories it is in, for profiles. */
  readonly sources: readonly string[];
  /** What is selected of it. */
  readonly selection: Selection;
}

/** What the page is about. */
export interface DifferenceOptions extends Pick<DifferenceData, "title" | "kymo" | "confidence" | "margin"> {
  readonly made: Date;
  /** The names of the programs of both sides. */
  readonly programs: Sides<readonly string[]>;
  readonly files: Files;
  /** Called when a step begins, with the number of steps done. */
  readonly onProgress?: (done: number, total: number, step: string) => void;
}

/** Most bins of the time axis: more of them would have too few samples. */
const MAX_BINS = 120;

/** Most cells over time of all labels in all runs together; each takes some 8 bytes of the page. */
const MAX_CELLS = 60_000;

/** Most labels of the table, those that changed the most. */
const MAX_LABELS = 5_000;

/** Samples that a cell should have on average, so that its quantiles mean something. */
const ENOUGH = 20;

/** Fewest cells of a label over the longest run, however few samples there are. */
const FEWEST_CELLS = 20;

/** A run, and what is known of its time. */
interface OpenRun extends DifferenceRun {
  readonly side: "a" | "b";
  readonly index: number;
  readonly source: Source;
  readonly time: ShownTime;
}

/**
 * Reads what the page shows.
 *
 * @throws {KymoError} if the rows cannot be read, or a run has none.
 */
export async function readDifference(
  sides: Sides<readonly DifferenceRun[]>,
  found: FoundChanges,
  { title, kymo, made, confidence, margin, programs, files, onProgress = () => {} }: DifferenceOptions,
): Promise<DifferenceData> {
  const runs: OpenRun[] = [];
  for (const side of ["a", "b"] as const) {
    for (const [index, run] of sides[side].entries()) runs.push(await openRun(run, side, index));
  }
  const span = Math.max(...runs.map(({ time }) => Number(time.to - time.from)));
  const rows = found.comparisons.reduce((sum, { a, b }) => sum + (a?.count ?? 0) + (b?.count ?? 0), 0);
  const axes = possibleBins(span, rows);
  const bins = axes.find(({ count }) => count <= MAX_BINS) ?? axes.at(-1)!;
  const shown = worstFirst(found.comparisons).slice(0, MAX_LABELS);
  const wanted = wantedLabels(shown, bins, runs.length);

  const known = { a: [] as RunData[], b: [] as RunData[] };
  const labels = new Map(
    wanted.map(({ label, step }) => [label, { label, step, a: new Array<LabelRun>(), b: new Array<LabelRun>() }]),
  );
  const runtime: RuntimeSeries[] = [];
  const unmarked: string[] = [];
  for (const [done, run] of runs.entries()) {
    onProgress(done, runs.length + 1, run.name);
    const { side, index } = run;
    const { marks, problems } = await readRunMarks(run.source, run.time);
    unmarked.push(...problems.map((problem) => `${run.name}: ${problem}`));
    known[side].push({ ...await readRunData(run, bins), marks });
    for (const [label, of] of await readLabelRuns(run.source, run.time, bins, wanted)) {
      labels.get(label)![side].push({ run: index, ...of });
    }
    addRuntime(runtime, side, await readRuntime(run, bins, known[side].at(-1)!));
  }
  onProgress(runs.length, runs.length + 1, "profiles");
  const { flames, problems } = readFlames(sides, files);
  const left = found.comparisons.length - shown.length;
  return {
    format: 1,
    title,
    kymo,
    made: made.toISOString(),
    sides: {
      a: { name: nameOf(sides.a), runs: known.a, programs: programs.a },
      b: { name: nameOf(sides.b), runs: known.b, programs: programs.b },
    },
    confidence,
    margin,
    span,
    bins,
    ...found,
    comparisons: shown,
    labels: [...labels.values()],
    runtime: runtime.sort((one, other) => QUANTITIES.indexOf(one.quantity) - QUANTITIES.indexOf(other.quantity)),
    ...flames && { flames },
    problems: [
      ...left > 0 ? [`${counted(left, "label")} that changed the least ${left === 1 ? "is" : "are"} left out`] : [],
      ...runs.flatMap(({ name, time: { outside } }) =>
        outside > 0 ? [`${name}: ${counted(outside, "row")} not drawn: the timepoint is far from all others`] : []
      ),
      ...unmarked,
      ...problems,
    ],
  };
}

/** What a side is called. */
function nameOf(runs: readonly DifferenceRun[]): string {
  return runs.length === 1 ? runs[0]!.name : counted(runs.length, "run");
}

async function openRun(run: DifferenceRun, side: "a" | "b", index: number): Promise<OpenRun> {
  await run.db.load();
  const source = Source.of(run.db, run.selection);
  const time = await readShownTime(source, await run.db.pauses());
  if (time === undefined) throw new KymoError("not-found", `Cannot compare: ${run.name}: no observations`);
  return { ...run, side, index, source, time };
}

/** Labels in the order in which they are worth showing: what certainly changed the most comes first. */
function worstFirst(comparisons: readonly Comparison[]): Comparison[] {
  const size = ({ median, p99 }: Comparison): number =>
    Math.max(...[median, p99].map(({ ratio, interval, verdict }) => {
      const certain = verdict === "slower" || verdict === "faster" ? 1_000 : interval === undefined ? 0 : 500;
      return certain + Math.min(400, Math.abs(Math.log(ratio ?? 1)));
    }));
  return comparisons.toSorted((one, other) => size(other) - size(one));
}

/** The labels that are drawn, with as many cells as their samples are enough for. */
function wantedLabels(comparisons: readonly Comparison[], { count }: Bins, runs: number): WantedLabel[] {
  const wanted: WantedLabel[] = [];
  let room = MAX_CELLS;
  for (const { label, a, b } of comparisons) {
    const samples = Math.min(a?.count ?? Infinity, b?.count ?? Infinity) / (runs / 2);
    const cells = Math.max(FEWEST_CELLS, samples / ENOUGH);
    const step = Math.max(1, Math.ceil(count / cells));
    room -= Math.ceil(count / step) * runs;
    if (room < 0) break;
    wanted.push({ label, step });
  }
  return wanted;
}

async function readRunData(
  { name, db, selection, source, time }: OpenRun,
  { width }: Bins,
): Promise<Omit<RunData, "marks">> {
  const { from, to } = time;
  const filled = await source.rows<{ bin: number; rows: number }>(
    `SELECT ((Timepoint - ${from}) // ${width})::DOUBLE AS bin, count(*)::DOUBLE AS rows FROM ${source.relation}
    WHERE Timepoint BETWEEN ${from} AND ${to} GROUP BY bin`,
  );
  const bins = new Set(filled.map(({ bin }) => bin));
  const span = Number(to - from);
  const { labels: _, ...within } = selection;
  const recorded = await readRecordedTime(db.duration().where(within));
  return {
    name,
    from: String(from),
    span,
    off: recorded?.off ?? 0,
    rows: filled.reduce((sum, { rows }) => sum + rows, 0),
    empty: Array.from({ length: Math.floor(span / width) + 1 }, (_, bin) => bin).filter((bin) => !bins.has(bin)),
  };
}

/** What is drawn of the runtime, in this order. */
const QUANTITIES: readonly RuntimeQuantity[] = ["requests", "memory", "cores", "gc", "lag"];

/** Digits of a value that is drawn. */
const DIGITS = 5;

/** A bin of which the run has less than this part says nothing of a rate. */
const LEAST_PART = 0.1;

async function readRuntime(
  { db, selection, time: { from, to }, index }: OpenRun,
  { width }: Bins,
  { span, empty }: Pick<RunData, "span" | "empty">,
): Promise<Map<RuntimeQuantity, RunValues>> {
  const { labels: _, ...within } = selection;
  const time = { first: from, last: to, width: BigInt(width) };
  const { requests, ...blocks } = await readQuantityBlocks({ db, within }, time);
  const isEmpty = new Set(empty);
  const rates = new Map<number, number>();
  for (let bin = 0; requests.size > 0 && bin * width < span; bin++) {
    const length = Math.min(span, (bin + 1) * width) - bin * width;
    if (isEmpty.has(bin) || length < LEAST_PART * width) continue;
    rates.set(bin, (requests.get(bin) ?? 0) / length * 1e9);
  }
  const all = { requests: rates, memory: blocks.memory, cores: blocks.cores, gc: blocks.gc, lag: blocks.lag };
  return new Map(QUANTITIES.flatMap((quantity) => {
    const sorted = [...all[quantity]].filter(([bin]) => bin >= 0 && bin * width <= span).sort(([a], [b]) => a - b);
    const values = {
      run: index,
      bins: sorted.map(([bin]) => bin),
      values: sorted.map(([, of]) => toDigits(DIGITS, of)),
    };
    return sorted.length === 0 ? [] : [[quantity, values]];
  }));
}

function addRuntime(all: RuntimeSeries[], side: "a" | "b", of: ReadonlyMap<RuntimeQuantity, RunValues>): void {
  for (const [quantity, values] of of) {
    let at = all.findIndex((series) => series.quantity === quantity);
    if (at < 0) at = all.push({ quantity, a: [], b: [] }) - 1;
    all[at] = { ...all[at]!, [side]: [...all[at]![side], values] };
  }
}

/** The difference of the profiles of both sides, if both have some. */
function readFlames(
  { a, b }: Sides<readonly DifferenceRun[]>,
  files: Files,
): { readonly flames: FlameDifference | undefined; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const read = (runs: readonly DifferenceRun[]) =>
    runs.flatMap(({ sources, selection }) => {
      const found = readProfiles(sources, files, selection);
      problems.push(...found.problems);
      return found.profiles;
    });
  const [profilesA, profilesB] = [read(a), read(b)];
  const tree = differenceOf({ a: profilesA.map(({ tree }) => tree), b: profilesB.map(({ tree }) => tree) });
  const sampledOf = (profiles: typeof profilesA) => ({
    profiles: profiles.length,
    sampled: profiles.reduce((sum, { duration }) => sum + duration, 0),
    busy: profiles.reduce((sum, { tree }) => sum + tree.total, 0),
  });
  const flames = tree && { tree, sides: { a: sampledOf(profilesA), b: sampledOf(profilesB) } };
  const one = (profilesA.length === 0) !== (profilesB.length === 0);
  if (one) problems.push(`Only ${profilesA.length > 0 ? "A" : "B"} has CPU profiles: there is no flame graph`);
  return { flames, problems };
}
