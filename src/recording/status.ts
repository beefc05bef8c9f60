import type { ChannelCounts } from "./double_buffer.ts";
import type { CapabilityName, Runtime } from "../runtime.ts";
import type { Layout } from "../files/names.ts";
import type { Durability } from "./options.ts";

/** `true`, or why not. */
export type Capability = true | string;

/**
 * The state of a monitor. Of the counts, `recorded = flushed + buffered + dropped` holds at all times; after `stop` they are those of the
 * recording that ended.
 */
export interface MonitorStatus extends ChannelCounts {
  /** Whether it is recording. */
  readonly running: boolean;
  /** Runtime and version, such as `"deno 2.9.6"`; empty before the first `start`, like all that follows from one. */
  readonly runtime: string;
  /** What the timepoints are read from. */
  readonly clock: string;
  /** Where the files are. */
  readonly monitoringDir: string;
  /** What this runtime can do with the permissions it has; a sentence says why it cannot. */
  readonly capabilities: Readonly<Partial<Record<CapabilityName, Capability>>>;
  /** The layout asked for. */
  readonly layout: Layout | undefined;
  /**
   * What outlives what, as it is: `"memory"` where `"spool"` was asked for and is not to be had. Of `"fsync"` then only files are left:
   * see `capabilities.spool`, which says why, and `lastError`.
   */
  readonly durability: Durability | undefined;
  /** The counts of each channel, by name. */
  readonly channels: Readonly<Record<string, ChannelCounts>>;
  /** Duration samples refused because their id was not one of a running sample, or their label was no string. */
  readonly invalidSamples: number;
  /** Observations refused because their label was no string or their value no number. */
  readonly invalidObservations: number;
  /** Labels that were cut for their length, each counted once per buffer. */
  readonly labelsCut: number;
  /** Observations of programs that died, found in their spools and published by this one. They are not among the counts. */
  readonly recovered: number;
  /** Observations in such spools that were damaged. */
  readonly damaged: number;
  /** Failures so far. */
  readonly errors: number;
  /** The latest failure. */
  readonly lastError: Error | undefined;
}

const CAPABILITIES: readonly CapabilityName[] = [
  "clock.libc",
  "locks",
  "spool",
  "gc",
  "gc.uncollectable",
  "heap",
  "resources",
  "profiler",
  "signals",
];

/** Which capabilities a runtime has, each with the reason if it is absent. */
export function capabilitiesOf({ unavailable }: Runtime): Record<CapabilityName, Capability> {
  const entries = CAPABILITIES.map((name) => [name, unavailable[name] ?? true] as const);
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
