import { LABEL_LENGTH_BYTES, MAX_LABEL_BYTES, MAX_LABELS } from "./format.ts";
import { LabelCache } from "./label_cache.ts";
import { textDecoder, textEncoder } from "../text_coders.ts";

const encoder = textEncoder();
const decoder = textDecoder("utf-8", { ignoreBOM: true });

/**
 * U+FFFD replaces NUL, which no SQL text may hold; UTF-8 encoding puts it in place of lone
 * surrogates too.
 */
const REPLACEMENT = "\ufffd";

/** Marks a label that was cut: U+2026 in UTF-8. */
const ELLIPSIS = Uint8Array.of(0xe2, 0x80, 0xa6);

/** Returned in place of a label's id, or of the room left, when a label or a row does not fit. */
export const NO_ROOM = -1;

/**
 * Gives each label of a segment an id, counting from 0, and stores it once in the segment's label
 * table.
 *
 * A label longer than {@linkcode LabelInterner.maxLabelBytes} is cut at a character boundary and
 * marked with `…`; NUL and lone surrogates become U+FFFD.
 */
export class LabelInterner {
  /**
   * Most bytes of UTF-8 of one label: {@linkcode MAX_LABEL_BYTES}, or a quarter of the table if
   * that is less.
   */
  readonly maxLabelBytes: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #ids = new Map<string, number>();
  readonly #cache: LabelCache;
  #used = 0;
  #cut = 0;

  /** Writes the label table to `bytes`, from their beginning. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#cache = new LabelCache(bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.maxLabelBytes = Math.min(MAX_LABEL_BYTES, bytes.byteLength >> 2);
  }

  /** Number of labels. */
  get count(): number {
    return this.#ids.size;
  }

  /** Bytes of the table in use. */
  get used(): number {
    return this.#used;
  }

  /** Number of labels that were cut. */
  get cut(): number {
    return this.#cut;
  }

  /** The id of a label, new or known; {@linkcode NO_ROOM} if it is new and does not fit. */
  idOf(label: string): number {
    return this.#cache.get(label) ?? this.#ids.get(label) ?? this.#add(label);
  }

  /** Removes all labels. */
  clear(): void {
    if (this.#ids.size > 0) this.#cache.clear();
    this.#ids.clear();
    this.#used = 0;
    this.#cut = 0;
  }

  #add(label: string): number {
    // Cut first, so that a gigantic label costs no more than a long one.
    const head = label.length > this.maxLabelBytes ? label.slice(0, this.maxLabelBytes) : label;
    const text = head.replaceAll("\0", REPLACEMENT).toWellFormed();
    const same = this.#ids.get(text);
    if (same !== undefined && head === label) return same;
    const at = this.#used + LABEL_LENGTH_BYTES;
    if (this.#ids.size === MAX_LABELS || at >= this.#bytes.length) return NO_ROOM;
    const room = this.#bytes.subarray(at, at + this.maxLabelBytes);
    const { read, written } = encoder.encodeInto(text, room);
    const isCut = read < text.length || head !== label;
    if (isCut && room.length < this.maxLabelBytes) return NO_ROOM;
    const length = isCut ? cutAt(room, written) : written;
    // The key is decoded from the table: the label itself may be a slice of a large string and
    // would keep all of that in memory.
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

/**
 * Writes the ellipsis after the last whole character that leaves room for it, and returns the
 * length.
 */
function cutAt(room: Uint8Array, written: number): number {
  let end = Math.min(written, room.length - ELLIPSIS.length);
  // A byte 10xxxxxx continues a character.
  while (end > 0 && end < written && ((room[end] ?? 0) & 0xc0) === 0x80) end--;
  room.set(ELLIPSIS, end);
  return end + ELLIPSIS.length;
}
