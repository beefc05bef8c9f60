/**
 * Findings about memory.
 *
 * @module
 */

import { counted, formatBytes, formatSpan } from "../../display/numbers.ts";
import { SERIES } from "../../series.ts";
import { memoryGrowth, type MemoryPoint } from "../../statistics/memory_growth.ts";
import { lengthOf, within } from "../../statistics/spans.ts";
import { pausesOf, type QuantityCells } from "../shared/report_data.ts";
import { timeOfDay } from "../shared/clock_times.ts";
import { causeOf } from "./causes.ts";
import { capitalize, type FindingInputs, nameProcess, type UnexplainedFinding } from "./finding_inputs.ts";

/** Growth by this factor is bad. */
const DOUBLED = 2;

/** Maximum number of processes with a finding. */
const MAX_PROCESSES = 3;

/** Finds processes whose memory grew all the time. */
export function growingMemory(inputs: FindingInputs): UnexplainedFinding[] {
  const of = (label: string): readonly QuantityCells[] =>
    inputs.quantities.find((quantity) => quantity.label === label && quantity.unit === "bytes")?.processes ?? [];
  const heaps = new Map(of(SERIES.heapUsed).map((cells) => [cells.process, trendOf(cells, inputs)]));
  // Several processes that are shown as one have no common trend.
  const isOne = ({ process }: QuantityCells): boolean => inputs.processes[process]!.lives.length === 1;
  const grown = of(SERIES.rss).filter(isOne).flatMap((cells) => {
    const trend = trendOf(cells, inputs);
    return trend === undefined ? [] : [{ process: cells.process, heap: heaps.get(cells.process), ...trend }];
  }).sort((a, b) => b.to - b.from - (a.to - a.from));
  const left = grown.length - MAX_PROCESSES;
  return grown.slice(0, MAX_PROCESSES).map(({ process, from, to, seconds, isShort, window, heap }, i) => {
    const perMinute = (to - from) / seconds * 60;
    const withHeap = heap === undefined
      ? ""
      : `; its used heap grew too, from ${formatBytes(heap.from)} to ${formatBytes(heap.to)}`;
    const also = i < MAX_PROCESSES - 1 || left <= 0 ? "" : ` The memory of ${counted(left, "other process")} grew too.`;
    return {
      kind: "memory",
      weight: to >= DOUBLED * from && !isShort ? "bad" : "attention",
      text: capitalize(
        `the memory (RSS) of ${nameProcess(process, inputs)} grew from ${formatBytes(from)} to ${
          formatBytes(to)
        } within ${formatSpan(seconds)} from ${timeOfDay(window[0])} on, ` +
          `${
            perMinute >= 1e5
              ? `about ${formatBytes(perMinute)} per minute`
              : `about ${formatBytes(perMinute * 60)} per hour`
          }${withHeap}${isShort ? ", which is too short to tell a leak from a program that starts" : ""}.${also}`,
      ),
      label: SERIES.rss,
      process,
      window,
      causes: [causeOf.gc(process)],
    };
  });
}

/** Growth of a level. */
interface Trend {
  /** First and last value of the straight line through it. */
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  /** Whether the recording is too short to tell a leak from a program that starts. */
  readonly isShort: boolean;
  /** Ns since the report's `from`. */
  readonly window: [number, number];
}

/** Returns the growth of a level, if it is long, large and steady enough. */
function trendOf(cells: QuantityCells, inputs: FindingInputs): Trend | undefined {
  const { width } = inputs.bins;
  const points = cells.bin.map((bin, i): MemoryPoint => [(bin + 0.5) * width / 1e9, cells.mean[i]!]);
  const off = pausesOf(inputs, cells.pauses ?? inputs.processes[cells.process]?.pauses);
  const time = { from: (points[0]?.[0] ?? 0) * 1e9, to: (points.at(-1)?.[0] ?? 0) * 1e9 };
  const growth = memoryGrowth(points, lengthOf(within(off, time)) / 1e9);
  if (growth === undefined) return undefined;
  const { from, to, first, last, isShort } = growth;
  return { from, to, isShort, seconds: last - first, window: [first * 1e9, last * 1e9] };
}
