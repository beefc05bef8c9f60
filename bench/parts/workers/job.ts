import type { Outcome } from "../../harness/published_files.ts";

/** The job of a worker. */
export interface Job {
  /**
   * To record samples, or only to read the clock twice for each, which shows how much faster two
   * cores of this machine are than one.
   */
  readonly loop: "record" | "look";
  readonly monitoringDir: string;
  /** Samples before the common start, and after it. */
  readonly warmUp: number;
  readonly times: number;
  /** Becomes nonzero at the common start. */
  readonly gate: Int32Array;
}

/**
 * Messages of a worker: ready for a job, ready to start, done with the clock, and the counts of its
 * recording.
 */
export type Report = "listening" | "ready" | "done" | Outcome;
