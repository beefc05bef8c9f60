import { type FileAccess, FileError, type FileHandle } from "../runtime.ts";
import { diskBytes, type MonitoringDirectory, release, unless, unlessGone, writeAll } from "./directory.ts";
import type { FlushJournal } from "./flush_journal.ts";
import { directoryOf } from "./names.ts";

/** Names to try when ours is taken. */
const MAX_NAMES = 100;

/** What a published file consists of, beside its rows. */
export interface AtomicFileOptions {
  /** Its name; the `number`th other one if that is taken. */
  readonly nameOf: (number: number) => string;
  /** Its first bytes. */
  readonly head: Uint8Array;
  /** The journal of the segment whose rows are in it, if that is a spool. */
  readonly journal?: FlushJournal;
  /** Who may do what with it, if not as with other files of the directory. */
  readonly access?: FileAccess | undefined;
}

/**
 * A file that becomes visible at once and whole: it is written under a temporary name, then
 * renamed. Both names are new: nothing that exists is ever opened, followed or overwritten.
 *
 * After `write` or `commit` threw, only `abort` may be called; then the file can be begun again.
 */
export class AtomicFile {
  readonly #directory: MonitoringDirectory;
  readonly #options: AtomicFileOptions;
  #handle: FileHandle | undefined;
  #temporary = "";
  #temporaryNumber = 0;
  #size = 0;

  /** Creates nothing yet. */
  constructor(directory: MonitoringDirectory, options: AtomicFileOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  /**
   * Writes bytes, and creates the file if need be. Returns `true`: no other program can be in the
   * way.
   */
  write(bytes: Uint8Array): boolean {
    writeAll(this.#handle ?? this.#create(), bytes);
    this.#size += bytes.length;
    return true;
  }

  /** Publishes the file, which has the rows of the segment up to `next`. Returns its path. */
  commit(next: number): string {
    const { files, path, syncs } = this.#directory;
    const { journal } = this.#options;
    const handle = this.#handle ?? this.#create();
    if (syncs) handle.sync();
    this.#handle = undefined;
    handle.close();
    const published = this.#freePath();
    journal?.renaming(this.#temporaryNumber);
    files.rename(this.#temporary, published);
    try {
      if (syncs) files.syncDirectory(path);
    } catch (error) {
      if (!this.#takeBack(published)) journal?.settled(next);
      throw error;
    }
    this.#temporary = "";
    journal?.settled(next);
    this.#directory.noteGrowth(diskBytes(this.#size));
    return published;
  }

  /** Removes what is not published. Does not throw. */
  abort(): void {
    const { files } = this.#directory;
    try {
      this.#handle?.close();
    } catch {
      // The descriptor is gone even so, and what it wrote is not needed.
    }
    this.#handle = undefined;
    try {
      // In this order: while the journal says "renaming", a temporary name that is gone counts as
      // renamed.
      this.#options.journal?.settled();
      if (this.#temporary !== "") files.remove(this.#temporary);
    } catch {
      // It was removed with its directory, or stays under a name that no reader takes.
    }
    this.#temporary = "";
  }

  /** The path of the `number`th temporary name. */
  temporaryPath(number: number): string {
    return this.#directory.temporaryPathOf(this.#options.nameOf(number));
  }

  /**
   * Renames the file back, since its name may not survive a power cut, so that it does not count as
   * published. Returns `false` if somebody has moved or removed it meanwhile.
   */
  #takeBack(published: string): boolean {
    try {
      this.#directory.files.rename(published, this.#temporary);
      return true;
    } catch {
      this.#temporary = "";
      return false;
    }
  }

  #create(): FileHandle {
    this.#directory.ensure();
    const { access } = this.#options;
    const [handle, number] = this.#atFreeName((number) =>
      unless("EEXIST", () => this.#directory.createFile(this.temporaryPath(number), access))
    );
    this.#temporary = this.temporaryPath(number);
    this.#temporaryNumber = number;
    this.#handle = handle;
    writeAll(handle, this.#options.head);
    this.#size = this.#options.head.length;
    return handle;
  }

  #freePath(): string {
    const [path] = this.#atFreeName((number) => {
      const path = this.#directory.pathOf(this.#options.nameOf(number));
      return this.#directory.files.status(path) === undefined ? path : undefined;
    });
    return path;
  }

  /** Calls `use` with 0, 1, 2, … until it returns something. */
  #atFreeName<T>(use: (number: number) => T | undefined): [used: T, number: number] {
    for (let number = 0; number < MAX_NAMES; number++) {
      const used = use(number);
      if (used !== undefined) return [used, number];
    }
    throw new FileError("EEXIST", `${MAX_NAMES} names like ${this.#options.nameOf(0)} are taken`);
  }
}

/**
 * Publishes a file whose bytes are all in memory under a name that may exist, so that readers see
 * either the old file or the new one, whole. Two writers must not write one at once.
 *
 * @throws {FileError} if it cannot be written; then the old file, if any, is unchanged.
 */
export function replaceFile(
  directory: MonitoringDirectory,
  name: string,
  bytes: Uint8Array,
  access: FileAccess = directory.fileAccess,
): void {
  directory.ensure();
  const path = directory.pathOf(name);
  const isNew = directory.files.status(path) === undefined;
  replaceFileAt(directory, path, directory.temporaryPathOf(name), bytes, access);
  if (isNew) directory.noteGrowth(diskBytes(bytes.length));
}

/**
 * The same for a path anywhere on the volume of the directory, by a temporary one beside it. What is
 * at the temporary path is removed first.
 *
 * @throws {FileError} as {@linkcode replaceFile}.
 */
export function replaceFileAt(
  directory: MonitoringDirectory,
  path: string,
  temporary: string,
  bytes: Uint8Array,
  access: FileAccess = directory.fileAccess,
): void {
  const { files, syncs } = directory;
  unlessGone(() => files.remove(temporary)); // of a writer that was killed
  const handle = directory.createFile(temporary, access);
  try {
    try {
      writeAll(handle, bytes);
      if (syncs) handle.sync();
    } finally {
      release(handle);
    }
    files.rename(temporary, path);
  } catch (error) {
    try {
      files.remove(temporary);
    } catch {
      // Readers do not take it, and the next writer removes it.
    }
    throw error;
  }
  if (syncs) files.syncDirectory(directoryOf(path));
}

/**
 * Publishes a file whose bytes are all in memory, and returns its path.
 *
 * @throws {FileError} if it cannot be written; then it does not exist.
 */
export function publishFile(
  directory: MonitoringDirectory,
  nameOf: AtomicFileOptions["nameOf"],
  bytes: Uint8Array,
): string {
  const file = new AtomicFile(directory, { nameOf, head: bytes });
  try {
    return file.commit(0);
  } catch (error) {
    file.abort();
    throw error;
  }
}
