import { type CsvEncoder, HEADER_BYTES } from "../csv/encode.ts";
import { wholeRows } from "../csv/row_scanner.ts";
import type { SegmentContent } from "../segment/segment.ts";
import { appendedName, appendFile, ownFile } from "./destinations.ts";
import type { MonitoringDirectory } from "./directory.ts";
import type { FlushJournal } from "./flush_journal.ts";
import { readFully } from "./spool_reader.ts";

/** How many temporary names of each kind are looked for: a new one is used only when the one before could not be removed. */
const MAX_TEMPORARIES = 8;

/**
 * Finds out how far a flush came whose program died, by looking whether the step that it had noted was taken, and notes that. Whoever holds the
 * lock of the spool may do so. `false` if another program is in the way; then nothing has changed.
 *
 * @throws {FileError}
 */
export function settleInterrupted(
  directory: MonitoringDirectory,
  encoder: CsvEncoder,
  segment: SegmentContent,
  journal: FlushJournal,
): boolean {
  const { step } = journal;
  switch (step.kind) {
    case "none":
      if (isThere(directory, encoder, segment, journal)) journal.settled(segment.count);
      return true;
    case "renaming": {
      const temporary = ownFile(directory, segment, journal).temporaryPath(step.name);
      const isRenamed = directory.files.status(temporary) === undefined;
      journal.settled(isRenamed ? segment.count : journal.published);
      return true;
    }
    case "appending": {
      const appended = rowsAppended(directory, encoder, segment, journal.published, step);
      if (appended === "busy") return false;
      journal.settled(journal.published + appended);
      return true;
    }
  }
}

/** Removes what a flush whose program died has left under temporary names. Does not throw. */
export function removeTemporaries(
  directory: MonitoringDirectory,
  segment: SegmentContent,
  journal: FlushJournal,
): void {
  const { files } = directory;
  const own = ownFile(directory, segment, journal);
  const appended = appendFile(directory, segment, journal);
  for (let number = 0; number < MAX_TEMPORARIES; number++) {
    for (const path of [own.temporaryPath(number), appended.temporaryPath(number)]) {
      try {
        if (files.status(path)?.kind === "file") files.remove(path);
      } catch {
        // It stays behind under a name that no reader takes.
      }
    }
  }
}

/**
 * Whether the file of the segment's own is there already, though the journal does not know it: so it is if the power went and the file had reached the
 * disk, and the last state of the spool had not.
 */
function isThere(
  directory: MonitoringDirectory,
  encoder: CsvEncoder,
  segment: SegmentContent,
  journal: FlushJournal,
): boolean {
  const path = ownFile(directory, segment, journal).publishedPath(0);
  if (segment.count === 0 || journal.published > 0 || directory.files.status(path)?.kind !== "file") return false;
  const handle = directory.files.open(path, "read");
  try {
    const { bytes } = encoder.encode(segment, 0);
    const there = new Uint8Array(bytes.length);
    return readFully(handle, there, HEADER_BYTES.length) === bytes.length &&
      there.every((byte, i) => byte === bytes[i]);
  } finally {
    handle.close();
  }
}

interface Appending {
  readonly identity: string;
  readonly offset: number;
  readonly next: number;
}

/** How many of the rows from `first` on, which were being appended, are in the file; what is torn of the next one is cut off it. */
function rowsAppended(
  directory: MonitoringDirectory,
  encoder: CsvEncoder,
  segment: SegmentContent,
  first: number,
  { identity, offset, next }: Appending,
): number | "busy" {
  if (first >= next || first >= segment.count) return 0;
  const path = findFile(directory, appendedName(segment), identity);
  if (path === undefined) return 0; // deleted, or moved to where we do not look
  const handle = directory.files.open(path);
  try {
    if (handle.tryLock?.() !== true) return "busy";
    const { identity: opened, size } = handle.status();
    if (opened !== identity || !(offset >= 0 && offset <= size)) return 0;
    const { bytes } = encoder.encode(segment, first);
    const there = new Uint8Array(Math.min(bytes.length, size - offset));
    readFully(handle, there, offset);
    let same = 0;
    while (same < there.length && there[same] === bytes[same]) same++;
    const { rows, end } = wholeRows(bytes.subarray(0, same));
    // Nobody has appended since: now it is known for certain where the torn row begins.
    if (offset + same === size && end < same) handle.truncate(offset + end);
    return rows;
  } finally {
    handle.close();
  }
}

/** The path of the file that was appended to: under its name, or in the directory under another, where somebody moved it. */
function findFile({ files, path }: MonitoringDirectory, name: string, identity: string): string | undefined {
  const isIt = (candidate: string): boolean => {
    const status = files.status(`${path}/${candidate}`);
    return status?.kind === "file" && status.identity === identity;
  };
  const found = isIt(name) ? name : files.list(path).find(isIt);
  return found === undefined ? undefined : `${path}/${found}`;
}
