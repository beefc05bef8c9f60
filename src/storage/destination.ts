/** Where the rows of one flush go. After any method threw, only `abort` may be called, and then the flush is begun again. */
export interface Destination {
  /** Whether rows count as published as soon as `write` returns, so that a flush goes on after them when it is begun again. */
  readonly durableWrites: boolean;
  /** Writes whole rows of CSV; `false` if that had to wait for another program, and nothing was written. */
  write(rows: Uint8Array): boolean;
  /** All rows are written: makes them visible. */
  commit(): void;
  /**
   * Takes back what is not published. Does not throw. Returns how many rows of the write that threw are published all the same, because they
   * could not be taken back.
   */
  abort(): number;
}
