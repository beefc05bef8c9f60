/**
 * Time in which nothing ran, in profiles of profilers that do not record it.
 *
 * V8 takes samples while a thread waits, too, and names them `(idle)`. JavaScriptCore takes none,
 * so in a file of Bun's `--cpu-prof` a second of sleep is a second from one sample to the next, and
 * would be time of the function that was sampled last.
 *
 * So in a profile that has none of V8's names for time without a function, a distance between two
 * samples of more than {@linkcode GAP_INTERVALS} sampling intervals is a gap: the sample before it
 * lasts one interval, and the rest is idle. The interval is the median distance, since no file says
 * it. Ten, because samples also come late while the thread works: of a program on Bun that did
 * nothing but work (JSON, sorting, compression, regular expressions and files, on a machine with
 * four programs for each processor) 1.8 % of the time was in distances of more than 5 intervals,
 * 0.3 % in those of more than 10, and none in those of more than 11. Shorter waits stay with the
 * function before them.
 *
 * @module
 */

import { counted, formatDuration } from "../../display/numbers.ts";
import type { CpuProfile, CpuProfileNode } from "../../runtime.ts";

/** Sampling intervals from which on a distance between two samples is a gap. */
export const GAP_INTERVALS = 10;

/** Fewer samples do not show at which interval they were taken. */
const MIN_SAMPLES = 20;

const SPACED = { space: " " };

/** Names that profilers which record idle time give to time without a function. */
const NAMED = new Set(["(idle)", "(program)", "(garbage collector)"]);

/**
 * Gives the gaps between the samples of a profile to a node `(idle)`, and says so; `undefined` if
 * there are none, or if its profiler records idle time itself.
 */
export function markIdleGaps(
  profile: CpuProfile,
): { readonly profile: CpuProfile; readonly assumed: string } | undefined {
  const { nodes, startTime, endTime, samples = [], timeDeltas = [] } = profile;
  if (samples.length < MIN_SAMPLES || nodes.some(({ callFrame }) => isNamed(callFrame))) return undefined;
  const interval = median(timeDeltas.slice(1));
  const longest = GAP_INTERVALS * interval;
  if (!(interval > 0)) return undefined;

  const idle = nodes.reduce((highest, { id }) => Math.max(highest, id), 0) + 1;
  if (!Number.isSafeInteger(idle)) return undefined;
  const marked: { readonly id: number; readonly delta: number }[] = [];
  let time = startTime;
  let gaps = 0;
  let idleTime = 0;
  for (const [i, id] of samples.entries()) {
    const delta = timeDeltas[i]!;
    time += delta;
    // Before the idle sample of a gap there was an interval that belongs to the sample before it.
    marked.push({ id, delta: marked.at(-1)?.id === idle ? delta - interval : delta });
    const distance = timeDeltas[i + 1] ?? endTime - time;
    if (distance <= longest) continue;
    marked.push({ id: idle, delta: interval });
    gaps++;
    idleTime += distance - interval;
  }
  if (gaps === 0) return undefined;
  const [root, ...others] = nodes as [CpuProfileNode, ...CpuProfileNode[]];
  const callFrame = { functionName: "(idle)", scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 };
  return {
    profile: {
      nodes: [{ ...root, children: [...root.children ?? [], idle] }, ...others, { id: idle, callFrame }],
      startTime,
      endTime,
      samples: marked.map(({ id }) => id),
      timeDeltas: marked.map(({ delta }) => delta),
    },
    assumed: `its profiler records no idle time: taken as idle are ${counted(gaps, "gap")} of more than ${
      formatDuration(longest / MICROSECONDS, SPACED)
    } (${GAP_INTERVALS} sampling intervals) between samples, ${formatDuration(idleTime / MICROSECONDS, SPACED)} in all`,
  };
}

const MICROSECONDS = 1e6;

function isNamed({ functionName, url }: CpuProfileNode["callFrame"]): boolean {
  return url === "" && NAMED.has(functionName);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
