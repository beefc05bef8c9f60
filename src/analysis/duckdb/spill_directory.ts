import type { Files, Runtime } from "../../runtime.ts";

/** Where to look for room, in this order. Not `/tmp` first, which may itself be memory, nor DuckDB's own choice, the working directory. */
const PLACES = ["/var/tmp", "/tmp"];

/** Where DuckDB puts what does not fit into memory: a directory that only this user may read, and that goes with the database or with the program. */
export class SpillDirectory {
  /** Its path. */
  readonly path: string;
  readonly #files: Files;
  readonly #forget: () => void;

  /** Makes the directory. Where that cannot be done, DuckDB will say so when it needs it. */
  constructor({ files, pid, isolateId, exitHooks }: Runtime) {
    this.#files = files;
    this.path = `${PLACES.find((place) => isThere(files, place)) ?? "."}/kymo-${pid}-${isolateId()}`;
    attempt(() => files.ensureDirectory(this.path, "private"));
    this.#forget = exitHooks.add((last) => {
      if (last) this.#empty();
    });
  }

  /** Removes it. Calling it again does nothing. */
  remove(): void {
    this.#forget();
    this.#empty();
  }

  #empty(): void {
    const names = attempt(() => this.#files.list(this.path)) ?? [];
    for (const name of names) attempt(() => this.#files.remove(`${this.path}/${name}`));
    attempt(() => this.#files.removeDirectory(this.path));
  }
}

function isThere(files: Files, path: string): boolean {
  return attempt(() => files.status(path)) !== undefined;
}

/** Does what need not succeed. */
function attempt<Result>(operation: () => Result): Result | undefined {
  try {
    return operation();
  } catch {
    return undefined;
  }
}
