import { KymoError, quote } from "../errors.ts";
import {
  type Check,
  checkGiven,
  isBoolean,
  isFunction,
  isObject,
  isOneOf,
  isPath,
  isWholeNumber,
  pathText,
} from "../options.ts";
import type { Sampler } from "../sampling/sampler.ts";
import { PRIVATE_MODE } from "../files/directory.ts";
import { checkChannelName, type Layout } from "../files/names.ts";
import { checkRetention, RETENTION_CHECKS, type RetentionOptions } from "../control/retention_options.ts";
import { RESERVED_CHANNELS } from "../series.ts";

/** What outlives what; see {@linkcode WriteOptions.durability}. */
export type Durability = "memory" | "spool" | "fsync";

/**
 * Where and how observations are written. Each option has a default, which an environment variable
 * may replace: see `docs/production.md`.
 */
export interface WriteOptions {
  /**
   * Where all files go: a path, or a `file:` URL as an object or a text; created if missing.
   *
   * @default "_monitoring"
   */
  readonly monitoringDir?: string | URL;
  /**
   * Bytes that the two buffers of a channel may take together, from 16 KiB to 1 GiB.
   *
   * @default 2 ** 20
   */
  readonly memoryThreshold?: number;
  /**
   * ms after which a buffer that is not full is flushed, from 10 to a day; 0 for never.
   *
   * @default 60_000
   */
  readonly flushInterval?: number;
  /**
   * `"segments"`: a new file for each flush. `"append"`: one growing file per channel, which
   * programs append to under a lock.
   *
   * @default "segments"
   */
  readonly layout?: Layout;
  /**
   * - `"memory"`: published files outlive the process, buffers do not.
   * - `"spool"`: buffers outlive the process too: they are mapped files, which the next `start` in
   *   the directory recovers. Where files cannot be mapped or locked, `status()` says why.
   * - `"fsync"`: in addition, published files outlive a power failure: a row counts as flushed when
   *   its file is on the disk.
   *
   * @default "spool"
   */
  readonly durability?: Durability;
  /**
   * Permission bits of all files, spools too, whatever the umask: 0o600 for this user, and what its
   * group (0o040 to read, 0o020 to write) and others (0o004, 0o002) may do besides. Who may write to
   * a spool can recover it, and can also kill the program by cutting it short.
   *
   * @default 0o600
   */
  readonly fileMode?: number;
  /**
   * Name of the service, for the program record: 1 to 128 characters, none of them control
   * characters. By default the file name of the program's entry.
   */
  readonly name?: string;
  /**
   * Which of several instances of the service this is, for the program record: 1 to 128 characters,
   * none of them control characters.
   */
  readonly instance?: string;
  /**
   * What else is to be known of the program, such as its version or zone, for the program record: up
   * to 32 texts of up to 256 characters by names of 1 to 128 characters, without control characters.
   *
   * @default {}
   */
  readonly attributes?: Readonly<Record<string, string>>;
  /**
   * How much stays in the directory: the oldest files beyond that are deleted. Nothing is by
   * default.
   *
   * @default {}
   */
  readonly retention?: RetentionOptions;
  /**
   * Called with every failure, asynchronously; with the same one at most once a minute. What it
   * throws is ignored.
   */
  readonly onError?: (error: KymoError) => void;
  /**
   * Whether the program can do without the recording. Then nothing is thrown: a failure is reported
   * to `onError` and in `status()`. If it is the directory that cannot be had, observations are kept
   * in memory, up to `memoryThreshold`, and writing is tried again every few seconds.
   *
   * @default false
   */
  readonly optional?: boolean;
}

/**
 * How to record. Each option has a default, which an environment variable may replace: see
 * `docs/production.md`.
 */
export interface StartOptions extends WriteOptions {
  /**
   * Whether to record from the start. A program that does not can be switched on later.
   *
   * @default true
   */
  readonly record?: boolean;
  /**
   * Whether to sample GC, heap, CPU, RSS and event-loop lag. With `whileBlocked`, a thread samples
   * CPU, RSS and lag while the event loop is blocked, for 13 MiB on Deno and 6 on Bun.
   *
   * @default false
   */
  readonly withRuntime?: boolean | RuntimeSampling;
  /**
   * Whether to take a CPU profile of this isolate.
   *
   * @default false
   */
  readonly withProfiler?: boolean;
  /**
   * ms between samples of the runtime and of your own samplers, from 10 to a day.
   *
   * @default 1_000
   */
  readonly samplingInterval?: number;
  /** Samplers of your own, called every `samplingInterval` unless they have an interval. */
  readonly samplers?: readonly Sampler[];
}

/** {@linkcode WriteOptions}, checked and with defaults. The names of service and instance have none. */
export type CheckedWriteOptions = Checked<WriteOptions>;

type Checked<O extends WriteOptions> =
  & Required<Omit<O, "name" | "instance" | "monitoringDir">>
  & Pick<WriteOptions, "name" | "instance">
  & { readonly monitoringDir: string };

/** How the runtime is sampled. */
export interface RuntimeSampling {
  /**
   * Whether a thread samples the process while the event loop is blocked.
   *
   * @default false
   */
  readonly whileBlocked?: boolean;
}

/** All options of `start`, checked. */
export type CheckedOptions = Checked<StartOptions>;

/** The default of `onError`. */
export function ignoreErrors(): void {}

/** The default of `monitoringDir`. */
export const DEFAULT_DIRECTORY = "_monitoring";

const WRITE_DEFAULTS: CheckedWriteOptions = {
  monitoringDir: DEFAULT_DIRECTORY,
  memoryThreshold: 2 ** 20,
  flushInterval: 60_000,
  layout: "segments",
  durability: "spool",
  fileMode: PRIVATE_MODE,
  attributes: {},
  retention: {},
  onError: ignoreErrors,
  optional: false,
};

const DEFAULTS: CheckedOptions = {
  ...WRITE_DEFAULTS,
  record: true,
  withRuntime: false,
  withProfiler: false,
  samplingInterval: 1_000,
  samplers: [],
};

const DAY = 86_400_000;

const isInterval = isWholeNumber(10, DAY);

const isFileMode: Check = (value) => {
  const mode = value as number;
  const isValid = Number.isInteger(value) && (mode & 0o600) === 0o600 && (mode & ~0o666) === 0 && mode <= 0o666;
  return isValid ? undefined : "must be 0o600, with read and write bits for group and others if need be, such as 0o640";
};

/** Most attributes of a program. With their longest names and texts a program record is read. */
const MAX_ATTRIBUTES = 32;

function isNameText(value: unknown): boolean {
  return isPlainText(value, 128) && value !== "";
}

function isPlainText(value: unknown, maxLength: number): boolean {
  return typeof value === "string" && value.length <= maxLength && !/[\p{Cc}\p{Cs}]/u.test(value);
}

const isName: Check = (value) =>
  isNameText(value) ? undefined : "must be 1 to 128 characters, none of them control characters";

const isAttributes: Check = (value) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return 'must be an object of texts, such as { zone: "b" }';
  }
  const entries = Object.entries(value);
  if (entries.length > MAX_ATTRIBUTES) return `must be at most ${MAX_ATTRIBUTES} texts`;
  return entries.every(([name, text]) => isNameText(name) && isPlainText(text, 256))
    ? undefined
    : "must be texts of up to 256 characters with names of 1 to 128, none of them control characters";
};

const isSamplers: Check = (value) => {
  if (!Array.isArray(value)) return "must be an array of samplers";
  const isSampler = (item: unknown) => typeof (item as Sampler | null)?.sample === "function";
  return Array.from(value).every(isSampler) ? undefined : "must be an array of samplers, each with a function `sample`";
};

const isRuntimeSampling: Check = (value) => {
  if (typeof value === "boolean") return undefined;
  const isKnown = typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.entries(value).every(([name, given]) =>
      name === "whileBlocked" && (given === undefined || typeof given === "boolean")
    );
  return isKnown ? undefined : "must be true, false or { whileBlocked: true }";
};

const WRITE_CHECKS: Readonly<Record<keyof WriteOptions, Check>> = {
  monitoringDir: isPath,
  memoryThreshold: isWholeNumber(2 ** 14, 2 ** 30),
  flushInterval: isWholeNumber(10, DAY, 0),
  layout: isOneOf("segments", "append"),
  durability: isOneOf("memory", "spool", "fsync"),
  fileMode: isFileMode,
  name: isName,
  instance: isName,
  attributes: isAttributes,
  retention: isObject,
  onError: isFunction,
  optional: isBoolean,
};

const CHECKS: Readonly<Record<keyof StartOptions, Check>> = {
  ...WRITE_CHECKS,
  record: isBoolean,
  withRuntime: isRuntimeSampling,
  withProfiler: isBoolean,
  samplingInterval: isInterval,
  samplers: isSamplers,
};

/** Options that a program can only give as functions. */
type FunctionOption = "onError" | "samplers";

/** An option that can be written as a text, or a field of one. */
export type PlainOption =
  | Exclude<keyof StartOptions, FunctionOption | "retention">
  | `retention.${keyof RetentionOptions}`;

/** The check of each option that can be written as a text. */
export const PLAIN_CHECKS: Readonly<Record<PlainOption, Check>> = (() => {
  const { onError: _onError, samplers: _samplers, retention: _retention, ...checks } = CHECKS;
  const { maxAge, maxBytes, minFree, dropUnshipped } = RETENTION_CHECKS;
  return {
    ...checks,
    "retention.maxAge": maxAge,
    "retention.maxBytes": maxBytes,
    "retention.minFree": minFree,
    "retention.dropUnshipped": dropUnshipped,
  };
})();

/**
 * The options of `start`, completed with those that are `inherited`, which are valid, and with their
 * defaults.
 *
 * @throws {KymoError} `"invalid-argument"` if an option is unknown, of a wrong type or out of
 * range.
 */
export function checkStartOptions(options: unknown = {}, inherited: StartOptions = {}): CheckedOptions {
  const given = checkGiven<StartOptions>("Cannot start", options, CHECKS);
  const checked = complete("Cannot start", given, inherited, DEFAULTS);
  for (const { channel, interval } of checked.samplers) {
    checkOwnChannelName("Cannot start", channel);
    checkInterval("Cannot start", interval);
  }
  return checked;
}

/**
 * The names of the options in which two recordings differ, without `monitoringDir`, whose spellings
 * are many, and without the functions that a program gives, which may be replaced. Samplers differ
 * if there are more of them, or others by channel or interval.
 */
export function differingOptions(one: CheckedOptions, other: CheckedOptions): string[] {
  const plain = ({ monitoringDir: _dir, onError: _function, samplers, ...options }: CheckedOptions) => ({
    ...options,
    samplers: samplers.map(({ channel, interval }) => [channel, interval]),
  });
  const [before, now] = [plain(one), plain(other)] as [Record<string, unknown>, Record<string, unknown>];
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name]));
}

/**
 * Options that tell where and how to write, completed with those that are `inherited`, which are
 * valid, and with their defaults.
 *
 * @throws {KymoError} `"invalid-argument"` if an option is unknown, of a wrong type or out of
 * range; the message begins with `action`.
 */
export function checkWriteOptions(
  action: string,
  options: unknown = {},
  inherited: WriteOptions = {},
): CheckedWriteOptions {
  return complete(action, checkGiven<WriteOptions>(action, options, WRITE_CHECKS), inherited, WRITE_DEFAULTS);
}

/** Attributes and limits of retention are completed one by one. */
function complete<D extends CheckedWriteOptions>(
  action: string,
  given: Partial<WriteOptions>,
  inherited: WriteOptions,
  defaults: D,
): D {
  const attributes = { ...inherited.attributes, ...given.attributes };
  checkGiven<WriteOptions>(action, { attributes }, WRITE_CHECKS);
  return {
    ...defaults,
    ...inherited,
    ...given,
    monitoringDir: pathText(given.monitoringDir ?? inherited.monitoringDir ?? defaults.monitoringDir),
    retention: { ...inherited.retention, ...checkRetention(`${action}: retention`, given.retention ?? {}) },
    attributes,
  };
}

/** Options of a background sampler without a monitor. Each has a default. */
export type SamplingOptions = Pick<StartOptions, "samplingInterval" | "onError">;

/**
 * Options of a background sampler, completed with their defaults.
 *
 * @throws {KymoError} `"invalid-argument"` if an option is unknown, of a wrong type or out of
 * range.
 */
export function checkSamplingOptions(action: string, options: unknown = {}): Required<SamplingOptions> {
  const { samplingInterval, onError } = DEFAULTS;
  const checks = { samplingInterval: CHECKS.samplingInterval, onError: CHECKS.onError };
  return { samplingInterval, onError, ...checkGiven<SamplingOptions>(action, options, checks) };
}

/**
 * Checks the interval of a sampler.
 *
 * @throws {KymoError} `"invalid-argument"` if it is neither absent nor from 10 to a day, ms.
 */
export function checkInterval(action: string, interval: unknown): void {
  const wrong = interval === undefined ? undefined : isInterval(interval);
  if (wrong === undefined) return;
  throw new KymoError("invalid-argument", `${action}: the interval of a sampler ${wrong}: ${quote(interval)}`);
}

/**
 * Checks the name of a channel that a program makes.
 *
 * @throws {KymoError} `"invalid-argument"` if it cannot begin a file name, or is reserved.
 */
export function checkOwnChannelName(action: string, channel: unknown): asserts channel is string {
  checkChannelName(action, channel);
  if (RESERVED_CHANNELS.includes(channel)) {
    throw new KymoError("invalid-argument", `${action}: the name is reserved: ${quote(channel)}`);
  }
}
