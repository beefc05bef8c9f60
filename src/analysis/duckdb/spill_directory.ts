import { release } from "../../files/directory.ts";
import type { FileHandle, Files, Runtime } from "../../runtime.ts";

/**
 * Directories for temporary files, in order of preference. `/tmp` may be in memory; DuckDB's
 * default is the working directory.
 */
const PLACES = ["/var/tmp", "/tmp"];

const NAME = /^kymo-\d+-[0-9a-f]{8}$/;

/** Locked as long as the program lives that uses the directory. */
const LOCK = "lock";

/**
 * The directory for what does not fit into memory. Only this user may read it. It is removed with
 * the database, or at the end of the program; that of a program that was killed by the next one.
 */
export class SpillDirectory {
  /** Its path. */
  readonly path: string;
  readonly #files: Files;
  readonly #forget: () => void;
  #lock: FileHandle | undefined;

  /** Creates the directory. If that fails, DuckDB reports it when it needs the directory. */
  constructor({ files, pid, isolateId, exitHooks }: Runtime) {
    this.#files = files;
    const place = PLACES.find((place) => isThere(files, place)) ?? ".";
    this.path = `${place}/kymo-${pid}-${isolateId()}`;
    unlessFails(() => files.ensureDirectory(this.path, { mode: 0o700 }));
    if (files.locks) {
      this.#lock = unlessFails(() => lockNew(files, this.path));
      removeLeft(files, place, unlessFails(() => files.status(this.path))?.access.user);
    }
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
    removeAll(this.#files, this.path);
    if (this.#lock !== undefined) release(this.#lock);
    this.#lock = undefined;
  }
}

/** Makes the lock of a directory. It gets its name when it is locked, so that a free one tells of a dead program. */
function lockNew(files: Files, path: string): FileHandle {
  const handle = files.create(`${path}/.${LOCK}`);
  handle.tryLock?.();
  files.rename(`${path}/.${LOCK}`, `${path}/${LOCK}`);
  return handle;
}

/** Removes the directories of a user's programs that were killed. Nobody else can put another one in their place. */
function removeLeft(files: Files, place: string, user: number | undefined): void {
  for (const name of unlessFails(() => files.list(place)) ?? []) {
    if (!NAME.test(name)) continue;
    const path = `${place}/${name}`;
    unlessFails(() => {
      const status = files.status(path);
      if (status?.kind !== "directory" || user === undefined || status.access.user !== user) return;
      if (files.status(`${path}/${LOCK}`)?.kind !== "file") return;
      const lock = files.open(`${path}/${LOCK}`);
      try {
        if (lock.tryLock?.() === true) removeAll(files, path);
      } finally {
        release(lock);
      }
    });
  }
}

/** Removes a directory with its files, the lock last. */
function removeAll(files: Files, path: string): void {
  const names = unlessFails(() => files.list(path)) ?? [];
  for (const name of names.filter((name) => name !== LOCK)) unlessFails(() => files.remove(`${path}/${name}`));
  unlessFails(() => files.remove(`${path}/${LOCK}`));
  unlessFails(() => files.removeDirectory(path));
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
