import { readHeader, SEGMENT_HEADER_BYTES, type SegmentOwner } from "../../segment/format.ts";
import { type MonitoringDirectory, release, spoolOwner } from "../../files/directory.ts";
import { FlushJournal } from "../../files/flush_journal.ts";
import type { Layout } from "../../files/names.ts";
import { readFully } from "../../files/spool_reader.ts";
import type { UnreadableFiles } from "./unreadable_files.ts";

/** What the header of a spool says that is in use. */
export interface HeldSegment {
  /** Where the spool is. */
  readonly path: string;
  readonly owner: SegmentOwner;
  /** Its place among the segments of its channelKey, from 1; 0 if it is not in use. */
  readonly sequence: number;
  /** Rows in it. */
  readonly count: number;
  /** Where its rows will go. */
  readonly layout: Layout;
}

/** Reads the headers of all spools of a directory, by channelKey: `channel.pid-isolate`. What cannot be read is left out, and noted. Does not throw. */
export function heldSegments(directory: MonitoringDirectory, unreadable: UnreadableFiles): Map<string, HeldSegment[]> {
  const held = new Map<string, HeldSegment[]>();
  for (const name of spoolNames(directory, unreadable)) {
    const segment = readHeld(directory, name, unreadable);
    if (segment === undefined) continue;
    const { channel, pid, isolate } = segment.owner;
    const channelKey = `${channel}.${pid}-${isolate}`;
    const others = held.get(channelKey);
    if (others === undefined) held.set(channelKey, [segment]);
    else others.push(segment);
  }
  return held;
}

function spoolNames({ files, spools }: MonitoringDirectory, unreadable: UnreadableFiles): string[] {
  try {
    return files.list(spools).filter((name) => spoolOwner(name) !== undefined);
  } catch (error) {
    unreadable.note(error, spools);
    return []; // there are none, or not yet
  }
}

function readHeld(
  directory: MonitoringDirectory,
  name: string,
  unreadable: UnreadableFiles,
): HeldSegment | undefined {
  const path = directory.spoolPathOf(name);
  try {
    if (directory.files.status(path)?.kind !== "file") return undefined; // opening a pipe would wait for a writer
    const handle = directory.files.open(path, "read");
    try {
      const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
      const header = readHeader(bytes.subarray(0, readFully(handle, bytes, 0)));
      if (typeof header === "string" || !isOf(header.owner, name)) return undefined;
      const { owner, sequence, count } = header;
      return { path, owner, sequence, count, layout: new FlushJournal({ ...header, sequence }).layout };
    } finally {
      release(handle);
    }
  } catch (error) {
    unreadable.note(error, path, spoolOwner(name)?.pid);
    return undefined;
  }
}

/** Whether a spool bears the name of its owner: otherwise it is not told apart from another's. */
function isOf({ channel, pid, isolate }: SegmentOwner, name: string): boolean {
  const owner = spoolOwner(name);
  return owner?.channel === channel && owner.pid === pid && owner.isolate === isolate;
}
