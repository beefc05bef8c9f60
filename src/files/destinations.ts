import { HEADER_BYTES } from "../csv/encode.ts";
import type { SegmentContent } from "../segment/segment.ts";
import { AppendFile } from "./append_file.ts";
import type { Destination } from "./destination.ts";
import { type MonitoringDirectory, uniquePart } from "./directory.ts";
import type { FlushJournal } from "./flush_journal.ts";
import type { Layout } from "./names.ts";
import { AtomicFile } from "./atomic_file.ts";

/** Where the rows of a segment go in a layout. */
export function destinationOf(
  layout: Layout,
  directory: MonitoringDirectory,
  segment: SegmentContent,
  journal: FlushJournal,
): Destination {
  return layout === "append" ? appendFile(directory, segment, journal) : ownFile(directory, segment, journal);
}

/** The file that all append to. */
export function appendFile(
  directory: MonitoringDirectory,
  segment: SegmentContent,
  journal: FlushJournal,
): AppendFile {
  return new AppendFile(directory, appendedName(segment), uniqueOf(segment), journal);
}

/** The file of a segment's own. */
export function ownFile(directory: MonitoringDirectory, segment: SegmentContent, journal: FlushJournal): AtomicFile {
  const stem = `${segment.owner.channel}.${uniqueOf(segment)}`;
  return new AtomicFile(directory, { stem, extension: ".csv", head: HEADER_BYTES, journal });
}

/** The name of the file that segments of its channel are appended to. */
export function appendedName({ owner }: SegmentContent): string {
  return `${owner.channel}.csv`;
}

function uniqueOf({ owner, sequence }: SegmentContent): string {
  return uniquePart(owner.pid, owner.isolate, sequence);
}
