import type { RecordingState } from "../control/answer_file.ts";
import { NOTHING_PRUNED, type PrunedCounts } from "../control/retention/pruned_counts.ts";
import type { KymoError } from "../errors.ts";
import type { Layout } from "../files/names.ts";
import type { CapabilityName, Runtime } from "../runtime.ts";
import type { ChannelCounts } from "./buffers/double_buffer.ts";
import type { Durability } from "./options.ts";

/** Whether something is available, and if not, why. */
export interface Capability {
  /** Whether it is available on this runtime, with the permissions it has, on this file system. */
  readonly available: boolean;
  /** Why it is not available; absent if it is. */
  readonly reason?: string;
}

/**
 * The state of a monitor, safe to pass to `JSON.stringify`. Of the counts,
 * `recorded = flushed + buffered + dropped` holds at all times. After `stop` it is the state of the
 * recording that ended.
 */
export interface MonitorStatus extends ChannelCounts {
  /** Whether there is a recording: from `start` to `stop`, also while it is paused. */
  readonly running: boolean;
  /** Whether observations are recorded now, and why not, or not all. */
  readonly recording: RecordingState;
  /**
   * Runtime and version, such as `"deno 2.9.6"`. Empty before the first `start`, as are the next
   * five.
   */
  readonly runtime: string;
  /** The name of the service, as in the program record. */
  readonly name: string;
  /** Eight hexadecimal digits: this recording's part of all file names, beside the PID. */
  readonly isolate: string;
  /** The clock that gives the timepoints, such as `"clock_gettime"`. */
  readonly clock: string;
  /** Where the files are: an absolute path, if the working directory may be read. */
  readonly monitoringDir: string;
  /** What this recording can use. */
  readonly capabilities: Readonly<Partial<Record<CapabilityName, Capability>>>;
  /**
   * What was replaced so that it records by itself, by name, such as what makes servers: by
   * `@kymo/kymo/auto`. Empty without it.
   */
  readonly automatic: Readonly<Record<string, Capability>>;
  /** The layout asked for. */
  readonly layout: Layout | undefined;
  /**
   * The durability in force: `"memory"` where `"spool"` was asked for and there is no spool;
   * `capabilities.spool` says why. If there is none, `"fsync"` holds for published files only.
   */
  readonly durability: Durability | undefined;
  /** The counts of each channel, by name. */
  readonly channels: Readonly<Record<string, ChannelCounts>>;
  /**
   * Duration samples refused because their id was not that of a running sample, or their label not
   * a string.
   */
  readonly invalidSamples: number;
  /** Observations refused because their label was not a string or their value not a number. */
  readonly invalidObservations: number;
  /**
   * HTTP requests recorded as `other [VERB]`, because there were as many labels as there may be, or,
   * of outgoing ones, as many hosts.
   */
  readonly otherRequests: number;
  /** Labels that were cut for their length, counted once per buffer. */
  readonly labelsCut: number;
  /**
   * Observations of dead programs that this one published from their spools. Not part of the
   * counts.
   */
  readonly recovered: number;
  /** Observations in such spools that were damaged. */
  readonly damaged: number;
  /** What this program has removed to keep the limits of `retention`. */
  readonly pruned: PrunedCounts;
  /** Failures so far. */
  readonly errors: number;
  /** The latest failure. `JSON.stringify` keeps its code and message. */
  readonly lastError: KymoError | undefined;
}

/** The state of one recording: what was replaced is not known to it. */
export type RecordingStatus = Omit<MonitorStatus, "automatic">;

/** That nothing is recorded after `stop`. */
export const STOPPED: RecordingState = { on: false, reason: "stopped" };

/** The state of a monitor that was never started. */
export const NOT_STARTED: MonitorStatus = {
  running: false,
  recording: { on: false, reason: "not started" },
  runtime: "",
  name: "",
  isolate: "",
  clock: "",
  monitoringDir: "",
  capabilities: {},
  automatic: {},
  layout: undefined,
  durability: undefined,
  recorded: 0,
  flushed: 0,
  buffered: 0,
  dropped: 0,
  channels: {},
  invalidSamples: 0,
  invalidObservations: 0,
  otherRequests: 0,
  labelsCut: 0,
  recovered: 0,
  damaged: 0,
  pruned: NOTHING_PRUNED,
  errors: 0,
  lastError: undefined,
};

const CAPABILITIES: readonly CapabilityName[] = [
  "clock.libc",
  "locks",
  "append",
  "spool",
  "freeSpace",
  "gc",
  "gc.uncollectable",
  "heap",
  "resources",
  "rss.peak",
  "threads",
  "profiler",
  "profiler.lines",
  "profiler.heap",
  "host",
  "signals",
];

/** All capabilities. One is not available if the runtime, or `lacking`, gives a reason. */
export function capabilitiesOf(
  { unavailable }: Runtime,
  lacking: Readonly<Partial<Record<CapabilityName, string | undefined>>> = {},
): Record<CapabilityName, Capability> {
  const entries = CAPABILITIES.map((name): [CapabilityName, Capability] => {
    const reason = unavailable[name] ?? lacking[name];
    return [name, reason === undefined ? { available: true } : { available: false, reason }];
  });
  return Object.fromEntries(entries) as Record<CapabilityName, Capability>;
}

/** The sum of the counts of several channels. */
export function sumCounts(counts: Iterable<ChannelCounts>): ChannelCounts {
  const sum = { recorded: 0, flushed: 0, buffered: 0, dropped: 0 };
  for (const { recorded, flushed, buffered, dropped } of counts) {
    sum.recorded += recorded;
    sum.flushed += flushed;
    sum.buffered += buffered;
    sum.dropped += dropped;
  }
  return sum;
}
