/**
 * The first line of a CSV file: what is accepted as the header, and what else a line may be.
 *
 * Accepted are the names of the columns in order, also each in quotes (as programs write it that
 * quote every field), with spaces after the commas (as the documentation of the Python original
 * shows it), and after a byte-order mark (as spreadsheets write it).
 *
 * @module
 */

import { COLUMNS, HEADER } from "./dialect.ts";

/** Upper limit of the length of a header line, bytes. */
export const HEADER_ROOM = 80;

/** Lines are given as texts that have a character for each byte. */
const BYTE_ORDER_MARK = "\xef\xbb\xbf";

/** How compressed files begin, and what decompresses them. */
const COMPRESSED: readonly (readonly [magic: string, command: string])[] = [
  ["\x1f\x8b", "gzip -d"],
  ["\x1f\x9d", "uncompress"],
  ["(\xb5/\xfd", "zstd -d"],
  ["\xfd7zXZ", "xz -d"],
  ["BZh", "bzip2 -d"],
  ["\x04\x22M\x18", "lz4 -d"],
  ["PK\x03\x04", "unzip"],
];

/** How a header is written. */
export interface HeaderStyle {
  /** Whether spaces follow the commas. */
  readonly isSpaced: boolean;
  /** Whether a byte-order mark precedes it, or white space follows it. */
  readonly isPadded: boolean;
}

/** How a line, without its line end, is written if it is a header; `undefined` if it is not. */
export function headerStyle(line: string): HeaderStyle | undefined {
  if (!line.includes(COLUMNS[0])) return undefined;
  const names = line.replace(BYTE_ORDER_MARK, "").trimEnd();
  if (withoutQuotes(names).join(",") !== COLUMNS.join(",")) return undefined;
  return { isSpaced: names.includes(", "), isPadded: names.length !== line.length };
}

/** Whether a line that is not finished may become a header. */
export function beginsHeader(line: string): boolean {
  const names = line.replace(BYTE_ORDER_MARK, "").replaceAll(/, */g, ",").replaceAll('"', "");
  return HEADER.startsWith(names);
}

/**
 * Why a file whose first bytes are these, {@linkcode HEADER_ROOM} suffice, does not begin with a
 * header: a sentence about "it".
 */
export function whyNotHeader(line: string): string {
  const expected = COLUMNS.join(",");
  const [, command] = COMPRESSED.find(([magic]) => line.startsWith(magic)) ?? [];
  if (command !== undefined) return `it is compressed: decompress it with ${command}`;
  if (/T\0i|^\xff\xfe|^\xfe\xff/.test(line)) return "it is in UTF-16, not in UTF-8";
  const names = line.replace(BYTE_ORDER_MARK, "").split("\n", 1)[0]!.trimEnd();
  for (const [separator, called] of [[";", "semicolons"], ["\t", "tabs"]] as const) {
    if (isHeader(names.replaceAll(separator, ","))) return `its fields are separated by ${called}, not commas`;
  }
  if (isHeader(names.split("\r", 1)[0]!)) return "its lines end with CR alone";
  if (/^"?-?\d/.test(names)) return `it has no header: its first line is not ${expected}`;
  const found = withoutQuotes(names);
  if (COLUMNS.every((name) => found.includes(name))) {
    return `its columns are not ${expected}, in this order and without others`;
  }
  return `its first line is not ${expected}`;
}

function isHeader(line: string): boolean {
  return headerStyle(line) !== undefined;
}

/** The fields of a header line, without the quotes and the spaces around them. */
function withoutQuotes(line: string): string[] {
  return line.split(",").map((field, i) => {
    const name = i === 0 ? field : field.replace(/^ */, "");
    return /^"[^"]*"$/.test(name) ? name.slice(1, -1) : name;
  });
}
