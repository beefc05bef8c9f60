import { rotateAppendFile } from "../../files/append_file.ts";
import type { MonitoringDirectory } from "../../files/directory.ts";
import { appendFileName } from "../../files/names.ts";
import type { RetentionOptions } from "../retention_options.ts";
import type { GrowingFile } from "./directory_count.ts";

/** A file that is appended to is rotated at this part of `maxBytes`, but not below or above these sizes. */
const ROTATED_PART = 1 / 16;
const LEAST_ROTATED = 64 * 1024;
const MOST_ROTATED = 64 * 2 ** 20;

/** The part of `maxAge` that the oldest rows of a file may have that is appended to. */
const AGE_PART = 1 / 4;

/**
 * Rotates the files that programs append to, since only a file that nobody appends to can be removed.
 * Programs do it themselves when the file is large (`rotateAt` of the directory); here that is
 * decided, and files are rotated whose first rows are old. No method throws.
 */
export class Rotation {
  readonly #directory: MonitoringDirectory;
  readonly #limits: RetentionOptions;
  readonly #report: (error: unknown, path: string) => void;
  #growing: readonly GrowingFile[] = [];

  /** `report` is called with each failure, and the path of the file. */
  constructor(
    directory: MonitoringDirectory,
    limits: RetentionOptions,
    report: (error: unknown, path: string) => void,
  ) {
    this.#directory = directory;
    this.#limits = limits;
    this.#report = report;
    this.#setSize();
  }

  /** Takes the files that a count has found, and rotates those that are due. `now`: ms since 1970. */
  found(growing: readonly GrowingFile[], now: number): void {
    this.#growing = growing;
    this.#setSize();
    const { maxAge } = this.#limits;
    const oldest = maxAge === undefined ? -Infinity : now - maxAge * AGE_PART;
    this.#rotate(({ size, first }) => first !== undefined && (size >= this.#directory.rotateAt || first < oldest));
  }

  /** Rotates all files that have rows. Returns whether there was one. */
  rotateAll(): boolean {
    return this.#rotate(() => true);
  }

  /** Again after each count: it is infinite since a program was refused to rotate the file. */
  #setSize(): void {
    const { maxBytes = Infinity } = this.#limits;
    this.#directory.rotateAt = Math.max(LEAST_ROTATED, Math.min(MOST_ROTATED, maxBytes * ROTATED_PART));
  }

  #rotate(isDue: (file: GrowingFile) => boolean): boolean {
    let isOne = false;
    for (const { channel } of this.#growing.filter(isDue)) {
      try {
        if (rotateAppendFile(this.#directory, channel)) isOne = true;
      } catch (error) {
        this.#report(error, this.#directory.pathOf(appendFileName(channel)));
      }
    }
    return isOne;
  }
}
