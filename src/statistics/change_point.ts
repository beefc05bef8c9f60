/**
 * The moment of a single change within values that follow each other.
 *
 * @module
 */

/**
 * The index of the first value after the change: that which maximises the rank statistic of A. N.
 * Pettitt, "A non-parametric approach to the change-point problem", Applied Statistics 28 (1979).
 * There must be two values at least; without a change it is any index but 0.
 */
export function changePoint(values: readonly number[]): number {
  const n = values.length;
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(n);
  for (let start = 0, end = 0; start < n; start = end) {
    for (end = start; end < n && values[order[end]!] === values[order[start]!]; end++);
    for (let i = start; i < end; i++) ranks[order[i]!] = (start + end + 1) / 2;
  }
  let [sum, largest, at] = [0, -1, 1];
  for (let index = 1; index < n; index++) {
    sum += ranks[index - 1]! - (n + 1) / 2;
    if (Math.abs(sum) > largest) [largest, at] = [Math.abs(sum), index];
  }
  return at;
}
