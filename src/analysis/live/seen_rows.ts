/**
 * The rows of one segment that were seen in its spool, and will be met again in the file that segments are appended to: by their timepoints, since
 * that file does not tell whose a row is.
 */
export class SeenRows {
  /** Whose segment: its process, isolate and sequence. */
  readonly pid: number;
  readonly isolate: string;
  readonly sequence: number;
  /** How often the spools have been looked at since the segment was gone from them. */
  looksSince = 0;
  readonly #times = new Map<number, number>();

  /** None yet. */
  constructor(pid: number, isolate: string, sequence: number) {
    this.pid = pid;
    this.isolate = isolate;
    this.sequence = sequence;
  }

  /** A row of that time was seen. */
  add(time: number): void {
    this.#times.set(time, (this.#times.get(time) ?? 0) + 1);
  }

  /** Whether a row of that time was seen and not met again; now it has been. */
  take(time: number): boolean {
    const left = this.#times.get(time);
    if (left === undefined) return false;
    if (left === 1) this.#times.delete(time);
    else this.#times.set(time, left - 1);
    return true;
  }
}
