/**
 * The part of a report that is looked at, and how its bins are put together for drawing.
 *
 * @module
 */

/** A part of a report. */
export interface Selection {
  /** The first bin. */
  readonly from: number;
  /** The bin behind the last. */
  readonly to: number;
  /** The processes. */
  readonly pids: ReadonlySet<number>;
}

/** Consecutive bins, put together in groups of the same size; the last may be smaller. */
export interface Groups {
  /** The first bin. */
  readonly from: number;
  /** The bin behind the last. */
  readonly to: number;
  /** Bins in a group. */
  readonly size: number;
  /** Number of groups. */
  readonly count: number;
}

/** Groups of the bins of a selection: as many as `most`, each of a multiple of so many bins. */
export function groupsOf({ from, to }: Selection, most: number, multiple = 1): Groups {
  const size = Math.max(1, Math.ceil((to - from) / Math.max(1, Math.floor(most)) / multiple)) * multiple;
  return { from, to, size, count: Math.ceil((to - from) / size) };
}

/** Calls back with each index of ascending bins that is within groups, and with its group. */
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

/** The first index whose number is not below the one given. */
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
