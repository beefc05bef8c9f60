import { FileError, type Files, type Mapping, readFully } from "../runtime.ts";
import { SEGMENT_HEADER_BYTES, type SegmentOwner } from "../segment/format.ts";
import { Segment } from "../segment/segment.ts";
import { diskBytes, type MonitoringDirectory, writeAll } from "./directory.ts";
import { FlushJournal } from "./flush_journal.ts";
import { type Layout, spoolFileName } from "./names.ts";

/** Attempts before giving up when the unfinished file keeps being taken away. */
const MAX_ATTEMPTS = 10;

const BLOCK = new Uint8Array(64 * 1024);

/** How a spool is created. */
export interface SpoolOptions {
  /** Number of the spool, unique in its channel. */
  readonly number: number;
  /** Size of its segment. */
  readonly bytes: number;
  /** How its owner lays out files. */
  readonly layout: Layout;
  /** Whether to sync the file, to see if files can be synced there. */
  readonly sync: boolean;
}

/**
 * A segment whose buffer is a mapped file, so that its rows outlive the process without a system
 * call for each: what is stored in memory is in the file.
 *
 * **A free lock means a dead owner.** The owner holds the exclusive lock of the file while it
 * lives, and the operating system releases the lock when the owner dies. So whoever gets the lock
 * may flush the spool; `SpoolReader.openIfOwnerDead` decides it. A spool gets its name only once it
 * is locked, so no file of that name was ever free while its owner lived.
 *
 * A spool does not hold published rows for long: they are removed from it as soon as their file is
 * published.
 */
export class Spool {
  /** The segment. */
  readonly segment: Segment;
  readonly #directory: MonitoringDirectory;
  readonly #path: string;
  readonly #mapping: Mapping;
  readonly #identity: string | undefined;
  readonly #bytes: number;

  private constructor(
    directory: MonitoringDirectory,
    path: string,
    mapping: Mapping,
    segment: Segment,
    identity: string | undefined,
  ) {
    this.#directory = directory;
    this.#path = path;
    this.#mapping = mapping;
    this.#bytes = mapping.buffer.byteLength;
    this.segment = segment;
    this.#identity = identity;
  }

  /**
   * Creates a spool, all of whose bytes are allocated on the disk.
   *
   * @throws {FileError}
   */
  static create(directory: MonitoringDirectory, owner: SegmentOwner, options: SpoolOptions): Spool {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const spool = Spool.#tryCreate(directory, owner, options);
      if (spool !== undefined) return spool;
    }
    throw new FileError("ESTALE", `the file was taken away ${MAX_ATTEMPTS} times in a row`);
  }

  /**
   * `undefined` if a recovery locked or removed the unfinished file, which looks like that of a
   * dead program, or if the directory was removed. If it throws, no file is left.
   */
  static #tryCreate(directory: MonitoringDirectory, owner: SegmentOwner, options: SpoolOptions): Spool | undefined {
    const { number, bytes, layout, sync } = options;
    const { files } = directory;
    const path = directory.spoolPathOf(spoolFileName({ owner, number, state: "complete" }));
    const temporary = directory.spoolPathOf(spoolFileName({ owner, number, state: "unfinished" }));
    let mapping: Mapping | undefined;
    try {
      directory.ensureSpools();
      writeZeros(directory, temporary, bytes, sync);
      mapping = files.map?.(temporary, bytes);
      if (mapping !== undefined) {
        mustBeMemory(mapping, bytes);
        const segment = new Segment(mapping.buffer, owner);
        segment.open(0, 0n);
        FlushJournal.noteLayout(segment, layout);
        mustBeLockedAndShared(files, temporary, mapping);
        const identity = files.status(temporary)?.identity;
        files.rename(temporary, path);
        directory.noteGrowth(diskBytes(bytes));
        return new Spool(directory, path, mapping, segment, identity);
      }
    } catch (error) {
      unmap(mapping);
      removeIfThere(files, temporary);
      directory.removeSpools();
      if (!(error instanceof FileError && error.code === "ENOENT")) throw error;
    }
    removeIfThere(files, temporary);
    return undefined;
  }

  /** Whether the file still has its name, so that a recovery can find it. Does not throw. */
  isInPlace(): boolean {
    try {
      return this.#identity !== undefined && this.#directory.files.status(this.#path)?.identity === this.#identity;
    } catch {
      return false;
    }
  }

  /** Removes the file, and keeps the buffer. Does not throw. */
  unlink(): void {
    if (!this.isInPlace()) return;
    removeIfThere(this.#directory.files, this.#path);
    this.#directory.noteGrowth(-diskBytes(this.#bytes));
    this.#directory.removeSpools();
  }

  /**
   * Unmaps the buffer, and so releases the lock: from then on a recovery may flush the file. Does
   * not throw.
   */
  release(): void {
    unmap(this.#mapping);
  }
}

/**
 * Creates the file and writes every block of it: on a full disk, a store into a hole would kill the
 * process.
 */
function writeZeros(directory: MonitoringDirectory, path: string, bytes: number, sync: boolean): void {
  const handle = directory.createFile(path);
  try {
    for (let rest = bytes; rest > 0; rest -= BLOCK.length) writeAll(handle, BLOCK.subarray(0, rest));
    if (sync) handle.sync();
  } finally {
    handle.close();
  }
}

/** Checks that there is memory in which rows can be stored: what is not would swallow them. */
function mustBeMemory({ buffer }: Mapping, bytes: number): void {
  if (!(buffer instanceof ArrayBuffer && buffer.byteLength === bytes)) {
    throw new FileError("ENOTSUP", "the runtime has mapped no memory");
  }
}

/**
 * Checks that the mapping keeps the lock, which not every system does: otherwise a recovery would
 * take the owner for dead. And that what is stored in it is in the file.
 */
function mustBeLockedAndShared(files: Files, path: string, { buffer }: Mapping): void {
  const handle = files.open(path);
  try {
    if (handle.tryLock?.() !== false) {
      throw new FileError("ENOTSUP", "a mapped file does not stay locked there");
    }
    const stored = new Uint8Array(buffer, 0, SEGMENT_HEADER_BYTES);
    const inFile = new Uint8Array(stored.length);
    readFully(handle, inFile, 0);
    if (!inFile.every((byte, i) => byte === stored[i])) {
      throw new FileError("ENOTSUP", "what is stored in a mapped file does not get into it there");
    }
  } finally {
    handle.close();
  }
}

function unmap(mapping: Mapping | undefined): void {
  try {
    mapping?.unmap();
  } catch {
    // It ends with the process, and so does its lock.
  }
}

function removeIfThere(files: Files, path: string): void {
  try {
    files.remove(path);
  } catch {
    // It is gone already, or stays for the next recovery.
  }
}
