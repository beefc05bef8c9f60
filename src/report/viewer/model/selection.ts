/**
 * The part of a report that is shown, and how its bins are grouped for drawing.
 *
 * @module
 */

/** The part of a report that is shown. */
export interface Selection {
  /** The first bin. */
  readonly from: number;
  /** The bin after the last. */
  readonly to: number;
  /** The processes, by index. */
  readonly processes: ReadonlySet<number>;
}

/** Consecutive bins in groups of equal size; the last group may be smaller. */
export interface Groups {
  /** The first bin. */
  readonly from: number;
  /** The bin after the last. */
  readonly to: number;
  /** Number of bins in a group. */
  readonly size: number;
  /** Number of groups. */
  readonly count: number;
}

/**
 * Groups the bins of a selection into at most `most` groups, each of a multiple of `multiple` bins.
 */
export function groupsOf({ from, to }: Selection, most: number, multiple = 1): Groups {
  const size = Math.max(1, Math.ceil((to - from) / Math.max(1, Math.floor(most)) / multiple)) * multiple;
  return { from, to, size, count: Math.ceil((to - from) / size) };
}

/**
 * Calls `callback` with each index of `bins`, ascending, that is within the groups, and with its
 * group.
 */
export function forEachInGroups(
  bins: readonly number[],
  groups: Groups,
  callback: (index: number, group: number) => void,
): void {
  for (let index = lowerBound(bins, groups.from); index < bins.length; index++) {
    const bin = bins[index] ?? 0;
    if (bin >= groups.to) break;
    callback(index, Math.floor((bin - groups.from) / groups.size));
  }
}

/** Returns the first index whose number is at least `number`. */
function lowerBound(ascending: readonly number[], number: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
