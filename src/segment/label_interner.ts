import { LabelCache } from "./label_cache.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What a label may not contain is written as U+FFFD: NUL here (no SQL text holds it), lone surrogates by UTF-8 itself. */
const REPLACEMENT = "\ufffd";

/** Marks a label that was cut: U+2026 in UTF-8. */
const ELLIPSIS = encoder.encode("…");

/** Bytes before each label in the table: its length as an unsigned 32-bit integer, little-endian. */
const LENGTH_BYTES = 4;

/** Ids are stored in 16 bits. */
export const MAX_LABELS = 65_535;

/** The longest label kept whole in a table that has room for it, in bytes of UTF-8. */
export const MAX_LABEL_BYTES = 16_384;

/** Returned by {@linkcode LabelTable.idOf} when the table has no room for another label. */
export const NO_ROOM = -1;

/**
 * The labels of one segment, numbered from 0 in the order in which they came, stored as length-prefixed UTF-8 inside the segment's bytes
 * so that they share its fate.
 *
 * A label longer than {@linkcode LabelTable.maxLabelBytes} is cut at a character and marked with `…`; NUL and lone surrogates become U+FFFD.
 */
export class LabelTable {
  /** Bytes of UTF-8 that one label may take: {@linkcode MAX_LABEL_BYTES}, or a quarter of a table smaller than four of those. */
  readonly maxLabelBytes: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #ids = new Map<string, number>();
  readonly #cache: LabelCache;
  #used = 0;
  #cut = 0;

  /** Works on `bytes`, which is taken as empty. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#cache = new LabelCache(bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.maxLabelBytes = Math.min(MAX_LABEL_BYTES, bytes.byteLength >> 2);
  }

  /** How many labels there are. */
  get count(): number {
    return this.#ids.size;
  }

  /** Bytes in use. */
  get used(): number {
    return this.#used;
  }

  /** How many labels had to be cut. */
  get cut(): number {
    return this.#cut;
  }

  /** The id of a label, new or known; {@linkcode NO_ROOM} if it is new and does not fit. */
  idOf(label: string): number {
    return this.#cache.get(label) ?? this.#ids.get(label) ?? this.#add(label);
  }

  /** Forgets all labels. */
  clear(): void {
    this.#ids.clear();
    this.#cache.clear();
    this.#used = 0;
    this.#cut = 0;
  }

  #add(label: string): number {
    // A text this long is cut before it is looked at any further, so that a gigantic one costs no more than a long one.
    const head = label.length > this.maxLabelBytes ? label.slice(0, this.maxLabelBytes) : label;
    const text = head.replaceAll("\0", REPLACEMENT).toWellFormed();
    const same = this.#ids.get(text);
    if (same !== undefined && head === label) return same;
    const at = this.#used + LENGTH_BYTES;
    if (this.#ids.size === MAX_LABELS || at >= this.#bytes.length) return NO_ROOM;
    const room = this.#bytes.subarray(at, at + this.maxLabelBytes);
    const { read, written } = encoder.encodeInto(text, room);
    const isCut = read < text.length || head !== label;
    if (isCut && room.length < this.maxLabelBytes) return NO_ROOM;
    const length = isCut ? cutAt(room, written) : written;
    // The table is asked by the text as it is kept, made anew: a label may be a slice of a large text, which would stay in memory with it.
    const key = decoder.decode(room.subarray(0, length));
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (isCut) this.#cut++;
    const id = this.#ids.size;
    this.#view.setUint32(this.#used, length, true);
    this.#used = at + length;
    this.#ids.set(key, id);
    this.#cache.add(key, id);
    return id;
  }
}

/** Puts the ellipsis after the last whole character that leaves room for it, and returns the length. */
function cutAt(room: Uint8Array, written: number): number {
  let end = Math.min(written, room.length - ELLIPSIS.length);
  // A byte 10xxxxxx continues a character.
  while (end > 0 && end < written && ((room[end] ?? 0) & 0xc0) === 0x80) end--;
  room.set(ELLIPSIS, end);
  return end + ELLIPSIS.length;
}

/** Where each label of a table lies in its bytes: `[start, end]` for each of `count` labels, up to the first that lies outside. */
export function labelSpans(bytes: Uint8Array, count: number): [start: number, end: number][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const spans: [number, number][] = [];
  let at = 0;
  while (spans.length < count && at + LENGTH_BYTES <= bytes.length) {
    const start = at + LENGTH_BYTES;
    at = start + view.getUint32(at, true);
    if (at > bytes.length) break;
    spans.push([start, at]);
  }
  return spans;
}
