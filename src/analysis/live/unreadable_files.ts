import type { ProcessId } from "../../files/names.ts";
import { FileError, isMissingFile } from "../../runtime.ts";

/** A file that exists and cannot be read. */
export interface UnreadableFile {
  readonly path: string;
  /** Why, such as `permission denied`. */
  readonly reason: string;
  /** The process, if it is a spool or a program record. */
  readonly pid?: number;
  readonly isolate?: string;
}

/** The files that a look cannot read. */
export class UnreadableFiles {
  readonly #files = new Map<string, UnreadableFile>();

  /** All of them, each once. */
  get all(): readonly UnreadableFile[] {
    return [...this.#files.values()];
  }

  /** Notes why a file cannot be read. */
  add(path: string, reason: string, owner?: ProcessId): void {
    this.#files.set(path, {
      path,
      reason,
      ...owner === undefined ? {} : { pid: owner.pid, isolate: owner.isolate },
    });
  }

  /**
   * Notes the error of an operation on a file, unless the file does not exist.
   *
   * @throws what is not a `FileError`.
   */
  note(error: unknown, path: string, owner?: ProcessId): void {
    if (!(error instanceof FileError)) throw error;
    if (!isMissingFile(error.code)) this.add(path, error.message, owner);
  }
}
