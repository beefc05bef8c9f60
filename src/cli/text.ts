import type { Output } from "./surroundings.ts";

/** A number of things in words, such as `1 row` and `25,472 rows`. */
export function count(number: number, thing: string): string {
  return `${number.toLocaleString("en-US")} ${thing}${number === 1 ? "" : "s"}`;
}

/** Writes an error on one line, whatever it consists of. */
export function writeError(output: Output, message: string): void {
  const line = message.trim().replaceAll(/\s*[\r\n]\s*/g, " ");
  output.write(`${output.hasColors ? `\x1b[31m${line}\x1b[39m` : line}\n`);
}

/** Text that stands out. */
export function bold(text: string): string {
  return `\x1b[1m${text}\x1b[22m`;
}

/** Text that stands back. */
export function dim(text: string): string {
  return `\x1b[2m${text}\x1b[22m`;
}
