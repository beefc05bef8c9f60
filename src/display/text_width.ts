/**
 * How wide text is in a terminal, and how it is made to fit. Text must be sanitized before (see
 * `sanitize.ts`).
 *
 * @module
 */

import stringWidth from "string-width";

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * Text whose UTF-16 units each take one column: ASCII, most of Latin and Greek, punctuation,
 * bars. `string-width` looks at each grapheme of it, which takes 48 µs for a sparkline of 30 bars;
 * `top` draws hundreds of such cells.
 */
const plain = /^[\x20-\x7e\xa0-\xac\xae-\u02ff\u0391-\u03a1\u03a3-\u03ff\u2010-\u2027\u2580-\u259f]*$/;

/** How many columns of a terminal a text takes. */
export function displayWidth(text: string): number {
  return plain.test(text) ? text.length : stringWidth(text);
}

/**
 * The text if it fits into `width` columns, otherwise with `…` in its middle, since labels differ
 * at both ends.
 */
export function shorten(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width < 1) return "";
  const segments = Array.from(graphemes.segment(text), ({ segment }) => segment);
  const head = take(segments, Math.ceil((width - 1) / 2));
  const tail = take(segments.toReversed(), width - 1 - displayWidth(head.join("")));
  return `${head.join("")}…${tail.toReversed().join("")}`;
}

/** The text on lines of at most `width` columns, broken between words; longer words are shortened. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last !== undefined && displayWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(shorten(word, width));
  }
  return lines;
}

/** The text filled up with spaces to `width` columns; as it is, if it is wider. */
export function align(text: string, width: number, side: "left" | "right"): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return side === "left" ? text + space : space + text;
}

/** The first of some graphemes, as many as fit. */
function take(segments: readonly string[], width: number): string[] {
  let left = width;
  const end = segments.findIndex((segment) => (left -= displayWidth(segment)) < 0);
  return end < 0 ? [...segments] : segments.slice(0, end);
}
