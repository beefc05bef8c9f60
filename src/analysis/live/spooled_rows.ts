/**
 * The rows of one segment that were read from its spool, and will appear in the file to which they
 * are appended. They are recognized by their timepoints: that file does not tell which isolate
 * recorded a row.
 */
export class SpooledRows {
  /** The process, isolate and number of the segment. */
  readonly pid: number;
  readonly isolate: string;
  readonly sequence: number;
  /** Looks since the segment was last in a spool. */
  looksSince = 0;
  readonly #times = new Map<number, number>();

  /** No rows. */
  constructor(pid: number, isolate: string, sequence: number) {
    this.pid = pid;
    this.isolate = isolate;
    this.sequence = sequence;
  }

  /** Adds a row with that time. */
  add(time: number): void {
    this.#times.set(time, (this.#times.get(time) ?? 0) + 1);
  }

  /** Removes a row with that time; returns whether there was one. */
  take(time: number): boolean {
    const left = this.#times.get(time);
    if (left === undefined) return false;
    if (left === 1) this.#times.delete(time);
    else this.#times.set(time, left - 1);
    return true;
  }
}
