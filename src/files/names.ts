/**
 * The names of files: every name that Kymo gives or understands is spelled and parsed here, and
 * nowhere else.
 *
 * In the monitoring directory:
 *
 * | name                                                | file                                         |
 * | --------------------------------------------------- | -------------------------------------------- |
 * | `<channel>.<pid>-<isolate>-<sequence>.csv`          | the rows of one segment (layout `segments`)  |
 * | `<channel>.csv`                                     | the rows of many segments (layout `append`)  |
 * | `<channel>.<ms>.csv`                                | such a file that retention has rotated       |
 * | `profiler.<pid>-<isolate>-<sequence>.cpuprofile`    | one part of a CPU profile                    |
 * | `profiler.<pid>-<isolate>-<sequence>.heapprofile`   | what was allocated, and where                |
 * | `program.<pid>-<isolate>.json`                      | who recorded: see `program_record.ts`        |
 * | `.<name>.tmp`                                       | a file before it is published under `<name>` |
 * | `.<channel>.csv.<pid>-<isolate>-<sequence>-<n>.tmp` | a file to append to, before it is published  |
 * | `.probe.<random>.tmp`                               | made and removed to see that files can be    |
 * | `<channel>.<hour>.<digest>.parquet`                 | the rows of many files, compacted            |
 * | `.retention`                                        | what the files take: `control/retention/ledger.ts`     |
 * | `.compact`                                          | locked by the program that compacts          |
 * | `.compact.tmp`                                      | what that program is writing                 |
 * | `.spools/<channel>.<pid>-<isolate>.<number>.spool`  | a spool                                      |
 * | `.spools/….spool.tmp`                               | a spool before it is complete                |
 * | `.spools/….spool.damaged`                           | a spool that recovery set aside              |
 * | `.control`                                          | what programs are asked: `control_file.ts`   |
 * | `.programs/<pid>-<isolate>.json`                    | what a program answers: `answer_file.ts`     |
 * | `.programs/<pid>-<isolate>.lock`                    | locked while a program without spools lives  |
 * | `.ship/source`                                      | the id of the directory, for shippers        |
 * | `.ship/<target>/…`                                  | of a shipper: see `ship/shipping_directory.ts` |
 * | `.bridge/…`                                         | of the bridge: see `bridge/bridge_directory.ts` |
 *
 * `<isolate>` is eight hexadecimal digits, random for each recording. `<sequence>` counts from 1
 * and is padded with zeros to six digits, so that names sort by it. Names of published segments and
 * profiles are new; if one is taken all the same, by a restored backup say, a number follows the
 * sequence: `…-000001-1.csv`. `<hour>` is an hour of UTC, `2026-11-28T10`, and `<digest>` the first
 * twelve hexadecimal digits of the SHA-256 of the file. `<ms>` is when the file was changed
 * last before it was rotated, ms since 1970, in 13 digits.
 *
 * Readers also take files of other programs, and those that were rotated or renamed: see
 * `analysis/source/file_names.ts`. They take no name that begins with a dot.
 *
 * @module
 */

import { KymoError, quote } from "../errors.ts";
import { PROFILER_PREFIX } from "../series.ts";
import { isChannelName, MAX_CHANNEL_NAME_LENGTH, type SegmentOwner } from "../segment/format.ts";

/** How CSV files are laid out: a new file for each flush, or one growing file per channel. */
export type Layout = "segments" | "append";

/** A channel of one isolate. Its segments are numbered one after the other. */
export type ChannelOwner = Omit<SegmentOwner, "kind">;

/**
 * What the analysis calls a process. PIDs alone repeat: in containers, over time, and among
 * workers.
 */
export interface ProcessId {
  /** Its PID. */
  readonly pid: number;
  /** Eight hexadecimal digits, random for each recording; empty where it is not known. */
  readonly isolate: string;
}

/** What identifies a segment. */
export interface SegmentId {
  /** Channel, process and isolate that recorded it. */
  readonly owner: ChannelOwner;
  /** Its number in the channel, from 1. */
  readonly sequence: number;
}

/** The parts of the name of a published file. */
export interface PublishedName extends SegmentId {
  /** The number that follows the sequence if the name was taken; 0 if none follows. */
  readonly number: number;
}

/** The directory of the spools, in the monitoring directory, which may hold a million files. */
export const SPOOLS_DIRECTORY = ".spools";

/** The file in the monitoring directory by which programs are switched and asked. */
export const CONTROL_FILE = ".control";

/** The directory of the answers of programs that live, in the monitoring directory. */
export const PROGRAMS_DIRECTORY = ".programs";

/** The directory of the shippers, in the monitoring directory. */
export const SHIPPING_DIRECTORY = ".ship";

/** The directory of the bridge to Prometheus and OpenTelemetry, in the monitoring directory. */
export const BRIDGE_DIRECTORY = ".bridge";

/** Whether a name in it is that of a target: the first digits of a digest of its address. */
export function isTargetId(name: string): boolean {
  return /^[0-9a-f]{12}$/.test(name);
}

const CSV = ".csv";
const PROFILE = ".cpuprofile";
const HEAP_PROFILE = ".heapprofile";
const SPOOL = ".spool";
const TEMPORARY = ".tmp";
const DAMAGED = ".damaged";

/** A positive whole number without leading zeros. Only a sequence has them. */
const INTEGER = "[1-9]\\d*";
const OWNER = `(?<channel>[^.]+)\\.(?<pid>0|${INTEGER})-(?<isolate>[0-9a-f]{8})`;
const PUBLISHED = new RegExp(
  `^${OWNER}-(?<sequence>\\d{6}|[1-9]\\d{6,})(?:-(?<number>${INTEGER}))?(?<extension>\\.\\w+)$`,
);
const PROGRAM_NAME = new RegExp(`^program\\.(?<pid>0|${INTEGER})-(?<isolate>[0-9a-f]{8})\\.json$`);
const SPOOL_NAME = new RegExp(`^${OWNER}\\.(?<number>0|${INTEGER})\\.spool(?<end>\\.tmp|\\.damaged)?$`);

/**
 * Checks a channel name.
 *
 * @throws {KymoError} `"invalid-argument"`, beginning with `action`.
 */
export function checkChannelName(action: string, channel: unknown): asserts channel is string {
  if (isChannelName(channel)) return;
  throw new KymoError(
    "invalid-argument",
    `${action}: a channel name is 1 to ${MAX_CHANNEL_NAME_LENGTH} letters, digits, "_" or "-", beginning with a letter or digit: ${
      quote(channel)
    }`,
  );
}

/**
 * `<pid>-<isolate>`, which identifies a process; `<pid>` where the isolate is not known, as of rows
 * in layout `append`.
 */
export function processKey({ pid, isolate }: ProcessId): string {
  return isolate === "" ? String(pid) : `${pid}-${isolate}`;
}

/** The process of a key. */
export function parseProcessKey(key: string): ProcessId {
  const [pid, isolate = ""] = key.split("-");
  return { pid: Number(pid), isolate };
}

/** `<channel>.<pid>-<isolate>`, which identifies a channel of one isolate. */
export function channelKey({ channel, pid, isolate }: ChannelOwner): string {
  return `${channel}.${pid}-${isolate}`;
}

/** `<channel>.<pid>-<isolate>-<sequence>`, which identifies a segment. */
export function segmentKey({ owner, sequence }: SegmentId): string {
  return `${channelKey(owner)}-${padded(sequence)}`;
}

/** The name of a segment's own file, or the `number`th other one. */
export function segmentFileName(segment: SegmentId, number = 0): string {
  return segmentKey(segment) + numbered(number) + CSV;
}

/**
 * A regular expression for RE2 (DuckDB) whose two groups are the isolate and the sequence in the path
 * of a segment's own file. It matches no other path.
 */
export const SEGMENT_IN_PATH =
  `(?:^|[/\\\\])[A-Za-z0-9][A-Za-z0-9_-]*\\.(?:0|${INTEGER})-([0-9a-f]{8})-(\\d{6}|[1-9]\\d{6,})(?:-${INTEGER})?\\.csv$`;

/** The parts of the name of a segment's own file; `undefined` if it is not one. */
export function parseSegmentFileName(name: string): PublishedName | undefined {
  return parsePublished(name, CSV);
}

/** The name of the file that all segments of a channel are appended to. */
export function appendFileName(channel: string): string {
  return channel + CSV;
}

/** The channel of a file that segments are appended to; `undefined` if a file of this name is none. */
export function parseAppendFileName(name: string): string | undefined {
  const channel = name.endsWith(CSV) ? name.slice(0, -CSV.length) : undefined;
  return isChannelName(channel) ? channel : undefined;
}

const ROTATED = /^(?<channel>[^.]+)\.(?<time>\d{13})\.csv$/;

/** The name of a rotated file that segments were appended to, until `time`, ms since 1970. */
export function rotatedFileName(channel: string, time: number): string {
  return `${channel}.${String(time).padStart(13, "0")}${CSV}`;
}

/** The channel of a rotated file, and until when it was appended to, ms since 1970; `undefined` if it is none. */
export function parseRotatedFileName(name: string): { readonly channel: string; readonly time: number } | undefined {
  const { channel, time } = ROTATED.exec(name)?.groups ?? {};
  return isChannelName(channel) ? { channel, time: Number(time) } : undefined;
}

/** The `number`th name under which a segment's flush creates the file to append to. */
export function temporaryAppendFileName({ owner, sequence }: SegmentId, number: number): string {
  const { channel, pid, isolate } = owner;
  return temporaryName(`${appendFileName(channel)}.${pid}-${isolate}-${padded(sequence)}-${number}`);
}

/** The name of the `sequence`th part of an isolate's CPU profile, or the `number`th other one. */
export function profileFileName(
  { pid, isolate }: ProcessId,
  sequence: number,
  number = 0,
): string {
  const segment = { owner: { channel: PROFILER_PREFIX, pid, isolate }, sequence };
  return segmentKey(segment) + numbered(number) + PROFILE;
}

/** The name of a heap profile, as that of a CPU profile. */
export function heapProfileFileName(owner: ProcessId, sequence: number, number = 0): string {
  return profileFileName(owner, sequence, number).slice(0, -PROFILE.length) + HEAP_PROFILE;
}

/** The parts of the name of a CPU profile that Kymo made; `undefined` if it is not one. */
export function parseProfileFileName(name: string): PublishedName | undefined {
  return parseAnyProfile(name, PROFILE);
}

/** The parts of the name of a heap profile; `undefined` if it is not one. */
export function parseHeapProfileFileName(name: string): PublishedName | undefined {
  return parseAnyProfile(name, HEAP_PROFILE);
}

function parseAnyProfile(name: string, extension: string): PublishedName | undefined {
  const parts = parsePublished(name, extension);
  return parts?.owner.channel === PROFILER_PREFIX ? parts : undefined;
}

/** The name of a process's program record. */
export function programFileName(owner: ProcessId): string {
  return `program.${processKey(owner)}.json`;
}

/** The process of a program record; `undefined` if a file of this name is none. */
export function parseProgramFileName(name: string): ProcessId | undefined {
  const { groups } = PROGRAM_NAME.exec(name) ?? {};
  return groups && { pid: Number(groups.pid), isolate: groups.isolate ?? "" };
}

/** What a file in the directory of the programs is: an answer, or the lock of a program that lives. */
export type ProgramFileKind = "answer" | "lock";

const PROGRAM_FILE_ENDS: Readonly<Record<ProgramFileKind, string>> = { answer: ".json", lock: ".lock" };
const PROGRAM_FILE_NAME = new RegExp(`^(?<pid>0|${INTEGER})-(?<isolate>[0-9a-f]{8})\\.(?<kind>json|lock)$`);

/** The name of a process's file in the directory of the programs. */
export function programsFileName(owner: ProcessId, kind: ProgramFileKind): string {
  return processKey(owner) + PROGRAM_FILE_ENDS[kind];
}

/** The parts of such a name; `undefined` if it is not one. */
export function parseProgramsFileName(
  name: string,
): { readonly owner: ProcessId; readonly kind: ProgramFileKind } | undefined {
  const { groups } = PROGRAM_FILE_NAME.exec(name) ?? {};
  if (groups === undefined) return undefined;
  const owner = { pid: Number(groups.pid), isolate: groups.isolate ?? "" };
  return { owner, kind: groups.kind === "lock" ? "lock" : "answer" };
}

/** The name of a file before it is published as `name`. Readers of `*.csv` do not take it. */
export function temporaryName(name: string): string {
  return `.${name}${TEMPORARY}`;
}

const APPEND_TEMPORARY = /^(?<channel>[^.]+)\.csv\.\d+-[0-9a-f]{8}-\d+-\d+$/;

/** Whether a file of this name is one of Kymo that is not published yet. */
export function isTemporaryName(name: string): boolean {
  if (name === COMPACTION_TEMPORARY) return true;
  const inner = name.startsWith(".") && name.endsWith(TEMPORARY) ? name.slice(1, -TEMPORARY.length) : "";
  return parseSegmentFileName(inner) !== undefined || parseProfileFileName(inner) !== undefined ||
    parseHeapProfileFileName(inner) !== undefined || parseProgramFileName(inner) !== undefined ||
    /^probe\.\w+$/.test(inner) ||
    isChannelName(APPEND_TEMPORARY.exec(inner)?.groups?.channel);
}

/**
 * The path under which a file outside the monitoring directory is written, before it replaces the
 * one at `path`.
 */
export function temporaryPathBeside(path: string, unique: string | number): string {
  return `${path}.${unique}${TEMPORARY}`;
}

/** What the files of a directory take together, and which of them are the oldest. */
export const RETENTION_LEDGER = ".retention";

/** The lock of the program that compacts a directory. */
export const COMPACTION_LOCK = ".compact";

/** What that program is writing; only the holder of the lock may touch it. */
export const COMPACTION_TEMPORARY: string = COMPACTION_LOCK + TEMPORARY;

/** Hexadecimal digits of the digest in the name of a compacted file. */
const NAMED_DIGITS = 12;

const HOUR_MS = 3_600_000;
const HOUR = "(?<year>\\d{4})-(?<month>\\d\\d)-(?<day>\\d\\d)T(?<hours>\\d\\d)";
const COMPACTED = new RegExp(`^(?<channel>[^.]+)\\.${HOUR}\\.(?<digest>[0-9a-f]{${NAMED_DIGITS}})\\.parquet$`);

/** The parts of the name of a compacted file. */
export interface CompactedName {
  /** The channel of all of its rows. */
  readonly channel: string;
  /** The hour in which the newest of its inputs ends: its beginning, ms since 1970. */
  readonly hour: number;
  /** The first digits of its own SHA-256. */
  readonly digest: string;
}

/** The name of a compacted file; `sha256` is the whole digest of its bytes. */
export function compactedFileName(channel: string, hour: number, sha256: string): string {
  const hours = Math.floor(hour / HOUR_MS);
  const text = `${dateOf(Math.floor(hours / 24))}T${twoDigits(hours - 24 * Math.floor(hours / 24))}`;
  return `${channel}.${text}.${sha256.slice(0, NAMED_DIGITS)}.parquet`;
}

/** The parts of the name of a compacted file; `undefined` if it is not one. */
export function parseCompactedFileName(name: string): CompactedName | undefined {
  const { groups } = COMPACTED.exec(name) ?? {};
  const { channel, digest = "" } = groups ?? {};
  if (groups === undefined || !isChannelName(channel)) return undefined;
  const [year, month, day, hours] = ["year", "month", "day", "hours"].map((part) => Number(groups[part]));
  const hour = (dayNumber(year!, month!, day!) * 24 + hours!) * HOUR_MS;
  // There is no 30 February, and no hour 24.
  return compactedFileName(channel, hour, digest) === name ? { channel, hour, digest } : undefined;
}

/**
 * The number of a day of the Gregorian calendar, from 1970-01-01 on. Years are counted from March, so
 * that a leap day is the last of its year.
 */
function dayNumber(year: number, month: number, day: number): number {
  const [y, m] = month > 2 ? [year, month - 3] : [year - 1, month + 9];
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return 365 * y + leapDays + Math.floor((153 * m + 2) / 5) + day - 719_469;
}

/** The date of the day with this number, as in ISO 8601. */
function dateOf(number: number): string {
  // An estimate that is a day off at most, near the end of a year.
  let year = Math.floor(number / 365.2425) + 1970;
  while (dayNumber(year, 1, 1) > number) year--;
  while (dayNumber(year + 1, 1, 1) <= number) year++;
  let month = 12;
  while (dayNumber(year, month, 1) > number) month--;
  const day = number - dayNumber(year, month, 1) + 1;
  return `${String(year).padStart(4, "0")}-${twoDigits(month)}-${twoDigits(day)}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}

/** The name of an isolate's file that shows whether files can be made. */
export function probeName(unique: string): string {
  return temporaryName(`probe.${unique}`);
}

/** What a file among the spools is. */
export type SpoolState = "complete" | "unfinished" | "damaged";

/** The parts of a spool's name. */
export interface SpoolName {
  /** Channel, process and isolate that fill it, or did. */
  readonly owner: ChannelOwner;
  /** Which spool of the channel it is. */
  readonly number: number;
  /** Whether it is complete. */
  readonly state: SpoolState;
}

const SPOOL_ENDS: Readonly<Record<SpoolState, string>> = { complete: "", unfinished: TEMPORARY, damaged: DAMAGED };

/** The name of a spool. */
export function spoolFileName({ owner, number, state }: SpoolName): string {
  return `${channelKey(owner)}.${number}${SPOOL}${SPOOL_ENDS[state]}`;
}

/** The parts of a spool's name; `undefined` if it is not one. */
export function parseSpoolFileName(name: string): SpoolName | undefined {
  const { groups } = SPOOL_NAME.exec(name) ?? {};
  const owner = ownerOf(groups);
  if (groups === undefined || owner === undefined) return undefined;
  const state = groups.end === TEMPORARY ? "unfinished" : groups.end === DAMAGED ? "damaged" : "complete";
  return { owner, number: Number(groups.number), state };
}

/** A path without its last part; `.` if it has only one. */
export function directoryOf(path: string): string {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return end < 0 ? "." : path.slice(0, Math.max(1, end));
}

/** The last part of a path. */
export function fileNameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** A sequence as file names have it, so that names sort by it up to a million segments. */
function padded(sequence: number): string {
  return String(sequence).padStart(6, "0");
}

function numbered(number: number): string {
  return number === 0 ? "" : `-${number}`;
}

function parsePublished(name: string, extension: string): PublishedName | undefined {
  const { groups } = PUBLISHED.exec(name) ?? {};
  const owner = ownerOf(groups);
  if (groups?.extension !== extension || owner === undefined) return undefined;
  return { owner, sequence: Number(groups.sequence), number: Number(groups.number ?? 0) };
}

function ownerOf(groups: Readonly<Record<string, string>> = {}): ChannelOwner | undefined {
  const { channel, pid, isolate = "" } = groups;
  return isChannelName(channel) ? { channel, pid: Number(pid), isolate } : undefined;
}
