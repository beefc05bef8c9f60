/**
 * Modes: the values around which a distribution has its peaks, such as those of a cache's hits and
 * of its misses.
 *
 * The density is estimated with a Gaussian kernel, and cut at its valleys. Small samples have many
 * peaks, so a valley counts only if there is significantly less in it than if it were filled up to
 * the lower of its two peaks: the excess mass of D. W. Müller and G. Sawitzki, "Excess mass estimates
 * and tests for multimodality", Journal of the American Statistical Association 86 (1991). The
 * shallowest valleys are filled first, as by B. W. Silverman, "Using kernel density estimates to
 * investigate multimodality", Journal of the Royal Statistical Society B 43 (1981), who widens the
 * kernel for it.
 *
 * @module
 */

/** A valley must be at most this share of the lower of its two peaks. */
const MAX_VALLEY = 0.5;

/** Standard deviations by which the values in a valley must be fewer than if there were none. */
const SIGNIFICANT = 4;

/** What is less than this share of all values, … */
const MIN_SHARE = 0.02;

/** … or fewer values than this, is an outlier, and no mode. */
const MIN_COUNT = 15;

/** A mode. */
export interface Mode {
  /** Number of values. */
  readonly count: number;
  /** The median of its values, as a position among the buckets. */
  readonly median: number;
  /** The position at which it begins: that of the valley before it; -Infinity of the first. */
  readonly from: number;
}

/**
 * Finds the modes of values that are counted in buckets of equal width, ascending; one if there are
 * no two, none without values. `counts[i]` values are from position i to i + 1. `width` is the least
 * standard deviation of the kernel, in buckets, and `apart` the least distance of two modes.
 */
export function findModes(
  counts: readonly number[],
  { width, apart }: { readonly width: number; readonly apart: number },
): Mode[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return [];
  // Of few values the kernel must be wider, but less than by Silverman's rule, which is for one mode.
  const kernel = width * Math.max(1, 4 * total ** -0.2);
  const density = smooth(counts, kernel);
  let cuts = valleys(density);
  for (;;) {
    const modes = split(counts, cuts);
    const bounds = [0, ...cuts, density.length];
    const weights = cuts.map((_, i) => {
      const [from, at, to] = bounds.slice(i, i + 3) as [number, number, number];
      const isFar = modes[i + 1]!.median - modes[i]!.median >= apart;
      const isLarge = [modes[i]!, modes[i + 1]!].every(({ count }) => count >= Math.max(MIN_COUNT, MIN_SHARE * total));
      return isFar && isLarge ? depth(density, from, at, to) : 0;
    });
    const shallowest = weights.indexOf(Math.min(...weights));
    if (cuts.length === 0 || weights[shallowest]! >= SIGNIFICANT) return modes;
    // A mode that is too small belongs to the neighbour to which the valley is shallower.
    cuts = cuts.filter((_, i) => i !== shallowest);
  }
}

/** Smooths counts with a Gaussian kernel; the sum stays what it is. */
function smooth(counts: readonly number[], deviation: number): Float64Array {
  const reach = Math.ceil(4 * deviation);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-(((i - reach) / deviation) ** 2) / 2));
  const sum = kernel.reduce((a, b) => a + b, 0);
  const density = new Float64Array(counts.length);
  for (const [i, count] of counts.entries()) {
    if (count === 0 || count === undefined) continue;
    for (const [k, weight] of kernel.entries()) {
      const at = i + k - reach;
      if (at >= 0 && at < density.length) density[at]! += count * weight / sum;
    }
  }
  return density;
}

/** The lowest places between two peaks; the middle one of several. */
function valleys(density: Float64Array): number[] {
  const found: number[] = [];
  let falling = false;
  let low = 0;
  for (let i = 1; i < density.length; i++) {
    if (density[i]! < density[i - 1]!) [falling, low] = [true, i];
    else if (density[i]! > density[i - 1]! && falling) {
      found.push(Math.ceil((low + i - 1) / 2));
      falling = false;
    }
  }
  return found;
}

/**
 * By how many standard deviations there is less in a valley than up to the lower of its peaks; 0 if
 * it is not deep.
 */
function depth(density: Float64Array, from: number, at: number, to: number): number {
  const level = Math.min(Math.max(...density.subarray(from, at)), Math.max(...density.subarray(at, to)));
  if (density[at]! > MAX_VALLEY * level) return 0;
  let [left, right] = [at, at];
  while (left > from && density[left - 1]! < level) left--;
  while (right < to - 1 && density[right + 1]! < level) right++;
  let missing = 0;
  for (let i = left; i <= right; i++) missing += level - density[i]!;
  return missing / Math.sqrt(level * (right - left + 1));
}

/** Splits values into modes at cuts. */
function split(counts: readonly number[], cuts: readonly number[]): Mode[] {
  const bounds = [0, ...cuts, counts.length];
  return bounds.slice(1).map((to, i) => {
    const from = bounds[i]!;
    const part = counts.slice(from, to).map((count) => count ?? 0);
    const count = part.reduce((sum, value) => sum + value, 0);
    let below = 0;
    let place = 0;
    while (place < part.length - 1 && below + part[place]! < count / 2) below += part[place++]!;
    const share = part[place]! > 0 ? (count / 2 - below) / part[place]! : 0.5;
    return { count, median: from + place + share, from: i === 0 ? -Infinity : from };
  });
}
