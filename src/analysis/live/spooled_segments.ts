import type { MonitoringDirectory } from "../../files/directory.ts";
import { FlushJournal } from "../../files/flush_journal.ts";
import { channelKey, type Layout } from "../../files/names.ts";
import { type FoundSpool, listSpools, SpoolReader } from "../../files/spool_reader.ts";
import type { SegmentOwner } from "../../segment/format.ts";
import type { UnreadableFiles } from "./unreadable_files.ts";

/** What the header of a spool says. */
export interface SpooledSegment {
  /** The path of the spool. */
  readonly path: string;
  readonly owner: SegmentOwner;
  /** Number of the segment in its channel, from 1; 0 while it is not in use. */
  readonly sequence: number;
  /** Rows in it. */
  readonly count: number;
  /** Rows of these that are in published files. */
  readonly published: number;
  /** The same with those that are being appended, which may be in a file already. */
  readonly maybePublished: number;
  /** Where its rows will go. */
  readonly layout: Layout;
}

/**
 * Reads the headers of all spools of a directory, by {@linkcode channelKey}. Notes those that
 * cannot be read. Does not throw.
 */
export function spooledSegments(
  directory: MonitoringDirectory,
  unreadable: UnreadableFiles,
): Map<string, SpooledSegment[]> {
  const held = spoolsIn(directory, unreadable).map((spool) => readHeld(directory, spool, unreadable));
  return Map.groupBy(held.filter((segment) => segment !== undefined), ({ owner }) => channelKey(owner));
}

function spoolsIn(directory: MonitoringDirectory, unreadable: UnreadableFiles): FoundSpool[] {
  try {
    return listSpools(directory).filter(({ name: { state } }) => state === "complete");
  } catch (error) {
    unreadable.note(error, directory.spools);
    return [];
  }
}

function readHeld(
  { files }: MonitoringDirectory,
  { path, name }: FoundSpool,
  unreadable: UnreadableFiles,
): SpooledSegment | undefined {
  try {
    const spool = SpoolReader.open(files, path, name.owner);
    if (!spool.ok) return undefined;
    try {
      const header = spool.value.header();
      if (!header.ok) return undefined;
      const { owner, sequence, count } = header.value;
      const { layout, published, step } = FlushJournal.read(header.value);
      const maybePublished = step.kind === "appending" ? Math.max(published, step.next) : published;
      return { path, owner, sequence, count, published: Math.min(count, published), maybePublished, layout };
    } finally {
      spool.value.close();
    }
  } catch (error) {
    unreadable.note(error, path, name.owner);
    return undefined;
  }
}
