/**
 * Numbers for people, the same in the terminal, in the findings and on the page: three significant
 * digits, and the unit that suits. Exact numbers are in the JSON.
 *
 * A no-break space keeps a number and its unit together; a terminal, which breaks no lines, asks
 * for another. Measured numbers show their zeros (`1.20 s`), because the digits show how exact they
 * are. Limits that somebody chose, marks of an axis and ratios in sentences do without (`{ trim:
 * true }`: `50 ms`, not `50.0 ms`).
 *
 * @module
 */

/** How a number looks. */
export interface NumberFormat {
  /** Between a number and its unit. A no-break space by default. */
  readonly space?: string;
  /** Whether zeros at the end of the fraction are left out. */
  readonly trim?: boolean;
}

/** Units with the value from which on each is used, the largest first. */
type Units = readonly (readonly [name: string, size: number, from?: number])[];

const NO_BREAK_SPACE = "\u00a0";

/** Minutes only from ten on, hours from three: `534 s` says more than `8.90 min`. */
const DURATIONS: Units = [["h", 3600, 10_800], ["min", 60, 600], ["s", 1], ["ms", 1e-3], ["µs", 1e-6], ["ns", 1e-9]];
const SIZES: Units = [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3], ["B", 1]];
const MILLIONS: Units = [["T", 1e12], ["G", 1e9], ["M", 1e6], ["", 1]];
const THOUSANDS: Units = [["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3], ["", 1]];

/** A duration in seconds: `82.1 µs`, `1.20 s`, `12.5 min`. */
export function formatDuration(seconds: number, format: NumberFormat = {}): string {
  return seconds === 0 ? `0${format.space ?? NO_BREAK_SPACE}s` : scaled(seconds, DURATIONS, format);
}

/**
 * A long time in seconds, as people say it: `350 ms`, `12.3 s`, `1 min 30 s`, `2 h 5 min`, `3 d 4
 * h`.
 */
export function formatSpan(seconds: number, { space = NO_BREAK_SPACE }: NumberFormat = {}): string {
  if (!(Math.abs(seconds) >= 59.95)) return formatDuration(seconds, { space, trim: true });
  const precision = seconds < 3600 ? 1 : seconds < 86_400 ? 60 : 3600;
  const rounded = Math.round(seconds / precision) * precision;
  const parts: [number, string][] = [
    [Math.floor(rounded / 86_400), "d"],
    [Math.floor(rounded / 3600) % 24, "h"],
    [Math.floor(rounded / 60) % 60, "min"],
    [rounded % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  return parts.slice(first, first + 2).filter(([value]) => value > 0).map(([value, unit]) => `${value}${space}${unit}`)
    .join(" ");
}

/**
 * Time that was summed up, in seconds: below 100 s with three digits, from there on as people say
 * it: `82.1 µs`, `12.3 s`, `2 min 14 s`, `2 h 5 min`.
 */
export function formatTotalTime(seconds: number, format: NumberFormat = {}): string {
  const isLong = Math.abs(seconds) >= 99.95 && Number.isFinite(seconds);
  return isLong ? formatSpan(seconds, format) : formatDuration(seconds, format);
}

/** A size in bytes: `999 B`, `82.1 MB`; 1 MB is 10⁶ bytes. */
export function formatBytes(bytes: number, format: NumberFormat = {}): string {
  return scaled(bytes, SIZES, format);
}

/** A whole number with all its digits: `12,345,678`. */
export function formatInteger(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** A count: `25,472`, and from a million on `1.20 M`. */
export function formatCount(count: number, format: NumberFormat = {}): string {
  return Math.abs(count) < 1e6 ? formatInteger(count) : scaled(count, MILLIONS, format);
}

/** A number whose unit is unknown: `17`, `25,472`, `12.5`, `1.20 M`, `1.23e-7`. */
export function formatNumber(value: number, format: NumberFormat = {}): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return formatInteger(value);
  return size >= 1e6 && size < 1e15 ? scaled(value, MILLIONS, format) : significant(value, format);
}

/**
 * How many per second, without the unit and without zeros at the end: `0.5`, `3`, `12.3`, `2,778`,
 * `12.3 k`.
 */
export function formatRate(perSecond: number, { space = NO_BREAK_SPACE }: NumberFormat = {}): string {
  const size = Math.abs(perSecond);
  if (size >= 999.5 && size < 9_999.5) return formatInteger(perSecond);
  return scaled(perSecond, THOUSANDS, { space, trim: true });
}

/** A part of a whole: `42.3 %`, `0.123 %`. */
export function formatPercent(part: number, format: NumberFormat = {}): string {
  return `${significant(100 * part, format)}${format.space ?? NO_BREAK_SPACE}%`;
}

/** A part of a whole in tenths of a percent, so that a column lines up: `42.3 %`, `0.1 %`. */
export function formatShare(part: number, { space = NO_BREAK_SPACE }: NumberFormat = {}): string {
  return `${(100 * part).toFixed(1)}${space}%`;
}

/**
 * A ratio as the change that it is, in percent without the sign %: `+12.3`, `−4.0`, `+123`. Tenths
 * are enough: the next run differs by more.
 */
export function formatChange(ratio: number): string {
  const change = 100 * (ratio - 1);
  if (!Number.isFinite(change)) return "∞";
  const text = change.toFixed(Math.abs(change) >= 99.95 ? 0 : 1);
  return Number(text) === 0 ? text.replace("-", "") : change > 0 ? `+${text}` : `−${text.slice(1)}`;
}

/** How many times as much: `1.83 times`, `40 times`. */
export function formatTimes(ratio: number, { space = NO_BREAK_SPACE }: NumberFormat = {}): string {
  return `${significant(ratio, { trim: true })}${space}times`;
}

/** CPU time per time: `0.420 cores`. */
export function formatCores(cores: number, format: NumberFormat = {}): string {
  return `${significant(cores, format)}${format.space ?? NO_BREAK_SPACE}cores`;
}

/** What a number means; `"cores"` is CPU time per time, `""` unknown. */
export type Unit = "bytes" | "bytes/s" | "s" | "cores" | "1/s" | "";

/** A number with its unit; of cores and of unknown units only the number. */
export function formatQuantity(value: number, unit: Unit, format: NumberFormat = {}): string {
  switch (unit) {
    case "s":
      return formatDuration(value, format);
    case "bytes":
      return formatBytes(value, format);
    case "bytes/s":
      return `${formatBytes(value, format)}/s`;
    case "cores":
      return significant(value, format);
    case "1/s":
      return `${formatRate(value, format)}/s`;
    case "":
      return formatNumber(value, format);
  }
}

/** How many of something: `1 row`, `25,472 rows`, `2 processes`. */
export function counted(count: number, thing: string): string {
  return `${formatInteger(count)} ${thing}${count === 1 ? "" : thing.endsWith("s") ? "es" : "s"}`;
}

/**
 * Three significant digits, and all digits before the point: `0.00123`, `12.3`, `1,235`, `1.23e-7`.
 */
export function significant(value: number, { trim = false }: NumberFormat = {}): string {
  if (value === 0 || !Number.isFinite(value)) return String(value === 0 ? 0 : value);
  const size = Math.abs(Number(value.toPrecision(3)));
  if (size >= 1e15 || size < 1e-4) return trim ? trimmed(value.toExponential(2)) : value.toExponential(2);
  if (size >= 1e3) return formatInteger(value);
  const text = value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(size) + 1e-9)));
  return trim ? trimmed(text) : text;
}

/** A number in the largest unit that suits its size. The smallest unit has no fractions. */
function scaled(value: number, units: Units, format: NumberFormat): string {
  const smallest = units.at(-1)!;
  // 0.9995 of a unit would be rounded up to one.
  const [name, size] = units.find(([, size, from = size]) => Math.abs(value) >= 0.9995 * from) ?? smallest;
  const number = value / size;
  const text = name !== "" && size === smallest[1]
    ? String(Number(number.toPrecision(3)))
    : significant(number, format);
  return Number.isFinite(value) && name !== "" ? `${text}${format.space ?? NO_BREAK_SPACE}${name}` : text;
}

function trimmed(text: string): string {
  return text.replace(/\.0+(?=e|$)|(\.\d*?)0+(?=e|$)/, "$1");
}
