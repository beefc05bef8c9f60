import { shippedBefore } from "../../control/retention/shipped_mark.ts";
import { outerTimepoints } from "../../csv/outer_rows.ts";
import { type MonitoringDirectory, release } from "../../files/directory.ts";
import { FlushJournal } from "../../files/flush_journal.ts";
import { channelKey, parseSegmentFileName, type PublishedName, segmentKey } from "../../files/names.ts";
import { listSpools, SpoolReader } from "../../files/spool_reader.ts";
import { type FileAccess, type FileStatus, unlessMissing } from "../../runtime.ts";
import { MAX_COMPACTED_BYTES } from "../compacted/format.ts";

/** A file that may be compacted as far as its name, age and size tell. */
export interface Candidate {
  readonly name: string;
  readonly path: string;
  readonly channel: string;
  /** The hour of UTC into which its last row falls: its beginning, ms since 1970. */
  readonly hour: number;
  /** The timepoint of its first row, ns since 1970. */
  readonly began: bigint;
  readonly status: FileStatus;
}

/** Files that are compacted together: only those of one channel, hour and access. */
export interface Group {
  readonly channel: string;
  readonly hour: number;
  readonly access: Required<FileAccess>;
  readonly candidates: Candidate[];
}

/** What was found in a directory. */
export interface Candidates {
  /** The groups, the oldest hour first. */
  readonly groups: readonly Group[];
  /** Files that are not old enough, or not shipped yet. */
  readonly young: number;
}

const HOUR_MS = 3_600_000;

/** A file that was written to so lately may still grow, ms: the last one of a program does. */
const STILL_GROWING = 2_000;

const NANOSECONDS_PER_MS = 1_000_000n;

/**
 * Finds the files of single segments that ended before `cutoff`, ms since 1970, as `now` is. Growing
 * files and those with other names than Kymo gives are none.
 *
 * A segment whose flush a spool has not noted yet is left alone: who reads spool and file has to see
 * by the file's name that its rows are published.
 *
 * @throws {FileError} if a directory cannot be listed.
 */
export function findCandidates(
  directory: MonitoringDirectory,
  names: readonly string[],
  { cutoff, now }: { readonly cutoff: number; readonly now: number },
): Candidates {
  const held = new HeldSegments(directory);
  const shipped = shippedBefore(directory);
  const groups = new Map<string, Group>();
  let young = 0;
  for (const name of names) {
    const segment = parseSegmentFileName(name);
    if (segment === undefined || held.has(segment)) continue;
    const path = directory.pathOf(name);
    const found = examine(directory, path);
    if (found === undefined) continue;
    const { status, began, last, end } = found;
    if (end >= cutoff || status.modified > now - STILL_GROWING || status.modified >= shipped) {
      young++;
      continue;
    }
    const { channel } = segment.owner;
    const hour = Math.floor(last / HOUR_MS) * HOUR_MS;
    const key = groupKey(channel, hour, status.access);
    const group = groups.get(key) ?? { channel, hour, access: status.access, candidates: [] };
    groups.set(key, group);
    group.candidates.push({ name, path, channel, hour, began, status });
  }
  return { groups: [...groups.values()].sort((one, other) => one.hour - other.hour), young };
}

/** Identifies a group. */
export function groupKey(channel: string, hour: number, { mode, user, group }: Required<FileAccess>): string {
  return [channel, hour, mode, user, group].join();
}

/**
 * The status of a file, the timepoint of its first row in ns, the time of its last row, and when it
 * ended, both ms since 1970; `undefined` if it is no file to compact.
 */
function examine(
  { files }: MonitoringDirectory,
  path: string,
): { readonly status: FileStatus; readonly began: bigint; readonly last: number; readonly end: number } | undefined {
  try {
    const status = unlessMissing(() => files.status(path));
    if (status?.kind !== "file" || status.size === 0 || status.size > MAX_COMPACTED_BYTES) return undefined;
    const handle = unlessMissing(() => files.open(path, "read"));
    if (handle === undefined) return undefined;
    try {
      const range = outerTimepoints(handle);
      // A file that does not end with a row is not sound, and is left in the end.
      const last = range === undefined ? status.modified : Number(range.last / NANOSECONDS_PER_MS);
      // A program may give any time, also a future one.
      return { status, began: range?.first ?? 0n, last, end: Math.min(last, status.modified) };
    } finally {
      release(handle);
    }
  } catch {
    return undefined; // it may not be read
  }
}

/** The segments that spools hold, and whose flush they have not noted as done. */
class HeldSegments {
  readonly #segments = new Set<string>();
  /** Channels of isolates whose spools cannot be read. */
  readonly #unknown = new Set<string>();

  /** Reads the headers of all spools. */
  constructor(directory: MonitoringDirectory) {
    for (const { path, name: { owner, state } } of listSpools(directory)) {
      if (state !== "complete") continue;
      try {
        const spool = SpoolReader.open(directory.files, path);
        if (!spool.ok) {
          if (spool.kind !== "gone") this.#unknown.add(channelKey(owner));
          continue;
        }
        const header = spool.value.header();
        spool.value.close();
        if (!header.ok) {
          if (header.kind !== "empty") this.#unknown.add(channelKey(owner));
        } else if (FlushJournal.read(header.value).published < header.value.count) {
          this.#segments.add(segmentKey(header.value));
        }
      } catch {
        this.#unknown.add(channelKey(owner));
      }
    }
  }

  has(segment: PublishedName): boolean {
    return this.#unknown.has(channelKey(segment.owner)) || this.#segments.has(segmentKey(segment));
  }
}
