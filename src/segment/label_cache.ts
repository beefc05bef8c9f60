/** The most places that there are for labels. */
const MOST_SLOTS = 4096;

/** Bytes that a label takes in its table, about: so many labels there may be. */
const LABEL_BYTES = 16;

/** A label is at its place, or just behind it if others were there before. */
const REACH = 4;

/** About as many characters of a long label tell its place. */
const LOOKED_AT = 32;

/**
 * The ids of labels, for as many as find room. A text that was made anew, by a template say, is found here in half the time that a `Map` takes,
 * which has the runtime hash it first. Labels whose places coincide, by chance or by ill will, are left to that.
 */
export class LabelCache {
  readonly #mask: number;
  readonly #labels: (string | undefined)[];
  readonly #ids: Uint16Array;

  /** For the labels of a table of so many bytes. */
  constructor(tableBytes: number) {
    const wanted = Math.max(1, tableBytes / LABEL_BYTES);
    const slots = Math.min(MOST_SLOTS, 2 ** Math.floor(Math.log2(wanted)));
    this.#mask = slots - 1;
    this.#labels = new Array(slots + REACH).fill(undefined);
    this.#ids = new Uint16Array(slots + REACH);
  }

  /** The id of a label, if that found room. */
  get(label: string): number | undefined {
    const place = hashOf(label) & this.#mask;
    for (let slot = place; slot < place + REACH; slot++) {
      if (this.#labels[slot] === label) return this.#ids[slot];
    }
    return undefined;
  }

  /** Keeps the id of a new label, of 16 bits, if there is room. */
  add(label: string, id: number): void {
    const place = hashOf(label) & this.#mask;
    for (let slot = place; slot < place + REACH; slot++) {
      if (this.#labels[slot] !== undefined) continue;
      this.#labels[slot] = label;
      this.#ids[slot] = id;
      return;
    }
  }

  /** Forgets all labels. */
  clear(): void {
    for (let slot = 0; slot < this.#labels.length; slot++) this.#labels[slot] = undefined; // V8's own `fill` makes a new array
  }
}

function hashOf(label: string): number {
  const { length } = label;
  const step = 1 + Math.floor(length / LOOKED_AT);
  let hash = length;
  for (let i = 0; i < length; i += step) hash = (Math.imul(hash, 31) + label.charCodeAt(i)) | 0;
  return hash ^ (hash >>> 13);
}
