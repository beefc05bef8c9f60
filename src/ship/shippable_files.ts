import { isCsvName } from "../analysis/source/file_names.ts";
import { firstTimepoint } from "../csv/outer_rows.ts";
import { rotateAppendFile } from "../files/append_file.ts";
import { type MonitoringDirectory, release, unlessGone } from "../files/directory.ts";
import { type Clock, FileError, type FileHandle, type FileStatus, unlessUnreadable } from "../runtime.ts";
import { type FoundFile, foundFile } from "./pieces/found_file.ts";

/** A file of which nothing is to be shipped any more. */
export interface SettledFile {
  readonly file: FoundFile;
  readonly status: FileStatus;
  /** When it was settled, monotonic ns. */
  readonly at: number;
  /** Whether a part of it is in quarantine. */
  readonly isQuarantined: boolean;
}

/** The files of a monitoring directory, as one shipper sees them. */
export class ShippableFiles {
  /** The settled files that are there, by name. */
  readonly settled: Map<string, SettledFile> = new Map();
  /** Names of files that are not shipped, and why. */
  readonly refused: Map<string, string> = new Map();
  /** Files that are not settled, and since when the first of them waits, ms since 1970. */
  waiting: { readonly files: number; readonly since: number | undefined } = { files: 0, since: undefined };
  /** Files that somebody removed before they were shipped. */
  vanished = 0;
  readonly #directory: MonitoringDirectory;
  readonly #clock: Clock;
  readonly #onGone: (name: string) => void;

  /** `onGone` is called for each settled file that is not there any more. */
  constructor(directory: MonitoringDirectory, clock: Clock, onGone: (name: string) => void) {
    this.#directory = directory;
    this.#clock = clock;
    this.#onGone = onGone;
  }

  /**
   * Lists the directory; with `rotates`, after the files that programs append to were rotated.
   *
   * @throws {FileError}
   */
  async list(rotates: boolean): Promise<readonly string[]> {
    const { files, path } = this.#directory;
    const first = await files.listBeside(path);
    const names = rotates && this.#rotate(first) ? await files.listBeside(path) : first;
    const there = new Set(names);
    for (const name of this.settled.keys()) if (!there.has(name)) this.forget(name);
    for (const name of this.refused.keys()) if (!there.has(name)) this.refused.delete(name);
    return names;
  }

  /** The files among these names that are not settled, in the order of the names. */
  unsettled(names: readonly string[]): FoundFile[] {
    const files: FoundFile[] = [];
    for (const name of names) {
      const file = foundFile(name);
      if (file === undefined) {
        if (isCsvName(name)) this.refused.set(name, "files with such names are not shipped");
      } else if (file.kind !== "growing" && !this.#isSettled(file)) {
        files.push(file);
      }
    }
    return files.sort((one, other) => one.name < other.name ? -1 : 1);
  }

  /** Opens a file for reading; `undefined` if it is gone, or no file that may be read. */
  open({ name }: FoundFile): FileHandle | undefined {
    const { files } = this.#directory;
    const path = this.#directory.pathOf(name);
    try {
      const status = files.status(path);
      if (status?.kind === "file") {
        const handle = files.open(path, "read");
        this.refused.delete(name);
        return handle;
      }
      if (status === undefined) this.vanished++;
      else this.refused.set(name, "it is not a regular file");
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (error.code === "ENOENT") this.vanished++;
      else this.refused.set(name, error.message);
    }
    return undefined;
  }

  /** When the first rows of files were recorded, ns since 1970; those that have none are left out. */
  began(files: readonly FoundFile[]): bigint[] {
    return files.flatMap(({ name }) => {
      const path = this.#directory.pathOf(name);
      return unlessUnreadable(() => {
        const handle = this.#directory.files.status(path)?.kind === "file" && this.#directory.files.open(path, "read");
        if (!handle) return undefined;
        try {
          return firstTimepoint(handle, handle.status().size);
        } finally {
          release(handle);
        }
      }) ?? [];
    });
  }

  /** Nothing of the file is to be shipped any more; whether it is the first time. */
  settle(file: FoundFile, status: FileStatus, isQuarantined: boolean): boolean {
    const isFirst = !this.settled.has(file.name);
    this.settled.set(file.name, { file, status, isQuarantined, at: this.#clock.now() });
    return isFirst;
  }

  /** A settled file is gone. */
  forget(name: string): void {
    this.settled.delete(name);
    this.#onGone(name);
  }

  /** Notes which files wait. */
  noteWaiting(files: readonly FoundFile[]): void {
    const waiting = files.filter(({ name }) => !this.settled.has(name));
    const [oldest] = waiting;
    const since = oldest &&
      unlessGone(() => this.#directory.files.status(this.#directory.pathOf(oldest.name)))?.modified;
    this.waiting = { files: waiting.length, since };
  }

  /** Rotates the files that programs append to, if they have rows. */
  #rotate(names: readonly string[]): boolean {
    let isOne = false;
    for (const name of names) {
      const file = foundFile(name);
      if (file?.kind !== "growing") continue;
      try {
        if (rotateAppendFile(this.#directory, file.channel)) isOne = true;
        this.refused.delete(name);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        this.refused.set(name, error.message);
      }
    }
    return isOne;
  }

  #isSettled({ name, kind }: FoundFile): boolean {
    const settled = this.settled.get(name);
    if (settled === undefined || kind === "segment") return settled !== undefined; // its content never changes
    const status = unlessGone(() => this.#directory.files.status(this.#directory.pathOf(name)));
    return status?.size === settled.status.size && status.identity === settled.status.identity &&
      status.modified === settled.status.modified;
  }
}
