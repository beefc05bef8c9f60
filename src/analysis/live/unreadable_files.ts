import { FileError } from "../../runtime.ts";

/** A file that is there, and that this program cannot read. */
export interface UnreadableFile {
  readonly path: string;
  /** Why, such as `permission denied`. */
  readonly reason: string;
  /** Whose spool it is, if it is one. */
  readonly pid?: number;
}

/** What a file operation says that comes too late or too early. */
const GONE: readonly string[] = ["ENOENT", "ENOTDIR"];

/** Collects the files that a look cannot read. */
export class UnreadableFiles {
  readonly #files = new Map<string, UnreadableFile>();

  /** All of them, each once. */
  get all(): readonly UnreadableFile[] {
    return [...this.#files.values()];
  }

  /** Takes note of what an operation on a file threw. A file that is not there is none that cannot be read; what is no `FileError` is thrown on. */
  note(error: unknown, path: string, pid?: number): void {
    if (!(error instanceof FileError)) throw error;
    if (GONE.includes(error.code)) return;
    this.#files.set(path, { path, reason: error.message, ...pid === undefined ? {} : { pid } });
  }
}
