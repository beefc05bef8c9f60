/**
 * Numbers in sentences: three digits, and the unit that suits.
 *
 * @module
 */

/** Between a number and its unit: no line breaks there. */
const SPACE = "\u00a0";

/** A duration given in seconds, such as `82.1 µs`, `1.20 s`, `12.5 min`. */
export function inSeconds(seconds: number): string {
  if (seconds === 0) return `0${SPACE}s`;
  return scaled(seconds, [["h", 2 * 3600, 3600], ["min", 120, 60], ["s", 1], ["ms", 1e-3], ["µs", 1e-6], ["ns", 1e-9]]);
}

/** A duration in seconds that somebody chose, and nobody measured, such as `50 ms`. */
export function limitInSeconds(seconds: number): string {
  return inSeconds(seconds).replace(/\.0+(?=\u00a0)|(\.\d*?)0+(?=\u00a0)/, "$1");
}

/** A size given in bytes, such as `82.1 MB`; 1 MB is 10⁶ bytes. */
export function inBytes(bytes: number): string {
  return scaled(bytes, [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3], ["bytes", 1]]);
}

/** A part of a whole, such as `12 %`, `0.3 %`. */
export function inPercent(part: number): string {
  const percent = 100 * part;
  return `${percent >= 9.95 ? percent.toFixed(0) : significant(percent, percent < 0.1 ? 1 : 2)}${SPACE}%`;
}

/** How many times as much, such as `1.8 times`, `40 times`. */
export function times(ratio: number): string {
  return `${ratio >= 9.95 ? grouped(Math.round(ratio)) : significant(ratio, 2)}${SPACE}times`;
}

/** A number without a unit, such as `0.97`, `12.3`. */
export function plainNumber(value: number): string {
  return significant(value, 3);
}

/** When something was, by its ns since the first timepoint. */
export function whenInRun(nanoseconds: number): string {
  return `${inSeconds(Math.max(0, nanoseconds) / 1e9)} into the recording`;
}

/** A number of things, such as `1 row` and `25,472 rows`. */
export function counted(number: number, thing: string): string {
  return `${grouped(number)} ${thing}${number === 1 ? "" : "s"}`;
}

function grouped(number: number): string {
  return number.toLocaleString("en-US");
}

/** In the largest unit of which there is enough. */
function scaled(value: number, units: readonly (readonly [name: string, enough: number, size?: number])[]): string {
  const unit = units.find(([, enough]) => Math.abs(value) >= 0.9995 * enough) ?? units.at(-1)!;
  const [name, size] = [unit[0], unit[2] ?? unit[1]];
  return `${name === "bytes" ? significant(value, 3) : withZeros(value / size)}${SPACE}${name}`;
}

/** Three digits, also where they are zeros: what was measured is told as it stands in tables. */
function withZeros(value: number): string {
  const rounded = Number(value.toPrecision(3));
  const size = Math.abs(rounded);
  return size >= 1000 ? grouped(rounded) : rounded.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** As many digits, without zeros behind the point. */
function significant(value: number, digits: number): string {
  const rounded = Number(value.toPrecision(digits));
  return Math.abs(rounded) >= 1000 ? grouped(rounded) : String(rounded);
}
