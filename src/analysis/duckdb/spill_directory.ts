import type { Files, Runtime } from "../../runtime.ts";

/**
 * Directories for temporary files, in order of preference. `/tmp` may be in memory; DuckDB's
 * default is the working directory.
 */
const PLACES = ["/var/tmp", "/tmp"];

/**
 * The directory for what does not fit into memory. Only this user may read it. It is removed with
 * the database, or at the end of the program.
 */
export class SpillDirectory {
  /** Its path. */
  readonly path: string;
  readonly #files: Files;
  readonly #forget: () => void;

  /** Creates the directory. If that fails, DuckDB reports it when it needs the directory. */
  constructor({ files, pid, isolateId, exitHooks }: Runtime) {
    this.#files = files;
    this.path = `${PLACES.find((place) => isThere(files, place)) ?? "."}/kymo-${pid}-${isolateId()}`;
    unlessFails(() => files.ensureDirectory(this.path, { mode: 0o700 }));
    this.#forget = exitHooks.add((last) => {
      if (last) this.#empty();
    });
  }

  /** Removes the directory. Further calls do nothing. */
  remove(): void {
    this.#forget();
    this.#empty();
  }

  #empty(): void {
    const names = unlessFails(() => this.#files.list(this.path)) ?? [];
    for (const name of names) unlessFails(() => this.#files.remove(`${this.path}/${name}`));
    unlessFails(() => this.#files.removeDirectory(this.path));
  }
}

function isThere(files: Files, path: string): boolean {
  return unlessFails(() => files.status(path)) !== undefined;
}

/** Runs an operation that may fail; `undefined` if it does. */
function unlessFails<Result>(operation: () => Result): Result | undefined {
  try {
    return operation();
  } catch {
    return undefined;
  }
}
