const bars = "▁▂▃▄▅▆▇█";

/**
 * Numbers over time as a row of bars, at most `width` columns wide, scaled to the largest finite
 * number; zero is a space. If there are more numbers than columns, a column shows the mean of its
 * numbers, weighted by how much of each lies in it.
 */
export function sparkline(values: readonly number[], width: number): string {
  const columns = values.length <= width ? values : resample(values, width);
  const largest = Math.max(Number.MIN_VALUE, ...columns.filter(Number.isFinite));
  return columns.map((value) => value > 0 ? bars[Math.min(7, Math.floor(8 * (value / largest)))]! : " ").join("");
}

function resample(values: readonly number[], width: number): number[] {
  const step = values.length / width;
  return Array.from({ length: width }, (_, column) => {
    const [from, to] = [column * step, (column + 1) * step];
    let sum = 0;
    for (let i = Math.floor(from); i < Math.min(to, values.length); i++) {
      const part = Math.min(i + 1, to) - Math.max(i, from);
      if (part > 0) sum += values[i]! * part;
    }
    return sum / step;
  });
}
