import type { SegmentOwner } from "../segment/format.ts";
import { Segment } from "../segment/segment.ts";
import { FileError, type Files, type Mapping } from "../runtime.ts";
import { type MonitoringDirectory, spoolName, writeAll } from "./directory.ts";
import { FlushJournal } from "./flush_journal.ts";
import type { Layout } from "./names.ts";

/** How often a spool is begun anew because somebody took the unfinished file away. */
const MAX_ATTEMPTS = 10;

const BLOCK = new Uint8Array(64 * 1024);

/** How a spool is made. */
export interface SpoolOptions {
  /** Which of the spools of its channel it is: no other has the same. */
  readonly number: number;
  /** Its size. */
  readonly bytes: number;
  /** How its owner lays out files. */
  readonly layout: Layout;
  /** Whether to see if files can be synced there. */
  readonly sync: boolean;
}

/**
 * A segment whose buffer is a file, so that its rows outlive the process without any call for a row: what is stored in memory is in the file.
 *
 * Its owner holds the file's lock as long as it lives, and cannot help giving it back when it dies. So whoever gets the lock may flush it. It
 * bears its name only once it is locked, and never holds rows that are published: they are taken out when their file is.
 */
export class Spool {
  /** The segment. */
  readonly segment: Segment;
  readonly #directory: MonitoringDirectory;
  readonly #path: string;
  readonly #mapping: Mapping;
  readonly #identity: string | undefined;

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
    this.segment = segment;
    this.#identity = identity;
  }

  /**
   * Makes a spool, all of whose bytes are allocated on the disk.
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
   * `undefined` if somebody who took the unfinished file for that of a dead program has it or has removed it, or if the directory went. If it
   * throws, nothing is left.
   */
  static #tryCreate(directory: MonitoringDirectory, owner: SegmentOwner, options: SpoolOptions): Spool | undefined {
    const { number, bytes, layout, sync } = options;
    const { files } = directory;
    const path = directory.spoolPathOf(spoolName(owner, number));
    const temporary = `${path}${UNFINISHED}`;
    let mapping: Mapping | undefined;
    try {
      directory.ensureSpools();
      writeZeros(files, temporary, bytes, sync);
      mapping = files.map?.(temporary, bytes);
      if (mapping !== undefined) {
        mustBeLocked(files, temporary);
        const segment = new Segment(mapping.buffer, owner);
        segment.open(0, 0n);
        FlushJournal.noteLayout(segment, layout);
        const identity = files.status(temporary)?.identity;
        files.rename(temporary, path);
        return new Spool(directory, path, mapping, segment, identity);
      }
    } catch (error) {
      mapping?.unmap();
      removeIfThere(files, temporary);
      directory.removeSpools();
      if (!(error instanceof FileError && error.code === "ENOENT")) throw error;
    }
    removeIfThere(files, temporary);
    return undefined;
  }

  /** Whether the file is still there for others to find. Does not throw. */
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
    this.#directory.removeSpools();
  }

  /** Lets go of the buffer, and of the lock: whoever finds the file then may flush it. */
  release(): void {
    this.#mapping.unmap();
  }
}

/** Ends the name of a spool that is not finished. */
export const UNFINISHED = ".tmp";

/** Makes the file and writes each block of it: a store into a hole would kill the process if the disk is full. */
function writeZeros(files: Files, path: string, bytes: number, sync: boolean): void {
  const handle = files.create(path);
  try {
    for (let rest = bytes; rest > 0; rest -= BLOCK.length) writeAll(handle, BLOCK.subarray(0, rest));
    if (sync) handle.sync();
  } finally {
    handle.close();
  }
}

/** Whoever finds the file must see that its owner lives; not on every system does a mapping keep the lock. */
function mustBeLocked(files: Files, path: string): void {
  const handle = files.open(path);
  try {
    if (handle.tryLock?.() !== false) {
      throw new FileError("ENOTSUP", "a file does not stay locked there while it is mapped");
    }
  } finally {
    handle.close();
  }
}

function removeIfThere(files: Files, path: string): void {
  try {
    files.remove(path);
  } catch {
    // It is gone already, or stays behind for whoever recovers next.
  }
}
