/** What is kept of a sample. */
export type Keeps = "nothing" | "sums and buckets" | "every sample, until cleared" | "every sample, in files";

/** A library that can time a block of code. */
export interface Contender {
  readonly name: string;
  readonly keeps: Keeps;
  /** Starts recording into its own `directory`. A recording started before must have ended. */
  readonly begin: (directory: string) => Recording;
}

/** A recording from `begin` to `end`. */
export interface Recording {
  /**
   * Times an empty block `times` times, in its own loop: compilers could not specialise a loop
   * shared by all contenders.
   */
  readonly run: (samples: number) => void;
  /**
   * Counts and removes the files, so that they do not fill the disk. Never called within the
   * measured time.
   */
  readonly tidy?: () => void;
  /** Stops, and resolves with the number of recorded samples, read from where they are kept. */
  readonly end: () => Promise<number>;
}

/** The label of all samples. */
export const LABEL = "my code block";
