/**
 * What the bridge keeps in a monitoring directory:
 *
 * | file                 | content                                                         |
 * | -------------------- | --------------------------------------------------------------- |
 * | `.bridge/lock`       | locked by the one bridge of this directory                      |
 * | `.bridge/state.json` | what was counted, and which rows that were, written as one      |
 * | `.bridge/counted`    | for those who remove files: which are counted                   |
 *
 * The sums and the positions are of the same moment, and the file is replaced whole. So a bridge that was
 * killed goes on from there: rows that were counted later are counted again, and no others.
 *
 * @module
 */

import { takeLock } from "../control/lock_file.ts";
import { writeCountedMark } from "../control/retention/counted_mark.ts";
import { accessInDirectory, accessOfDirectory, type MonitoringDirectory } from "../files/directory.ts";
import { replaceFileAt } from "../files/atomic_file.ts";
import { BRIDGE_DIRECTORY, temporaryPathBeside } from "../files/names.ts";
import { readSmallFile } from "../files/regular_file.ts";
import { failure, type Result, success } from "../result.ts";
import type { FileAccess, FileHandle } from "../runtime.ts";
import { type Fields, isFields } from "../small_json.ts";

/** Bytes of the largest state that is read: that of a million programs. */
const MAX_STATE_BYTES = 2 ** 29;

/** The part of a monitoring directory that belongs to the bridge. */
export class BridgeDirectory {
  /** Where it is. */
  readonly path: string;
  readonly #directory: MonitoringDirectory;

  /** Makes nothing yet. */
  constructor(directory: MonitoringDirectory) {
    this.#directory = directory;
    this.path = directory.pathOf(BRIDGE_DIRECTORY);
  }

  /**
   * Takes the lock, and makes what is needed for that. It is given back when the handle is closed, or the
   * process ends.
   *
   * @throws {FileError}
   */
  lock(): Result<FileHandle, "locked" | "unsupported"> {
    const { files, path } = this.#directory;
    if (files.status(this.path) === undefined) files.ensureDirectory(this.path, accessOfDirectory(files, path));
    return takeLock(files, `${this.path}/lock`, () => this.#access());
  }

  /**
   * The state; `undefined` if there is none.
   *
   * @throws {FileError}
   */
  readState(): Result<Fields | undefined, "damaged"> {
    const read = readSmallFile(this.#directory.files, this.statePath, MAX_STATE_BYTES);
    if (!read.ok) return read.kind === "gone" ? success(undefined) : failure("damaged", read.reason);
    try {
      const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(read.value));
      return isFields(value) ? success(value) : failure("damaged", "it is no JSON object");
    } catch {
      return failure("damaged", "it is no JSON");
    }
  }

  /**
   * Replaces the state, whole.
   *
   * @throws {FileError}
   */
  writeState(text: string): void {
    const bytes = new TextEncoder().encode(text);
    replaceFileAt(this.#directory, this.statePath, temporaryPathBeside(this.statePath, "new"), bytes, this.#access());
  }

  /**
   * Tells those who remove files that the rows of all that were changed last before `time`, ms since
   * 1970, are in the state.
   *
   * @throws {FileError}
   */
  markCounted(time: number): void {
    writeCountedMark(this.#directory, time, this.#access());
  }

  /** The path of the state. */
  get statePath(): string {
    return `${this.path}/state.json`;
  }

  /** Whoever may write to the monitoring directory may run its bridge. */
  #access(): FileAccess | undefined {
    return accessInDirectory(this.#directory.files, this.#directory.path);
  }
}
