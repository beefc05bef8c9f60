import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The files of a directory at one time. */
export class Snapshot {
  readonly #directory: string;
  readonly #files: ReadonlyMap<string, Uint8Array>;

  /** Reads all files of a directory and its subfolders. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#files = new Map(filesIn(directory).map((path) => [path, readFileSync(path)]));
  }

  /** The paths of the files. */
  get paths(): string[] {
    return [...this.#files.keys()];
  }

  /**
   * Restores the directory. Existing files are written in place, so that they keep their identity,
   * which Kymo stores.
   */
  restore(): void {
    for (const path of filesIn(this.#directory)) if (!this.#files.has(path)) rmSync(path);
    for (const [path, bytes] of this.#files) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
    }
  }
}

function filesIn(directory: string): string[] {
  return readdirSync(directory).map((name) => join(directory, name)).flatMap((path) =>
    lstatSync(path).isDirectory() ? filesIn(path) : [path]
  );
}
