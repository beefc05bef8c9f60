/** Where the rows of one flush go. After any method threw, only `abort` may be called, and then the flush is begun again. */
export interface Destination {
  /** Writes whole rows of CSV, those up to row `next` of the segment; `false` if another program is in the way, and nothing was written. */
  write(rows: Uint8Array, next: number): boolean;
  /** All rows are written: makes them visible, up to row `next`. */
  commit(next: number): void;
  /** Takes back what is not published, so so that the flush journal is right again. Does not throw. */
  abort(): void;
}
