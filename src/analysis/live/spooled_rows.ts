/**
 * The rows of one segment that were read from its spool, and will appear in the file to which they
 * are appended.
 *
 * That file does not tell which isolate or segment a row is of, so a row is recognized by all that
 * the file says of it. Its timepoint is not enough: the clocks are compared anew for each segment,
 * so that the first rows of one may be given the times of the last rows of the one before.
 */
export class SpooledRows {
  /** The process, isolate and number of the segment. */
  readonly pid: number;
  readonly isolate: string;
  readonly sequence: number;
  /** Looks since the segment was last in a spool; -1 until the look that has read it is over. */
  looksSince = -1;
  /** Of its first rows so many may be in the file to which all append, as far as that is read. */
  bound = Infinity;
  readonly #labels: string[] = [];
  readonly #values: number[] = [];
  /** The row that was added last with a time, and for each row the one before with its time. */
  readonly #last = new Map<number, number>();
  readonly #before: number[] = [];

  /** No rows. */
  constructor(pid: number, isolate: string, sequence: number) {
    this.pid = pid;
    this.isolate = isolate;
    this.sequence = sequence;
  }

  /** Adds the next row. */
  add(label: string, value: number, time: number): void {
    const row = this.#labels.push(label) - 1;
    this.#values.push(value);
    this.#before.push(this.#last.get(time) ?? NONE);
    this.#last.set(time, row);
  }

  /** Removes the same row, if it is one of the first `bound`; returns whether there was one. */
  take(label: string, value: number, time: number, bound = Infinity): boolean {
    let after = NONE;
    for (let row = this.#last.get(time) ?? NONE; row !== NONE; after = row, row = this.#before[row]!) {
      if (row >= bound || this.#labels[row] !== label || !Object.is(this.#values[row], value)) continue;
      const before = this.#before[row]!;
      if (after !== NONE) this.#before[after] = before;
      else if (before !== NONE) this.#last.set(time, before);
      else this.#last.delete(time);
      return true;
    }
    return false;
  }
}

const NONE = -1;
