import { textDecoder } from "../text_coders.ts";

/** Limit of the labels that are remembered, and of their length in bytes. */
const MAX_LABELS = 20_000;
const MAX_LENGTH = 512;

const utf8 = textDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The texts of labels, each decoded only when it is first met: labels repeat. */
export class LabelTexts {
  readonly #known = new Map<number, { readonly bytes: Uint8Array; readonly text: string }>();

  /**
   * The text of the label in some bytes of CSV, which may be in quotes; `undefined` if it is not
   * UTF-8.
   */
  textOf(bytes: Uint8Array, start: number, end: number): string | undefined {
    if (end - start > MAX_LENGTH) return decode(bytes.subarray(start, end));
    let hash = end - start;
    for (let i = start; i < end; i++) hash = Math.imul(hash, 31) + bytes[i]! | 0;
    const known = this.#known.get(hash);
    if (known !== undefined && isSame(known.bytes, bytes, start, end)) return known.text;
    const label = bytes.slice(start, end);
    const text = decode(label);
    if (text === undefined) return undefined;
    if (this.#known.size === MAX_LABELS) this.#known.clear();
    this.#known.set(hash, { bytes: label, text });
    return text;
  }
}

function decode(field: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(field);
    return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
  } catch {
    return undefined;
  }
}

function isSame(label: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (label.length !== end - start) return false;
  for (let i = 0; i < label.length; i++) if (label[i] !== bytes[start + i]) return false;
  return true;
}
