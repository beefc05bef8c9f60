import { quote, reason, StorageError, UsageError } from "../errors.ts";
import { MAX_PREFIX_LENGTH } from "../observation/segment.ts";
import { FileError, type Files } from "../runtime.ts";

const PREFIX = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** Ends the name of a file that is not finished; readers take `*.csv`. */
const TEMPORARY = ".tmp";

/**
 * Refuses what may not begin a file name: anything but 1 to 64 ASCII letters, digits, `_` and `-`, a letter or digit first. So no prefix
 * leads out of the monitoring directory or hides a file in it.
 *
 * @throws {UsageError} naming `action`.
 */
export function checkPrefix(action: string, prefix: unknown): asserts prefix is string {
  if (typeof prefix === "string" && prefix.length <= MAX_PREFIX_LENGTH && PREFIX.test(prefix)) return;
  throw new UsageError(
    `${action}: a prefix is 1 to ${MAX_PREFIX_LENGTH} letters, digits, "_" or "-", beginning with a letter or digit: ${
      quote(prefix)
    }`,
  );
}

/** The unique part of a file name: PID, isolate and, zero-padded so that names sort in order, sequence. */
export function uniquePart(pid: number, isolate: string, sequence: number): string {
  return `${pid}-${isolate}-${String(sequence).padStart(6, "0")}`;
}

/** The monitoring directory: the one place where files are named, and made again should somebody take the directory away. */
export class MonitoringDirectory {
  /** Where it is: absolute, if the working directory may be known. */
  readonly path: string;
  /** The file system it is in. */
  readonly files: Files;

  private constructor(files: Files, path: string) {
    this.files = files;
    this.path = path;
  }

  /**
   * Creates the directory unless it is there.
   *
   * @throws {StorageError} without permission, or if it cannot be created.
   */
  static create(files: Files, path: string): MonitoringDirectory {
    try {
      const directory = new MonitoringDirectory(files, files.resolve(path));
      directory.ensure();
      directory.#probe();
      return directory;
    } catch (error) {
      throw new StorageError(`Cannot create the monitoring directory: ${quote(path)}: ${reason(error)}`, {
        cause: error,
      });
    }
  }

  /**
   * Makes the directory again if it is gone. To be called before anything is written: a permission may be taken away, and then the runtime
   * would ask for it.
   *
   * @throws {FileError}
   */
  ensure(): void {
    const denied = this.files.denied(this.path);
    if (denied !== undefined) throw new FileError("DENIED", denied);
    this.files.ensureDirectory(this.path);
  }

  /** The path of a file in it. */
  pathOf(name: string): string {
    return `${this.path}/${name}`;
  }

  /** The path under which a file is written before it bears its name. */
  temporaryPathOf(name: string): string {
    return `${this.path}/.${name}${TEMPORARY}`;
  }

  /** That a file can be made there is better known now than with the first full buffer. */
  #probe(): void {
    const path = this.temporaryPathOf(`probe.${Math.random().toString(36).slice(2)}`);
    this.files.create(path).close();
    this.files.remove(path);
  }
}

/** Writes all of `bytes`, however few the system takes at a time. */
export function writeAll(handle: { write(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) {
    const taken = handle.write(rest);
    // A device that takes nothing and reports nothing would hold us for ever.
    if (taken === 0) throw new FileError("EIO", "nothing was written");
    rest = rest.subarray(taken);
  }
}
