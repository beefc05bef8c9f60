/**
 * Brings paths that clients choose into few and short forms.
 *
 * @module
 */

import { textDecoder, textEncoder } from "../text_coders.ts";

/** Replaces a segment that is an id. */
const ID = ":id";

/** Most bytes of a path or route in a label, as UTF-8. */
const MAX_BYTES = 128;

/** Ends a path that was cut. */
const CUT = "…";
const CUT_BYTES = 3;

/** Characters of a path in which ids are searched: what is further on is cut in nearly all cases. */
const FOLDED_LENGTH = 1_024;

const SLASH = 0x2f;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/** Kinds of ids. All have a digit. */
const IDS: readonly RegExp[] = [
  // Numbers, dates, versions, addresses, lists of numbers: digits and what separates them.
  /^-?\d[\d.,:;_~-]*$/,
  // Dates with a time.
  /^\d{4}-?\d\d-?\d\d[T_ ][\d:.-]+(Z|[+-]\d\d:?\d\d)?$/i,
  // UUIDs.
  /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
  // Hexadecimal, such as hashes, object ids of MongoDB and short ids of commits; not "face2face".
  /^(?=(?:.*\d){2})[0-9a-f]{8,}$/i,
  // Letters of one case and digits, such as ULIDs and CUIDs.
  /^(?=(?:.*\d){2})(?:[0-9a-z]{20,}|[0-9A-Z]{20,})$/,
  // Random letters of both cases and digits, such as nanoids, KSUIDs and `cus_NffrFeUfNV2Hib`; not
  // "getUserInformation2".
  /^(?=.*\d)(?=.*[a-z])(?=.*[A-Z])(?![A-Z]?[a-z]+(?:[A-Z][a-z]+)*\d{0,4}$)[\w~-]{16,}$/,
];

/** A segment and its extension, such as that of a file whose name is a hash. */
const EXTENSION = /^(.+?)(\.[a-z][a-z0-9]{0,9})+$/i;

/**
 * Replaces the segments of a path that are ids by `:id`: numbers, dates, UUIDs, long hexadecimal,
 * and long random texts. Extensions stay: `/thumbs/17.png` becomes `/thumbs/:id.png`.
 */
export function foldIds(path: string): string {
  const length = Math.min(path.length, FOLDED_LENGTH);
  let folded = "";
  let copied = 0;
  let start = 0;
  let hasDigit = false;
  for (let end = 0; end <= length; end++) {
    const code = end < length ? path.charCodeAt(end) : SLASH;
    if (code !== SLASH) {
      hasDigit ||= code >= DIGIT_0 && code <= DIGIT_9;
      continue;
    }
    if (hasDigit) {
      const segment = path.slice(start, end);
      const short = foldSegment(segment);
      if (short !== segment) {
        folded += path.slice(copied, start) + short;
        copied = end;
      }
    }
    start = end + 1;
    hasDigit = false;
  }
  return copied === 0 ? path : folded + path.slice(copied);
}

/** A segment with a digit, or what stands for it. */
function foldSegment(segment: string): string {
  if (isId(segment)) return ID;
  const stem = EXTENSION.exec(segment)?.[1];
  return stem !== undefined && isId(stem) ? ID + segment.slice(stem.length) : segment;
}

function isId(segment: string): boolean {
  return IDS.some((id) => id.test(segment));
}

const encoder = textEncoder();
const decoder = textDecoder();
const buffer = new Uint8Array(MAX_BYTES);

/** Cuts a path to 128 bytes of UTF-8 at the end of a character, with `…` as the last of them. */
export function cutPath(path: string): string {
  if (path.length <= MAX_BYTES / 3 || encoder.encodeInto(path, buffer).read === path.length) return path;
  const { written } = encoder.encodeInto(path, buffer.subarray(0, MAX_BYTES - CUT_BYTES));
  return decoder.decode(buffer.subarray(0, written)) + CUT;
}
