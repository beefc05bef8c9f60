import { failure, type Result, success } from "../result.ts";
import { type FileHandle, type Files, type FileStatus, readFully } from "../runtime.ts";
import {
  JOURNAL_AT,
  readHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentFault,
  type SegmentHeader,
} from "../segment/format.ts";
import { type FoundSegment, readSegment } from "../segment/reader.ts";
import { isRefused, type MonitoringDirectory, release, unlessGone, writeAll } from "./directory.ts";
import { channelKey, type ChannelOwner, parseSpoolFileName, type SpoolName } from "./names.ts";

/** Why a spool cannot be opened. */
export type OpenFault =
  /** It does not exist, or no longer. */
  | "gone"
  /** What has its name is not a file. */
  | "not-a-file"
  /** Its lock is held by its owner, which is alive, or by another recovery. */
  | "locked"
  /** It is not known to be locked, and this user may not read or write it. */
  | "refused";

/** Why the header of a spool is of no use. */
export type SpoolFault =
  | SegmentFault
  /** The owner in its header does not match its name. */
  | "not-its-name";

/** A file among the spools of a monitoring directory. */
export interface FoundSpool {
  /** Its path. */
  readonly path: string;
  /** The parts of its name. */
  readonly name: SpoolName;
}

/**
 * The spools of a monitoring directory, sorted by name. Files with other names are left out.
 *
 * @throws {FileError} if there are spools, and they cannot be listed.
 */
export function listSpools(directory: MonitoringDirectory): FoundSpool[] {
  const names = unlessGone(() => directory.files.list(directory.spools)) ?? [];
  return names.sort().flatMap((name) => {
    const parts = parseSpoolFileName(name);
    return parts === undefined ? [] : [{ path: directory.spoolPathOf(name), name: parts }];
  });
}

/**
 * An open spool. Its owner may be filling it, or flushing it, or be dead; no byte of it is trusted.
 * Methods throw `FileError` if the disk fails.
 */
export class SpoolReader {
  readonly #handle: FileHandle;
  readonly #owner: ChannelOwner | undefined;

  private constructor(handle: FileHandle, owner?: ChannelOwner) {
    this.#handle = handle;
    this.#owner = owner;
  }

  /**
   * Opens a spool for reading. If `owner` is given, its header must have the same. Takes no lock.
   */
  static open(files: Files, path: string, owner?: ChannelOwner): Result<SpoolReader, OpenFault> {
    const opened = openFile(files, path, "read");
    return opened.ok ? success(new SpoolReader(opened.value, owner)) : opened;
  }

  /**
   * Opens a spool that may be flushed, because its owner is dead: that is so if its lock is free
   * (see `spool.ts`). Takes the lock; only its holder may change a spool.
   */
  static openIfOwnerDead(files: Files, { path, name: { owner } }: FoundSpool): Result<SpoolReader, OpenFault> {
    let opened: Result<FileHandle, OpenFault>;
    try {
      opened = openFile(files, path);
    } catch (error) {
      if (!isRefused(error)) throw error;
      return SpoolReader.isLocked(files, path) ? LOCKED : failure("refused", error.message);
    }
    if (!opened.ok) return opened;
    const handle = opened.value;
    try {
      const isOurs = unlessGone(() => handle.tryLock?.() ?? false);
      if (isOurs === false) {
        release(handle);
        return LOCKED;
      }
      if (isOurs && files.status(path)?.identity === handle.status().identity) {
        return success(new SpoolReader(handle, owner));
      }
    } catch (error) {
      release(handle);
      throw error;
    }
    // Another recovery held the lock before, and has removed the spool.
    release(handle);
    return GONE;
  }

  /**
   * Whether the lock of a spool is held: by its owner, which is alive, or for a moment by a recovery;
   * `undefined` if that cannot be told. Changes nothing: the lock is tried without waiting, and given
   * back at once. Does not throw.
   */
  static isLocked(files: Files, path: string): boolean | undefined {
    try {
      const opened = openFile(files, path, "read");
      if (!opened.ok) return undefined;
      try {
        const isTaken = opened.value.tryLock?.();
        return isTaken === undefined ? undefined : !isTaken;
      } finally {
        release(opened.value);
      }
    } catch {
      return undefined; // it may not be read, or not be locked there
    }
  }

  /** The status of the file. */
  get status(): FileStatus {
    return this.#handle.status();
  }

  /** Reads the header. While the owner reuses the segment, some of it may be new and some old. */
  header(): Result<SegmentHeader, SpoolFault> {
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    const header = readHeader(bytes.subarray(0, readFully(this.#handle, bytes, 0)));
    if (!header.ok || this.#owner === undefined || channelKey(header.value.owner) === channelKey(this.#owner)) {
      return header;
    }
    return failure("not-its-name", "the owner in its header does not match its name");
  }

  /** Reads the rows, except those that `firstOf` says are known; see {@linkcode readSegment}. */
  read(firstOf?: (sequence: number) => number): Result<FoundSegment, SegmentFault> {
    const { size } = this.#handle.status();
    return readSegment((into, at) => readFully(this.#handle, into, at), size, firstOf);
  }

  /**
   * Writes the flush journal back. Only for a spool opened by
   * {@linkcode SpoolReader.openIfOwnerDead}.
   */
  saveJournal(journal: Uint8Array): void {
    let at = JOURNAL_AT;
    const write = (bytes: Uint8Array): number => {
      const taken = this.#handle.writeAt(bytes, at);
      at += taken;
      return taken;
    };
    writeAll({ write }, journal);
  }

  /** Closes the file, and so releases its lock. Does not throw. */
  close(): void {
    release(this.#handle);
  }
}

const GONE = failure("gone", "no such file or directory");
const LOCKED = failure("locked", "locked by its owner, or by another recovery");

/** Opens a file, and nothing else: to open a pipe would block until somebody writes to it. */
function openFile(files: Files, path: string, mode?: "read"): Result<FileHandle, OpenFault> {
  const kind = files.status(path)?.kind;
  if (kind === undefined) return GONE;
  if (kind !== "file") return failure("not-a-file", `not a regular file: ${kind}`);
  const handle = unlessGone(() => files.open(path, mode));
  return handle === undefined ? GONE : success(handle);
}
