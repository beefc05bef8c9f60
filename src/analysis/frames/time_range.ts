/** A time, from the first observation to the last. */
export interface TimeRange {
  /** ns since 1970. */
  readonly first: bigint;
  /** ns since 1970. */
  readonly last: bigint;
}
