/**
 * Text as a terminal shows it: how wide it is, and made harmless. Labels are whatever a program called them.
 *
 * @module
 */

export { sanitize } from "../../display/sanitize.ts";

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** What takes a column for each UTF-16 unit, whatever stands beside it: ASCII, most of Latin and Greek, punctuation, bars. */
const plain = /^[\x20-\x7e\xa1-\xac\xae-\u02ff\u0391-\u03a1\u03a3-\u03ff\u2010-\u2027\u2580-\u259f]*$/;
const emoji = /^\p{RGI_Emoji}$/v;
const invisible = /^[\p{Default_Ignorable_Code_Point}\p{Cc}\p{M}\p{Cs}]+$/v;
const leadingInvisible = /^[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{M}\p{Cs}]+/v;
/** Blocks that Unicode's East_Asian_Width calls wide or full-width as a whole, first and last code point. */
const wideBlocks: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2630, 0x2637],
  [0x268a, 0x268f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6b],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18d08],
  [0x1aff0, 0x1b2fb],
  [0x1d300, 0x1d376],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];
const startsWithEmoji = /^\p{Emoji_Presentation}/v;
const halfOrFullWidth = /[\uff00-\uffef]/gv;

/** How many columns of a terminal a text takes. */
export function displayWidth(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** A text that takes at most `width` columns: what is too long has `…` in its middle, since labels differ at both ends. */
export function shorten(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width < 1) return "";
  const segments = Array.from(graphemes.segment(text), ({ segment }) => segment);
  const head = take(segments, Math.ceil((width - 1) / 2));
  const tail = take(segments.toReversed(), width - 1 - displayWidth(head.join("")));
  return `${head.join("")}…${tail.toReversed().join("")}`;
}

/** A text that takes exactly `width` columns, if it is not longer. */
export function align(text: string, width: number, side: "left" | "right"): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return side === "left" ? text + space : space + text;
}

/** The first of some graphemes, as many as fit. */
function take(segments: readonly string[], width: number): string[] {
  let left = width;
  const end = segments.findIndex((segment) => (left -= graphemeWidth(segment)) < 0);
  return end < 0 ? [...segments] : segments.slice(0, end);
}

function graphemeWidth(segment: string): number {
  if (invisible.test(segment)) return 0;
  if (emoji.test(segment)) return 2;
  const base = segment.replace(leadingInvisible, "");
  const code = base.codePointAt(0) ?? 0;
  const isWide = startsWithEmoji.test(base) || wideBlocks.some(([first, last]) => first <= code && code <= last);
  // Half-width voice marks belong to the grapheme before them, and yet take a column.
  return (isWide ? 2 : 1) + (segment.slice(1).match(halfOrFullWidth)?.length ?? 0);
}
