import { isFields } from "../small_json.ts";

/**
 * Which rows of one channel of an isolate were counted. Its segments are numbered; the rows of each
 * come in the same order from its spool and from its file, so that a number tells how many of them
 * were counted.
 */
export class ChannelPosition {
  /** Ranges of segments of which all was counted, ascending. */
  readonly #whole: [from: number, to: number][] = [];
  /** Rows that were counted of other segments. */
  readonly #rows = new Map<number, number>();

  /** The rows of a segment that were counted; `Infinity` if all were. */
  counted(sequence: number): number {
    return this.#isWhole(sequence) ? Infinity : this.#rows.get(sequence) ?? 0;
  }

  /** Notes that the first `rows` rows of a segment were counted. */
  note(sequence: number, rows: number): void {
    if (rows > this.counted(sequence)) this.#rows.set(sequence, rows);
  }

  /** Notes that all rows of a segment were counted, and that no more will come. */
  noteWhole(sequence: number): void {
    this.#rows.delete(sequence);
    if (this.#isWhole(sequence)) return;
    const ranges = this.#whole;
    const next = ranges.findIndex(([from]) => from > sequence);
    const at = next < 0 ? ranges.length : next;
    const [before, after] = [ranges[at - 1], ranges[at]];
    const joinsBefore = before?.[1] === sequence - 1;
    const joinsAfter = after?.[0] === sequence + 1;
    if (joinsBefore && joinsAfter) {
      before[1] = after[1];
      ranges.splice(at, 1);
    } else if (joinsBefore) before[1] = sequence;
    else if (joinsAfter) after[0] = sequence;
    else ranges.splice(at, 0, [sequence, sequence]);
  }

  #isWhole(sequence: number): boolean {
    const last = this.#whole.at(-1);
    if (last === undefined || sequence > last[1]) return false;
    return this.#whole.some(([from, to]) => sequence >= from && sequence <= to);
  }

  /** As it is stored. */
  get stored(): unknown {
    return this.#rows.size === 0 ? { whole: this.#whole } : { whole: this.#whole, rows: [...this.#rows] };
  }

  /** Takes what was stored; `undefined` if it is none. */
  static of(value: unknown): ChannelPosition | undefined {
    if (!isFields(value)) return undefined;
    const { whole, rows = [] } = value;
    if (!arePairs(whole) || !arePairs(rows)) return undefined;
    const position = new ChannelPosition();
    for (const [from, to] of whole) position.#whole.push([from, to]);
    for (const [sequence, count] of rows) position.#rows.set(sequence, count);
    return position;
  }
}

function arePairs(value: unknown): value is [number, number][] {
  return Array.isArray(value) &&
    value.every((pair) =>
      Array.isArray(pair) && pair.length === 2 && pair.every((item) => Number.isSafeInteger(item) && item >= 0)
    );
}
