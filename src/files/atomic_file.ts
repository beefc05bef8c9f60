import { FileError, type FileHandle } from "../runtime.ts";
import type { Destination } from "./destination.ts";
import { type MonitoringDirectory, unless, writeAll } from "./directory.ts";
import type { FlushJournal } from "./flush_journal.ts";

/** How many other names are tried when somebody has put something at ours. */
const MAX_NAMES = 100;

/** What a published file is made of, beside its rows. */
export interface AtomicFileOptions {
  /** It will be called `stem + extension`. */
  readonly stem: string;
  /** See `stem`. */
  readonly extension: string;
  /** Its first bytes. */
  readonly head: Uint8Array;
  /** Where it is noted how far it has come, if a spool's rows are in it. */
  readonly journal?: FlushJournal;
}

/**
 * A file that becomes visible at once and whole: it is written under a temporary name, then renamed. Both names are new: nothing that
 * exists is ever opened, followed or overwritten.
 */
export class AtomicFile implements Destination {
  readonly #directory: MonitoringDirectory;
  readonly #options: AtomicFileOptions;
  #handle: FileHandle | undefined;
  #temporary = "";
  #temporaryNumber = 0;

  /** Makes nothing yet. */
  constructor(directory: MonitoringDirectory, options: AtomicFileOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  /** See {@linkcode Destination}. */
  write(bytes: Uint8Array): boolean {
    writeAll(this.#handle ?? this.#create(), bytes);
    return true;
  }

  /** See {@linkcode Destination}. */
  commit(next: number): void {
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
  }

  /** See {@linkcode Destination}. */
  abort(): void {
    const { files } = this.#directory;
    try {
      this.#handle?.close();
    } catch {
      // The descriptor is gone either way, and what it wrote is not wanted.
    }
    this.#handle = undefined;
    try {
      // In this order: as long as it is noted that a rename is all that is left, a temporary name that is gone counts as renamed.
      this.#options.journal?.settled();
      if (this.#temporary !== "") files.remove(this.#temporary);
    } catch {
      // It went with its directory, or stays behind under a name that no reader takes.
    }
    this.#temporary = "";
  }

  /** The path of the `number`th temporary name of it. */
  temporaryPath(number: number): string {
    return this.#directory.temporaryPathOf(this.#name(number));
  }

  /** The path of the `number`th name under which it may be published. */
  publishedPath(number: number): string {
    return this.#directory.pathOf(this.#name(number));
  }

  /** A file whose name may not outlive the power is not published: `false` if somebody took it away before we could. */
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
    const { files } = this.#directory;
    const [handle, number] = this.#atFreeName((number) =>
      unless("EEXIST", () => files.create(this.temporaryPath(number)))
    );
    this.#temporary = this.temporaryPath(number);
    this.#temporaryNumber = number;
    this.#handle = handle;
    writeAll(handle, this.#options.head);
    return handle;
  }

  #freePath(): string {
    const { files } = this.#directory;
    const [path] = this.#atFreeName((number) => {
      const path = this.publishedPath(number);
      return files.status(path) === undefined ? path : undefined;
    });
    return path;
  }

  /** Names bear PID, isolate and sequence, so only ill will (or a restored backup) ever takes one; then a number is added. */
  #atFreeName<T>(use: (number: number) => T | undefined): [used: T, number: number] {
    for (let number = 0; number < MAX_NAMES; number++) {
      const used = use(number);
      if (used !== undefined) return [used, number];
    }
    throw new FileError("EEXIST", `${MAX_NAMES} names like ${this.#name(0)} are taken`);
  }

  #name(number: number): string {
    const { stem, extension } = this.#options;
    return `${stem}${number === 0 ? "" : `-${number}`}${extension}`;
  }
}

/**
 * Publishes a file that is in memory whole.
 *
 * @throws {FileError} if it cannot be written; then there is none.
 */
export function publishFile(directory: MonitoringDirectory, stem: string, extension: string, bytes: Uint8Array): void {
  const file = new AtomicFile(directory, { stem, extension, head: bytes });
  try {
    file.commit(0);
  } catch (error) {
    file.abort();
    throw error;
  }
}
