/** What becomes of a sample. */
export type Keeps = "nothing" | "sums and buckets" | "every sample, until cleared" | "every sample, in files";

/** Something that can time a block of code, set against others that can. */
export interface Contender {
  readonly name: string;
  readonly keeps: Keeps;
  /** Begins to record; files go into `directory`, which is its own. Not before what was begun last has ended. */
  readonly begin: (directory: string) => Recording;
}

/** What is recorded from `begin` to `end`. */
export interface Recording {
  /**
   * Times an empty block so many times, in a loop of its own: a loop shared by all contenders would call them through one place, which no
   * compiler can specialise.
   */
  readonly run: (samples: number) => void;
  /** Removes the files there are, counted, so that the disk does not fill. Never within what is timed. */
  readonly tidy?: () => void;
  /** Ends, and resolves with the number of samples recorded, which is read from where they are kept. */
  readonly end: () => Promise<number>;
}

/** The label of all samples. */
export const LABEL = "my code block";
