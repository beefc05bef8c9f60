import { KymoError, quote } from "../errors.ts";
import { type Check, checkGiven, isBoolean, isFunction, isOneOf } from "../options.ts";
import type { Sampler } from "../sampling/sampler.ts";
import { checkChannelName, type Layout } from "../files/names.ts";
import { RESERVED_CHANNELS } from "../series.ts";

/** What a crash may take: see {@linkcode StartOptions.durability}. */
export type Durability = "memory" | "spool" | "fsync";

/** How to record. All have a default. */
export interface StartOptions {
  /** Where all files go; created if missing. Default `"_monitoring"`, in the working directory. */
  readonly monitoringDir?: string;
  /** Whether to sample GC, heap, CPU, RSS and event-loop lag. Default `false`. */
  readonly withRuntime?: boolean;
  /** Whether to take a CPU profile of this isolate. Default `false`. */
  readonly withProfiler?: boolean;
  /** Bytes that all buffers of a channel may take together, 16 KiB to 1 GiB. Default 1 MiB. */
  readonly memoryThreshold?: number;
  /** ms after which a buffer that is not full is flushed, up to a day; 0 for never. Default 60,000. */
  readonly flushInterval?: number;
  /** ms between samples of the runtime and of your own samplers, 10 to a day. Default 1,000. */
  readonly samplingInterval?: number;
  /** `"segments"`: a new file for each flush. `"append"`: one growing file per channel, under a lock. Default `"segments"`. */
  readonly layout?: Layout;
  /**
   * What outlives what. `"memory"`: files outlive the process, buffers do not. `"spool"`: buffers outlive it too, being files themselves, and are
   * recovered by the next `start`; where the runtime cannot map files that is not to be had, and `status()` says why. `"fsync"`: in addition
   * files outlive the power, for they count as flushed when the disk has them. Default `"spool"`.
   */
  readonly durability?: Durability;
  /** Samplers of your own, called every `samplingInterval`. */
  readonly samplers?: readonly Sampler[];
  /** Is told about every failure while recording. What it throws is ignored. */
  readonly onError?: (error: Error) => void;
}

/** The same, complete and checked. */
export type CheckedOptions = Required<StartOptions>;

const DEFAULTS: CheckedOptions = {
  monitoringDir: "_monitoring",
  withRuntime: false,
  withProfiler: false,
  memoryThreshold: 2 ** 20,
  flushInterval: 60_000,
  samplingInterval: 1_000,
  layout: "segments",
  durability: "spool",
  samplers: [],
  onError: () => {},
};

const DAY = 86_400_000;

function isInteger(min: number, max: number, also?: number): Check {
  const range = `must be ${also === undefined ? "" : `${also} or `}a whole number from ${min} to ${max}`;
  return (value) => {
    const fits = Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
    return fits || value === also && also !== undefined ? undefined : range;
  };
}

const isDirectory: Check = (value) => {
  if (typeof value !== "string" || value === "") return "must be a path";
  return value.includes("\0") ? "must be a path, which holds no NUL" : undefined;
};

const isSamplers: Check = (value) => {
  if (!Array.isArray(value)) return "must be an array of samplers";
  const isSampler = (item: unknown) => typeof (item as Sampler | null)?.sample === "function";
  return Array.from(value).every(isSampler) ? undefined : "must be an array of samplers, each with a function `sample`";
};

const CHECKS: Readonly<Record<keyof StartOptions, Check>> = {
  monitoringDir: isDirectory,
  withRuntime: isBoolean,
  withProfiler: isBoolean,
  memoryThreshold: isInteger(2 ** 14, 2 ** 30),
  flushInterval: isInteger(10, DAY, 0),
  samplingInterval: isInteger(10, DAY),
  layout: isOneOf("segments", "append"),
  durability: isOneOf("memory", "spool", "fsync"),
  samplers: isSamplers,
  onError: isFunction,
};

/**
 * Completes the options with their defaults.
 *
 * @throws {KymoError} if there is an unknown option, or one of a wrong type or out of range.
 */
export function checkOptions(options: unknown = {}): CheckedOptions {
  const checked: CheckedOptions = { ...DEFAULTS, ...checkGiven<StartOptions>("Cannot start", options, CHECKS) };
  for (const { channel } of checked.samplers) checkOwnChannelName("Cannot start", channel);
  return checked;
}

/** Refuses a channel that is no part of a file name, or that the monitor uses itself. */
export function checkOwnChannelName(action: string, channel: unknown): asserts channel is string {
  checkChannelName(action, channel);
  if (RESERVED_CHANNELS.includes(channel)) {
    throw new KymoError("invalid-argument", `${action}: the channel is one of the monitor's own: ${quote(channel)}`);
  }
}
