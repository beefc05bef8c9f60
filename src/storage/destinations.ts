import { HEADER_BYTES } from "../csv/encode.ts";
import type { SegmentContent } from "../observation/segment.ts";
import { AppendedFile } from "./append.ts";
import type { Destination } from "./destination.ts";
import { type MonitoringDirectory, uniquePart } from "./directory.ts";
import type { FlushNotes } from "./flush_notes.ts";
import type { Layout } from "./layout.ts";
import { PublishedFile } from "./publish.ts";

/** Where the rows of a segment go in a layout. */
export function destinationOf(
  layout: Layout,
  directory: MonitoringDirectory,
  segment: SegmentContent,
  notes: FlushNotes,
): Destination {
  return layout === "append" ? appendedFile(directory, segment, notes) : ownFile(directory, segment, notes);
}

/** The file that all append to. */
export function appendedFile(directory: MonitoringDirectory, segment: SegmentContent, notes: FlushNotes): AppendedFile {
  return new AppendedFile(directory, appendedName(segment), uniqueOf(segment), notes);
}

/** The file of a segment's own. */
export function ownFile(directory: MonitoringDirectory, segment: SegmentContent, notes: FlushNotes): PublishedFile {
  const stem = `${segment.owner.prefix}.${uniqueOf(segment)}`;
  return new PublishedFile(directory, { stem, extension: ".csv", head: HEADER_BYTES, notes });
}

/** The name of the file that segments with its prefix are appended to. */
export function appendedName({ owner }: SegmentContent): string {
  return `${owner.prefix}.csv`;
}

function uniqueOf({ owner, sequence }: SegmentContent): string {
  return uniquePart(owner.pid, owner.isolate, sequence);
}
