/** Most slots of a cache. */
const MAX_SLOTS = 4096;

/** Bytes that an average label takes in its table: an estimate, for the number of slots. */
const BYTES_PER_LABEL = 16;

/** Slots in which a label may be: the one its hash selects, and those just after it. */
const REACH = 4;

/** Characters of a long label that are hashed, about. */
const HASHED_CHARACTERS = 32;

/**
 * A small hash table from labels to ids. It finds a string that was built anew, by a template say,
 * in half the time of a `Map`, because the runtime must hash such a string first and this looks at
 * no more than about 32 characters. Labels whose slots are taken, by chance or on purpose, are not
 * kept: the caller looks them up in its `Map`.
 */
export class LabelCache {
  readonly #mask: number;
  readonly #labels: (string | undefined)[];
  readonly #ids: Uint16Array;

  /** For the labels of a table of `tableBytes` bytes. */
  constructor(tableBytes: number) {
    const wanted = Math.max(1, tableBytes / BYTES_PER_LABEL);
    const slots = Math.min(MAX_SLOTS, 2 ** Math.floor(Math.log2(wanted)));
    this.#mask = slots - 1;
    this.#labels = new Array(slots + REACH).fill(undefined);
    this.#ids = new Uint16Array(slots + REACH);
  }

  /** The id of a label; `undefined` if it is not kept. */
  get(label: string): number | undefined {
    const place = hashOf(label) & this.#mask;
    for (let slot = place; slot < place + REACH; slot++) {
      if (this.#labels[slot] === label) return this.#ids[slot];
    }
    return undefined;
  }

  /** Keeps the 16-bit id of a new label, if one of its slots is free. */
  add(label: string, id: number): void {
    const place = hashOf(label) & this.#mask;
    for (let slot = place; slot < place + REACH; slot++) {
      if (this.#labels[slot] !== undefined) continue;
      this.#labels[slot] = label;
      this.#ids[slot] = id;
      return;
    }
  }

  /** Removes all labels. */
  clear(): void {
    for (let slot = 0; slot < this.#labels.length; slot++) this.#labels[slot] = undefined; // V8's `fill` allocates
  }
}

function hashOf(label: string): number {
  const { length } = label;
  const step = 1 + Math.floor(length / HASHED_CHARACTERS);
  let hash = length;
  for (let i = 0; i < length; i += step) hash = (Math.imul(hash, 31) + label.charCodeAt(i)) | 0;
  return hash ^ (hash >>> 13);
}
