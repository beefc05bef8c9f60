import type { MonitoringDirectory } from "../files/directory.ts";
import { SPOOLS_DIRECTORY } from "../files/names.ts";
import type { Clock } from "../runtime.ts";
import { NANOSECONDS_PER_MS } from "../series.ts";
import type { Lane, LaneState } from "./lane.ts";
import type { LettingGo } from "./files/letting_go.ts";
import type { RowCounts } from "./shipping_counts.ts";
import type { Target } from "./targets/target.ts";

/** Files that are named in a status at most. */
const MOST_NAMED = 20;

/** What a shipper has done since it began, and what is left. */
export interface LaneStatus {
  /** The monitoring directory. */
  readonly directory: string;
  /** The store, without user and password. */
  readonly target: string;
  /** What it promises, such as `"exactly once"`. */
  readonly guarantee: string;
  /** ns since 1970. */
  readonly at: bigint;
  readonly state: LaneState;
  /** Whether it goes on. */
  readonly isRunning: boolean;
  /** Why the last look failed, if it did. */
  readonly error?: string;
  /** Rows: `read` is the sum of the others. */
  readonly rows: RowCounts;
  /** Files that are settled, bytes of files that were shipped, and batches. */
  readonly files: number;
  readonly bytes: number;
  readonly batches: number;
  /** Files that wait, and since when the oldest does, s. */
  readonly waitingFiles: number;
  readonly oldestUnshippedSeconds: number;
  /** When the latest row that was shipped was recorded, ns since 1970; 0 if none was. */
  readonly newestShipped: bigint;
  /** Looks that failed. */
  readonly retries: number;
  /** Pieces of files in quarantine. */
  readonly quarantinedPieces: number;
  /** Places in files where there should be rows, and is something else. */
  readonly damaged: number;
  /** Files that others removed or renamed before they were shipped. */
  readonly vanishedFiles: number;
  /** Files removed or archived after they were shipped, and attempts that failed. */
  readonly filesLetGo: number;
  readonly letGoFailures: number;
  /** Why files cannot be let go, if there is a reason. */
  readonly letGoError?: string;
  /** Files that are not shipped, and why; the first 20. */
  readonly refused: readonly { readonly file: string; readonly reason: string }[];
}

/** What a status is made of. */
export interface StatusParts {
  readonly directory: MonitoringDirectory;
  readonly lane: Lane;
  readonly target: Target;
  readonly lettingGo: LettingGo;
  /** Why dead programs' rows are not in files, if there are such. */
  readonly unrecovered: string | undefined;
  readonly clock: Clock;
}

/** The status of a lane now. */
export function statusOf(
  { directory, lane, target, lettingGo, unrecovered, clock }: StatusParts,
): LaneStatus {
  const { shipper, state, failure, retries } = lane;
  const { tally, files: { waiting, refused, vanished }, counts } = shipper;
  const at = clock.epoch();
  const unshipped: [file: string, reason: string][] = unrecovered === undefined
    ? []
    : [[SPOOLS_DIRECTORY, unrecovered]];
  const age = waiting.since === undefined ? 0 : Number(at / BigInt(NANOSECONDS_PER_MS)) - waiting.since;
  return {
    directory: directory.path,
    target: target.name,
    guarantee: target.guarantee.rows,
    at,
    state,
    isRunning: !lane.hasEnded,
    ...failure === undefined ? {} : { error: failure.message },
    rows: counts.rows,
    files: tally.files,
    bytes: tally.bytes,
    batches: tally.batches,
    waitingFiles: waiting.files,
    oldestUnshippedSeconds: Math.max(0, Math.round(age) / 1000),
    newestShipped: tally.newest,
    retries,
    quarantinedPieces: shipper.quarantinedPieces,
    damaged: counts.damaged,
    vanishedFiles: vanished,
    filesLetGo: lettingGo.tally.files,
    letGoFailures: lettingGo.tally.failures,
    ...lettingGo.lastFailure === undefined ? {} : { letGoError: lettingGo.lastFailure },
    refused: [...unshipped, ...refused].slice(0, MOST_NAMED).map(([file, reason]) => ({ file, reason })),
  };
}
