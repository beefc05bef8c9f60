/** A duration in seconds with three digits and the unit that suits: `82.1 µs`. */
export function formatSeconds(seconds: number): string {
  return scaled(seconds, [["s", 1], ["ms", 1e-3], ["µs", 1e-6], ["ns", 1e-9]]);
}

/** A size in bytes, likewise; 1 MB is 10⁶ bytes. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, [["GB", 1e9], ["MB", 1e6], ["kB", 1e3], ["B", 1]]);
}

/** A number that has no unit: whole with its thousands set apart, otherwise with one decimal. */
export function formatNumber(value: number): string {
  const digits = Number.isInteger(value) ? 0 : 1;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function scaled(value: number, units: readonly (readonly [name: string, size: number])[]): string {
  const smallest = units[units.length - 1]!;
  // 0.9995 of a unit would be rounded up to one.
  const [name, size] = units.find(([, size]) => Math.abs(value) >= 0.9995 * size) ?? smallest;
  const number = value / size;
  const digits = name === smallest[0] || Math.abs(number) >= 99.95 ? 0 : Math.abs(number) >= 9.995 ? 1 : 2;
  return `${number.toFixed(digits)} ${name}`;
}
