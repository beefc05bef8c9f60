const bars = "▁▂▃▄▅▆▇█";

const UNKNOWN = "·";

/**
 * Numbers over time as a row of bars, at most `width` columns wide, scaled to the largest finite
 * number; zero is a space, and `null`, which is not known, a dot. If there are more numbers than
 * columns, a column shows the mean of those of its numbers that are known, weighted by how much of
 * each lies in it.
 */
export function sparkline(values: readonly (number | null)[], width: number): string {
  const columns = values.length <= width ? values : resample(values, width);
  const finite = columns.filter((value): value is number => value !== null && Number.isFinite(value));
  const largest = Math.max(Number.MIN_VALUE, ...finite);
  const bar = (value: number): string => value > 0 ? bars[Math.min(7, Math.floor(8 * (value / largest)))]! : " ";
  return columns.map((value) => value === null ? UNKNOWN : bar(value)).join("");
}

function resample(values: readonly (number | null)[], width: number): (number | null)[] {
  const step = values.length / width;
  return Array.from({ length: width }, (_, column) => {
    const [from, to] = [column * step, (column + 1) * step];
    let [sum, known] = [0, 0];
    for (let i = Math.floor(from); i < Math.min(to, values.length); i++) {
      const [part, value] = [Math.min(i + 1, to) - Math.max(i, from), values[i] ?? null];
      if (part <= 0 || value === null) continue;
      sum += value * part;
      known += part;
    }
    return known === 0 ? null : sum / known;
  });
}
