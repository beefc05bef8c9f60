import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The files of a directory as they were at one moment. */
export class Snapshot {
  readonly #directory: string;
  readonly #files: ReadonlyMap<string, Uint8Array>;

  /** Reads all there is in a directory, and below. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#files = new Map(filesIn(directory).map((path) => [path, readFileSync(path)]));
  }

  /** The paths of the files. */
  get paths(): string[] {
    return [...this.#files.keys()];
  }

  /**
   * Makes the directory what it was. Files that are still there are written anew in place: they
   * keep their identity, which Kymo journal.
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
