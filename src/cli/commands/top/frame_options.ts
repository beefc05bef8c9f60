/** What series may be ordered by. */
export const sortKeys = ["rate", "p50", "p99", "max", "label"] as const;

/** One of them. */
export type SortKey = typeof sortKeys[number];

/** How a frame is to look. */
export interface FrameOptions {
  /** The monitoring directory, as the user called it. */
  readonly directory: string;
  readonly sort: SortKey;
  /** Which labels and processes the user asked for; all if it is not said. */
  readonly label?: readonly string[] | undefined;
  readonly pid?: readonly number[] | undefined;
  /** Room there is; `undefined` if there is no end to it. */
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly hasColors: boolean;
}
