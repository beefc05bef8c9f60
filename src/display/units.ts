/**
 * Numbers for people: three digits, and the unit that suits. What is exact is in the JSON.
 *
 * @module
 */

/** A duration in seconds, such as `82.1µs`, `1.20s`, `12.0min`. */
export function formatSeconds(seconds: number): string {
  return scaled(seconds, [["h", 3600, 3], ["min", 60, 10], ["s", 1], ["ms", 1e-3], ["µs", 1e-6], ["ns", 1e-9]]);
}

/** A size in bytes, such as `82.1MB`; 1 MB is 10⁶ bytes. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3], ["B", 1]]);
}

/** How many, such as `25,472`, and from a million on `1.20M`. */
export function formatCount(count: number): string {
  if (Math.abs(count) < 1e6) return count.toLocaleString("en-US");
  return scaled(count, [["T", 1e12], ["G", 1e9], ["M", 1e6], ["", 1]]);
}

/** A number of which nobody knows what it means, such as `17`, `12.5`, `1.20M`, `1.2e-7`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e15) return String(Number(value.toPrecision(4)));
  if (Math.abs(value) >= 1e6 || Number.isInteger(value)) return formatCount(value);
  return String(Number(value.toPrecision(Math.abs(value) >= 1e3 ? 5 : 3)));
}

/** How many in a second, such as `2,778` or `0.5`. */
export function formatRate(rate: number): string {
  if (!Number.isFinite(rate)) return "";
  if (rate >= 100) return formatCount(Math.round(rate));
  return rate > 0 && rate < 0.001 ? rate.toExponential(1) : String(Number(rate.toPrecision(3)));
}

/** CPU time by time, such as `0.42 cores`. */
export function formatCores(cores: number): string {
  return `${cores.toFixed(2)} cores`;
}

/** The length of a recording in seconds: `350ms`, `12.3 s`, `1 min 30 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatLength(seconds: number): string {
  if (seconds < 1) return formatSeconds(seconds);
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  const [size, unit, part, partUnit] = seconds < 3600
    ? [60, "min", 1, "s"] as const
    : seconds < 86_400
    ? [3600, "h", 60, "min"] as const
    : [86_400, "d", 3600, "h"] as const;
  const parts = Math.round(seconds / part);
  const [whole, rest] = [Math.floor(parts * part / size), parts % (size / part)];
  return rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${partUnit}`;
}

/** In the largest unit of which there are enough: one, or as many as its third part says. */
function scaled(value: number, units: readonly (readonly [name: string, size: number, enough?: number])[]): string {
  if (!Number.isFinite(value)) return String(value);
  const smallest = units[units.length - 1]!;
  // 0.9995 of a unit would be rounded up to one.
  const unit = units.find(([, size, enough = 1]) => Math.abs(value) >= 0.9995 * enough * size) ?? smallest;
  const number = value / unit[1];
  const isWhole = unit === smallest || Math.abs(number) >= 99.95;
  return `${number.toFixed(isWhole ? 0 : Math.abs(number) >= 9.995 ? 1 : 2)}${unit[0]}`;
}
