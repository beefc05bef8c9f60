import { FileError, type FileHandle } from "../runtime.ts";
import type { Destination } from "./destination.ts";
import { type MonitoringDirectory, writeAll } from "./directory.ts";

/** How many other names are tried when somebody has put something at ours. */
const MAX_NAMES = 100;

/**
 * A file that becomes visible at once and whole: it is written under a temporary name, then renamed. Both names are new: nothing that
 * exists is ever opened, followed or overwritten.
 */
export class PublishedFile implements Destination {
  readonly durableWrites = false;
  readonly #directory: MonitoringDirectory;
  readonly #stem: string;
  readonly #extension: string;
  readonly #head: Uint8Array;
  #handle: FileHandle | undefined;
  #temporary = "";

  /** Will be called `stem + extension`, and begin with `head`. */
  constructor(directory: MonitoringDirectory, stem: string, extension: string, head: Uint8Array) {
    this.#directory = directory;
    this.#stem = stem;
    this.#extension = extension;
    this.#head = head;
  }

  /** See {@linkcode Destination}. */
  write(bytes: Uint8Array): boolean {
    writeAll(this.#handle ?? this.#create(), bytes);
    return true;
  }

  /** See {@linkcode Destination}. */
  commit(): void {
    const handle = this.#handle ?? this.#create();
    this.#handle = undefined;
    handle.close();
    this.#directory.files.rename(this.#temporary, this.#freePath((name) => this.#directory.pathOf(name)));
    this.#temporary = "";
  }

  /** See {@linkcode Destination}. */
  abort(): number {
    const { files } = this.#directory;
    try {
      this.#handle?.close();
    } catch {
      // The descriptor is gone either way, and what it wrote is not wanted.
    }
    this.#handle = undefined;
    try {
      if (this.#temporary !== "") files.remove(this.#temporary);
    } catch {
      // It went with its directory, or stays behind under a name that no reader takes.
    }
    this.#temporary = "";
    return 0;
  }

  #create(): FileHandle {
    this.#directory.ensure();
    const path = this.#freePath((name) => this.#directory.temporaryPathOf(name));
    const handle = this.#directory.files.create(path);
    this.#temporary = path;
    this.#handle = handle;
    writeAll(handle, this.#head);
    return handle;
  }

  /** Names bear PID, isolate and sequence, so only ill will (or a restored backup) ever takes one; then a number is added. */
  #freePath(pathOf: (name: string) => string): string {
    for (let i = 0; i < MAX_NAMES; i++) {
      const path = pathOf(`${this.#stem}${i === 0 ? "" : `-${i}`}${this.#extension}`);
      if (this.#directory.files.status(path) === undefined) return path;
    }
    throw new FileError("EEXIST", `${MAX_NAMES} names like ${this.#stem}${this.#extension} are taken`);
  }
}

/**
 * Publishes a file that is in memory whole.
 *
 * @throws {FileError} if it cannot be written; then there is none.
 */
export function publishFile(directory: MonitoringDirectory, stem: string, extension: string, bytes: Uint8Array): void {
  const file = new PublishedFile(directory, stem, extension, bytes);
  try {
    file.commit();
  } catch (error) {
    file.abort();
    throw error;
  }
}
