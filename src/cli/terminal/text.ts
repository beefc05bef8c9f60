import type { Output } from "../context.ts";

export { counted as count } from "../../display/words.ts";

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
