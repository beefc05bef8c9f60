import { durationRoom, MAX_STATISTICS, QUANTITY_BYTES } from "./cost.ts";
import type { Bins } from "./time_axis.ts";

/** A series, and what it would cost to show it over time. */
export interface SeriesCost {
  /** The more it weighs the sooner it is shown. */
  readonly weight: number;
  /** Bytes, for each possible axis. */
  readonly bytes: readonly number[];
}

/** What is shown over time, and how finely. */
export interface Plan {
  readonly bins: Bins;
  /** Indices of the series of durations. */
  readonly durations: ReadonlySet<number>;
  /** Indices of the series of quantities. */
  readonly quantities: ReadonlySet<number>;
}

/** The axis is as fine as it can be with so many of the weightiest series of either kind on it. */
const IMPORTANT = 50;

/**
 * Chooses the finest axis on which the important series find room, and puts as many as possible of the others on it, beside so many `statistics`
 * of durations.
 */
export function makePlan(
  axes: readonly Bins[],
  durations: readonly SeriesCost[],
  quantities: readonly SeriesCost[],
  statistics: number = MAX_STATISTICS,
): Plan {
  const chosen = [...axes.keys()].map((axis) => {
    const others = choose(quantities, axis, QUANTITY_BYTES);
    const taken = [...others].reduce((sum, i) => sum + quantities[i]!.bytes[axis]!, 0);
    const shown = choose(durations, axis, durationRoom(statistics, taken));
    return { bins: axes[axis]!, durations: shown, quantities: others };
  });
  const isEnough = (plan: Plan): boolean =>
    hasImportant(plan.durations, durations) && hasImportant(plan.quantities, quantities);
  return chosen.find(isEnough) ?? chosen.at(-1)!;
}

/** Takes what fits, the weightiest first. */
function choose(series: readonly SeriesCost[], axis: number, room: number): Set<number> {
  const chosen = new Set<number>();
  for (const i of byWeight(series)) {
    const bytes = series[i]!.bytes[axis]!;
    if (bytes > room) continue;
    room -= bytes;
    chosen.add(i);
  }
  return chosen;
}

function hasImportant(chosen: ReadonlySet<number>, series: readonly SeriesCost[]): boolean {
  return byWeight(series).slice(0, IMPORTANT).every((i) => chosen.has(i));
}

function byWeight(series: readonly SeriesCost[]): number[] {
  return [...series.keys()].sort((a, b) => series[b]!.weight - series[a]!.weight || a - b);
}
