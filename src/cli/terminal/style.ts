import type { NumberFormat } from "../../display/numbers.ts";
import type { Output } from "../context.ts";

/** Numbers in the cells of a table, without a space before their units. */
export const COMPACT: NumberFormat = { space: "" };

/** Numbers in sentences, with a space that `grep` finds. */
export const SPACED: NumberFormat = { space: " " };

/** Writes an error on one line, whatever its text contains. */
export function writeError(output: Output, message: string): void {
  const line = message.trim().replaceAll(/\s*[\r\n]\s*/g, " ");
  output.write(`${output.hasColors ? red(line) : line}\n`);
}

/** Bold text. */
export function bold(text: string): string {
  return `\x1b[1m${text}\x1b[22m`;
}

/** Text of what has failed. */
export function red(text: string): string {
  return `\x1b[31m${text}\x1b[39m`;
}

/** Text of what may become a problem. */
export function yellow(text: string): string {
  return `\x1b[33m${text}\x1b[39m`;
}

/** Dimmed text. */
export function dim(text: string): string {
  return `\x1b[2m${text}\x1b[22m`;
}
