/**
 * Which files lie outside of the time of interest, of 200,000 files without opening most of them.
 *
 * Of a segment of durations the first and the last row tell, since it is in order. To read these
 * takes some 20 µs a file. So it is not done for files that are older by two independent witnesses:
 *
 * - **Their sequence.** The segments of a channel of an isolate are numbered in the order of time. A
 *   binary search finds the first whose last row is in the time of interest.
 * - **Their time of change.** A file is written after its rows were recorded.
 *
 * Either may be wrong: a clock that was set back disturbs the order of the sequences, but not the
 * time of change, by which the files from before are newer; a copy or a tool gives a file another
 * time of change, which its sequence contradicts. A file is left out unopened only if both agree, with
 * a minute between. Where one says otherwise, its rows tell, and if these cannot, it is read.
 *
 * That holds for `duration` and `runtime`, whose timepoints are of Kymo's clock. In other channels a
 * program may give any timepoint, so their files are always read.
 *
 * @module
 */

import { outerTimepoints } from "../../csv/outer_rows.ts";
import { release } from "../../files/directory.ts";
import { channelKey, directoryOf } from "../../files/names.ts";
import type { FileHandle, Files } from "../../runtime.ts";
import { CHANNELS, DURATION_CHANNELS, holdsDurations } from "../../series.ts";
import type { FoundFile } from "./found_files.ts";

/** The time of interest. Files of single segments that lie wholly outside of it are not read. */
export interface TimeBounds {
  /** The first timepoint, ns since 1970. */
  readonly from?: bigint;
  /** The end, ns since 1970: the first timepoint after it. */
  readonly to?: bigint;
}

/**
 * How much older than the time of interest a file must be: more than the rows of `runtime` are out of
 * order, and than the clocks of two machines that share a volume differ as a rule.
 */
const MARGIN_NS = 60_000_000_000n;

const NS_PER_MS = 1_000_000n;

/** The channels whose timepoints are of Kymo's clock. */
const TIMED: ReadonlySet<string> = new Set([...DURATION_CHANNELS, CHANNELS.runtime]);

/** The segment of a file that may be left out. */
interface TimedFile<File> {
  readonly file: File;
  readonly path: string;
  readonly channel: string;
  readonly sequence: number;
  /** When the file was changed last, ms since 1970. */
  readonly modified: number;
}

/** Finds the files all of whose rows lie outside of the time of interest. Does not throw. */
export function findOutside<File extends { readonly found: FoundFile }>(
  files: Files,
  all: readonly File[],
  { from, to }: TimeBounds,
): File[] {
  if (from === undefined && to === undefined) return [];
  const channels = new Map<string, TimedFile<File>[]>();
  for (const file of all) {
    const { path, modified, segment } = file.found;
    if (segment === undefined || !TIMED.has(segment.owner.channel)) continue;
    const key = `${directoryOf(path)}/${channelKey(segment.owner)}`;
    const { owner: { channel }, sequence } = segment;
    const timed = { file, path, channel, sequence, modified };
    const group = channels.get(key);
    if (group === undefined) channels.set(key, [timed]);
    else group.push(timed);
  }
  return [...channels.values()].flatMap((group) => outsideOfChannel(files, group, { from, to }));
}

function outsideOfChannel<File>(
  files: Files,
  group: TimedFile<File>[],
  { from, to }: { readonly from: bigint | undefined; readonly to: bigint | undefined },
): File[] {
  group.sort((one, other) => one.sequence - other.sequence);
  const begin = from === undefined ? undefined : from - MARGIN_NS;
  const older = begin === undefined ? 0 : countOlder(files, group, begin);
  const isOlder = ({ modified }: TimedFile<File>, index: number): boolean =>
    begin !== undefined && index < older && modified > 0 && BigInt(Math.ceil(modified)) * NS_PER_MS < begin;
  return group.filter((one, index) => {
    if (isOlder(one, index)) return true;
    if (!holdsDurations(one.channel)) return false;
    const range = rangeOf(files, one.path);
    if (range === undefined || range.first > range.last) return false;
    return from !== undefined && range.last < from || to !== undefined && range.first >= to;
  }).map(({ file }) => file);
}

/**
 * How many files of a channel, by their sequences, come before a time; 0 if a file that is looked at
 * does not tell. Opens as many as a binary search takes.
 */
function countOlder(files: Files, group: readonly TimedFile<unknown>[], begin: bigint): number {
  let [low, high] = [0, group.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const range = rangeOf(files, group[middle]!.path);
    if (range === undefined) return 0;
    if (range.last < begin) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The timepoints of the first and last row; `undefined` if they cannot be read, which the check reports. */
function rangeOf(files: Files, path: string): ReturnType<typeof outerTimepoints> {
  let file: FileHandle | undefined;
  try {
    file = files.open(path, "read");
    return outerTimepoints(file);
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) release(file);
  }
}
