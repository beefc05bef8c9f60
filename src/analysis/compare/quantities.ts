import type { Quantity, QuantityComparison } from "./changes.ts";
import { NANOSECONDS_PER_SECOND } from "../../series.ts";
import { checkCompareOptions, checkGroups, type CompareOptions } from "./comparison.ts";
import { readQuantityBlocks, readRuntimeTime, type Run } from "./quantity_blocks.ts";
import { differenceOfMeans, findingOf, meanOf, samplesFactor } from "./verdict.ts";

export type { Run };

/** Blocks that the time of a run is divided into. */
const BLOCKS = 10;

/** With fewer values than this, a single run has no interval. */
const MIN_VALUES = 5;

/** What is compared, in the order of the result. */
const SCALES: Readonly<Record<Quantity, QuantityComparison["scale"]>> = {
  memory: "ratio",
  "memory growth": "difference",
  gc: "difference",
  cpu: "ratio",
  lag: "ratio",
};

const VERDICTS = { above: "more", below: "less", same: "same", "cannot tell": "cannot tell" } as const;

/**
 * Compares the runtime of two runs, or of two groups of runs: memory and its growth, garbage
 * collection, CPU time for each request, and the event loop's lag. Those that neither recorded are
 * left out.
 *
 * Of two single runs the time of each is divided into ten blocks, and Welch's interval is that of the
 * difference of the means of these (Ibragimov & Müller, see `bootstrap.ts`); of several runs it is
 * that of the runs' means. The intervals hold together (Bonferroni). Of ratios, the margin is that of
 * the durations. Shares of GC are the same up to a tenth of it (0.5 points of 5 %), and growth up to
 * that part of the memory in an hour.
 *
 * @throws {KymoError} `invalid-argument`, if an option is wrong, or one run is given with several.
 *
 * @example
 * ```ts
 * import { compareQuantities, TelemetryDB } from "@kymo/kymo/analysis";
 * import { assertEquals } from "@std/assert";
 * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
 *
 * // Two runs of 100 seconds; in the second there is half as much memory again.
 * for (const [directory, rss] of [["_one", 100e6], ["_other", 150e6]] as const) {
 *   const rows = Array.from({ length: 100 }, (_, i) => `${1700000000n + BigInt(i)}000000000,${rss + i % 7 * 1e5},rss,42\r\n`);
 *   mkdirSync(directory);
 *   writeFileSync(`${directory}/runtime.1.csv`, `Timepoint,Measurement,Label,PID\r\n${rows.join("")}`);
 * }
 * {
 *   await using a = await TelemetryDB.open("_one");
 *   await using b = await TelemetryDB.open("_other");
 *   const [memory] = await compareQuantities({ db: a }, { db: b });
 *   assertEquals([memory?.quantity, memory?.change?.toFixed(2), memory?.verdict], ["memory", "1.50", "more"]);
 * }
 * for (const directory of ["_one", "_other"]) rmSync(directory, { recursive: true });
 * ```
 */
export async function compareQuantities(
  a: Run | readonly Run[],
  b: Run | readonly Run[],
  options: Pick<CompareOptions, "confidence" | "margin"> = {},
): Promise<QuantityComparison[]> {
  const [runsA, runsB] = [[a].flat(), [b].flat()] as [Run[], Run[]];
  checkGroups(runsA.length, runsB.length);
  const { confidence, margin } = checkCompareOptions(options);
  const read = async (runs: readonly Run[]): Promise<RunValues[]> => {
    const values: RunValues[] = [];
    for (const run of runs) values.push(await readRun(run));
    return values;
  };
  const [valuesA, valuesB] = [await read(runsA), await read(runsB)];
  const compared = (Object.keys(SCALES) as Quantity[]).filter((of) =>
    [...valuesA, ...valuesB].some(({ blocks }) => blocks[of].length > 0)
  );
  const tail = (1 - confidence) / Math.max(1, compared.length) / 2;
  const memory = meanOf(valuesA.flatMap(({ blocks }) => blocks.memory));
  return compared.map((quantity) => {
    const own = {
      memory: margin,
      "memory growth": Number.isFinite(memory) ? margin * memory / 3600 : 0,
      gc: margin / 10,
      cpu: margin,
      lag: margin,
    }[quantity];
    return compareQuantity(quantity, valuesA, valuesB, { tail, margin: own });
  });
}

/** The values of one run: of each quantity those of the blocks of time that have any. */
interface RunValues {
  readonly seconds: number;
  readonly blocks: Readonly<Record<Quantity, readonly number[]>>;
}

function compareQuantity(
  quantity: Quantity,
  runsA: readonly RunValues[],
  runsB: readonly RunValues[],
  { tail, margin }: { readonly tail: number; readonly margin: number },
): QuantityComparison {
  const scale = SCALES[quantity];
  const isGroup = runsA.length > 1;
  const valuesOf = (runs: readonly RunValues[]): number[] =>
    isGroup
      ? runs.map(({ blocks }) => meanOf(blocks[quantity])).filter(Number.isFinite)
      : [...runs[0]!.blocks[quantity]];
  const [a, b] = [valuesOf(runsA), valuesOf(runsB)];
  const mean = (values: readonly number[]): number | undefined => values.length === 0 ? undefined : meanOf(values);
  const shared = { quantity, a: mean(a), b: mean(b), scale, margin };
  const unknown = (reason: string, change?: number): QuantityComparison => ({
    ...shared,
    change,
    interval: undefined,
    verdict: "cannot tell",
    reason,
  });
  if (shared.a === undefined || shared.b === undefined) return unknown(`only in ${shared.a === undefined ? "b" : "a"}`);
  const isRatio = scale === "ratio";
  if (isRatio && !(shared.a > 0 && shared.b > 0)) return unknown("the ratio needs positive numbers");
  const toChange = (difference: number): number => isRatio ? Math.exp(difference) : difference;
  const least = isGroup ? 2 : MIN_VALUES;
  for (const [side, values] of [["a", a], ["b", b]] as const) {
    if (values.length >= least) continue;
    const change = isRatio ? shared.b / shared.a : shared.b - shared.a;
    return unknown(
      `${side}: ${isGroup ? "only one of its runs has it" : "too short, or recorded in a part of its time"}`,
      change,
    );
  }
  // Of positive values whose ratio counts, relative to their mean: a block without any lag has no logarithm.
  const scaled = (values: readonly number[]): number[] =>
    isRatio ? values.map((value) => value / meanOf(values) - 1 + Math.log(meanOf(values))) : [...values];
  const { difference, interval } = differenceOfMeans(scaled(a), scaled(b), tail);
  const own = isRatio ? Math.log1p(margin) : margin;
  const finding = findingOf(interval, own);
  const count = isGroup ? Math.max(a.length, b.length) : Math.max(runsA[0]!.seconds, runsB[0]!.seconds);
  const needed = finding === "cannot tell" ? count * samplesFactor(difference, interval, own) : Infinity;
  return {
    ...shared,
    change: toChange(difference),
    interval: [toChange(interval[0]), toChange(interval[1])],
    verdict: VERDICTS[finding],
    ...Number.isFinite(needed) && { needed: Math.ceil(needed) },
  };
}

async function readRun(run: Run): Promise<RunValues> {
  const time = await readRuntimeTime(run);
  if (time === undefined || time.first === time.last) {
    return { seconds: 0, blocks: { memory: [], "memory growth": [], gc: [], cpu: [], lag: [] } };
  }
  const width = (time.last - time.first) / BigInt(BLOCKS) + 1n;
  const { memory, growth, gc, cpu, lag } = await readQuantityBlocks(run, { ...time, width });
  return {
    seconds: Number(width) / NANOSECONDS_PER_SECOND * BLOCKS,
    blocks: {
      memory: [...memory.values()],
      "memory growth": growth,
      gc: [...gc.values()],
      cpu: [...cpu.values()],
      lag: [...lag.values()],
    },
  };
}
