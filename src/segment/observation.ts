/** One measured number at one timepoint, with a label: a row of a CSV file. */
export interface Observation {
  /** When it was measured (for a duration: when it ended), nanoseconds since 1970-01-01T00:00:00Z. */
  readonly timepoint: bigint;
  /** What was measured, in the unit that the sampler documents; seconds for durations. */
  readonly measurement: number;
  /** The name of the kind of measurement; observations with one label form a series. */
  readonly label: string;
  /** Process that measured. */
  readonly pid: number;
}
