import type { Outcome } from "../../harness/published_files.ts";

/** What a worker is to do. */
export interface Job {
  /** To record samples, or only to look at the clock twice for each, which tells how much more two cores of this machine do than one. */
  readonly loop: "record" | "look";
  readonly monitoringDir: string;
  /** How many times before all begin, and then. */
  readonly warmUp: number;
  readonly times: number;
  /** Is no longer 0 once all may begin. */
  readonly gate: Int32Array;
}

/** What a worker says: that it can be given a job, that it has only to begin, that it has looked, and what it has recorded. */
export type Report = "listening" | "ready" | "done" | Outcome;
