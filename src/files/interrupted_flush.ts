/**
 * Where it is decided whether a step of a flush was taken that the flush journal says is under way.
 *
 * Two callers ask. Recovery finishes the flush of a dead program: it holds the lock of the spool,
 * and writes the answer to the journal ({@linkcode settleStep}). A snapshot only reads, while
 * programs go on flushing, and counts each row once ({@linkcode SliceView}).
 *
 * The answer follows from the effect of the step, by its kind:
 *
 * - none: the rows that the journal counts as published are in files. Recovery also looks for the
 *   segment's own file: after a power cut it may be on the disk, and the last state of the journal
 *   not.
 * - renaming: all rows are published if the temporary name is gone, and otherwise none but those
 *   that were published before.
 * - appending: the slice is in the file from the noted byte on, as far as the bytes are the same. A
 *   segment is encoded to the same bytes each time, so they can be compared. The file is found by
 *   its identity, since anyone may have moved it.
 *
 * If the file ends within the slice or right after it, the callers differ. Recovery counts the
 * whole rows and cuts off a torn one: the writer is dead. A snapshot counts none, since a writer
 * that lives may still undo the slice.
 *
 * @module
 */

import { type CsvEncoder, HEADER_BYTES } from "../csv/encode.ts";
import { wholeRows } from "../csv/row_scanner.ts";
import { type FileHandle, type FileStatus, readFully, unlessUnreadable } from "../runtime.ts";
import type { SegmentContent } from "../segment/segment.ts";
import { isRefused, type MonitoringDirectory, release } from "./directory.ts";
import type { FlushDeps } from "./flush.ts";
import { type AppendingStep, FlushJournal, type FlushStep } from "./flush_journal.ts";
import { appendFileName, segmentFileName, type SegmentId, temporaryAppendFileName } from "./names.ts";
import { type FoundSpool, listSpools, SpoolReader } from "./spool_reader.ts";

/**
 * Temporary names of each kind to look for: a flush uses another one only if it could not remove
 * the one before.
 */
const MAX_TEMPORARIES = 8;

/** What a step has left in the directory. */
export type StepTrace =
  | { readonly kind: "none" }
  | {
    readonly kind: "renaming";
    /** Whether the segment's own file was renamed. */
    readonly isRenamed: boolean;
  }
  | {
    readonly kind: "appending";
    readonly step: AppendingStep;
    /** The file; `undefined` if it was deleted, or moved out of the directory. */
    readonly target: AppendTarget | undefined;
  };

/** A file that rows were appended to. */
export interface AppendTarget {
  /** Its path, which may be another than when the step began. */
  readonly path: string;
  /** Its status. */
  readonly status: FileStatus;
}

/** How the file that a slice was appended to is looked at. */
export interface SliceView {
  /** Opens the file; `undefined` if it is gone, `"busy"` if another program holds its lock. */
  open(target: AppendTarget): { readonly handle: FileHandle; readonly status: FileStatus } | "busy" | undefined;
  /**
   * How many whole rows of the slice count if the file has nothing after it. `end` is the byte
   * after the last whole row, `isTorn` whether part of another row follows.
   */
  rowsAtEnd(
    handle: FileHandle,
    slice: { readonly rows: number; readonly end: number; readonly isTorn: boolean },
  ): number;
}

/**
 * Looks for what a step of a segment's flush has left. `statusOf` returns the status of a file at a
 * path.
 *
 * @throws {FileError}
 */
export function traceOf(
  directory: MonitoringDirectory,
  segment: SegmentId,
  step: FlushStep,
  statusOf: (path: string) => FileStatus | undefined = (path) => directory.files.status(path),
): StepTrace {
  switch (step.kind) {
    case "none":
      return step;
    case "renaming": {
      const temporary = directory.temporaryPathOf(segmentFileName(segment, step.number));
      return { kind: "renaming", isRenamed: directory.files.status(temporary) === undefined };
    }
    case "appending":
      return { kind: "appending", step, target: findTarget(directory, segment.owner.channel, step, statusOf) };
  }
}

/**
 * How many rows of a segment are in files, given how many the journal counts as `published` and
 * what its step has left. `"busy"` if `view` found the file locked.
 *
 * @throws {FileError}
 */
export function rowsInFiles(
  encoder: CsvEncoder,
  segment: SegmentContent,
  published: number,
  trace: StepTrace,
  view: SliceView,
): number | "busy" {
  switch (trace.kind) {
    case "none":
      return published;
    case "renaming":
      return trace.isRenamed ? segment.count : published;
    case "appending": {
      const { step, target } = trace;
      if (published >= step.next || published >= segment.count || target === undefined) return published;
      const appended = rowsAppended(encoder, segment, published, step, target, view);
      return appended === "busy" ? appended : published + appended;
    }
  }
}

/**
 * Finds out whether the step was taken that the journal of a dead program says was under way, and
 * writes that to the journal. Only the holder of the spool's lock may call it. `false` if another
 * program holds the lock of the file that was appended to; then nothing has changed.
 *
 * @throws {FileError}
 */
export function settleStep(
  { directory, encoder }: Pick<FlushDeps, "directory" | "encoder">,
  segment: SegmentContent,
  journal: FlushJournal,
): boolean {
  const { step, published } = journal;
  const trace = traceOf(directory, segment, step);
  if (trace.kind === "none") {
    if (published === 0 && isInOwnFile(directory, encoder, segment)) journal.settled(segment.count);
    return true;
  }
  const rows = rowsInFiles(encoder, segment, published, trace, lockedView(directory));
  if (rows === "busy") return false;
  journal.settled(rows);
  return true;
}

/** Removes the temporary files that the flush of a dead program left. Does not throw. */
export function removeTemporaries(directory: MonitoringDirectory, segment: SegmentContent): void {
  const { files } = directory;
  for (let number = 0; number < MAX_TEMPORARIES; number++) {
    const own = directory.temporaryPathOf(segmentFileName(segment, number));
    const appended = directory.pathOf(temporaryAppendFileName(segment, number));
    for (const path of [own, appended]) {
      try {
        if (files.status(path)?.kind === "file") files.remove(path);
      } catch {
        // It stays under a name that no reader takes.
      }
    }
  }
}

/**
 * The view of recovery: under the lock of the file. Rows at its end count, and a torn row there is
 * cut off; if this user may only read the file, by whoever appends to it next.
 */
function lockedView({ files }: MonitoringDirectory): SliceView {
  let isReadOnly = false;
  const openFile = (path: string): FileHandle => {
    try {
      return files.open(path);
    } catch (error) {
      if (!isRefused(error)) throw error;
      isReadOnly = true;
      return files.open(path, "read");
    }
  };
  return {
    open({ path }) {
      const handle = openFile(path);
      try {
        if (handle.tryLock?.() === true) return { handle, status: handle.status() };
      } catch (error) {
        release(handle);
        throw error;
      }
      release(handle);
      return "busy";
    },
    rowsAtEnd(handle, { rows, end, isTorn }) {
      if (isTorn && !isReadOnly) handle.truncate(end);
      return rows;
    },
  };
}

/**
 * Finds the file under its own name, or under another in the directory if somebody has renamed it.
 */
function findTarget(
  directory: MonitoringDirectory,
  channel: string,
  { identity }: AppendingStep,
  statusOf: (path: string) => FileStatus | undefined,
): AppendTarget | undefined {
  const at = (path: string): AppendTarget | undefined => {
    const status = statusOf(path);
    return status?.kind === "file" && status.identity === identity ? { path, status } : undefined;
  };
  const named = at(directory.pathOf(appendFileName(channel)));
  if (named !== undefined) return named;
  for (const name of directory.files.list(directory.path)) {
    const moved = at(directory.pathOf(name));
    if (moved !== undefined) return moved;
  }
  return undefined;
}

/** How many of the rows from `first` on, which were being appended, count as in the file. */
function rowsAppended(
  encoder: CsvEncoder,
  segment: SegmentContent,
  first: number,
  { identity, offset }: AppendingStep,
  target: AppendTarget,
  view: SliceView,
): number | "busy" {
  const opened = view.open(target);
  if (opened === undefined) return 0;
  if (opened === "busy") return opened;
  const { handle, status: { identity: found, size } } = opened;
  try {
    if (found !== identity || !(offset >= 0 && offset <= size)) return 0;
    const slice = encoder.encode(segment, first).bytes;
    const there = new Uint8Array(Math.min(slice.length, size - offset));
    const length = readFully(handle, there, offset);
    let same = 0;
    while (same < length && there[same] === slice[same]) same++;
    const { rows, end } = wholeRows(slice.subarray(0, same));
    const isFollowed = same < length || offset + slice.length < size;
    if (isFollowed) return rows;
    return view.rowsAtEnd(handle, { rows, end: offset + end, isTorn: end < same });
  } finally {
    release(handle);
  }
}

/** Whether the segment's own file exists with its first slice, though its journal counts no row. */
function isInOwnFile(directory: MonitoringDirectory, encoder: CsvEncoder, segment: SegmentContent): boolean {
  const { files } = directory;
  const path = directory.pathOf(segmentFileName(segment));
  if (segment.count === 0 || files.status(path)?.kind !== "file") return false;
  const handle = files.open(path, "read");
  try {
    const { bytes } = encoder.encode(segment, 0);
    const there = new Uint8Array(bytes.length);
    return readFully(handle, there, HEADER_BYTES.length) === bytes.length &&
      there.every((byte, i) => byte === bytes[i]);
  } finally {
    handle.close();
  }
}

/**
 * The identity of the file to which a spool's owner was appending a slice, as its flush journal says:
 * recovery may have to look into that file, so it must not leave the directory before.
 */
export function appendingIdentity({ files }: MonitoringDirectory, { path, name }: FoundSpool): string | undefined {
  // Of other users', which may not be read, it is not known.
  const opened = unlessUnreadable(() => SpoolReader.open(files, path, name.owner));
  if (opened?.ok !== true) return undefined;
  try {
    const header = opened.value.header();
    const step = header.ok ? FlushJournal.read(header.value).step : undefined;
    return step?.kind === "appending" ? step.identity : undefined;
  } finally {
    opened.value.close();
  }
}

/**
 * All of them in a directory.
 *
 * @throws {FileError} if the spools cannot be listed.
 */
export function appendingIdentities(directory: MonitoringDirectory): Set<string> {
  const identities = new Set<string>();
  for (const found of listSpools(directory)) {
    const identity = found.name.state === "complete" ? appendingIdentity(directory, found) : undefined;
    if (identity !== undefined) identities.add(identity);
  }
  return identities;
}
