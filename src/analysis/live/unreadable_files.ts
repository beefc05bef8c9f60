import { FileError, isMissingFile } from "../../runtime.ts";

/** A file that exists and cannot be read. */
export interface UnreadableFile {
  readonly path: string;
  /** Why, such as `permission denied`. */
  readonly reason: string;
  /** The process, if it is a spool. */
  readonly pid?: number;
}

/** The files that a look cannot read. */
export class UnreadableFiles {
  readonly #files = new Map<string, UnreadableFile>();

  /** All of them, each once. */
  get all(): readonly UnreadableFile[] {
    return [...this.#files.values()];
  }

  /**
   * Notes the error of an operation on a file, unless the file does not exist.
   *
   * @throws what is not a `FileError`.
   */
  note(error: unknown, path: string, pid?: number): void {
    if (!(error instanceof FileError)) throw error;
    if (isMissingFile(error.code)) return;
    this.#files.set(path, { path, reason: error.message, ...pid === undefined ? {} : { pid } });
  }
}
