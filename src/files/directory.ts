import { fileError, fileErrorCode } from "../errors.ts";
import { FileError, type FileHandle, type Files } from "../runtime.ts";
import { probeName, SPOOLS_DIRECTORY, temporaryName } from "./names.ts";

/** What some file systems cannot do: append to files under a lock, keep spools, make hard links. */
export type Ability = "append" | "spool" | "link";

/**
 * Codes by which a file system says that it lacks an ability, besides those that mean
 * `"unsupported"` in every operation (ENODEV, ENOLCK, ENOSYS, ENOTSUP, EOPNOTSUPP; see
 * `errors.ts`). In other operations these codes mean something else, so they are listed by ability:
 *
 * - EINVAL: of `flock(2)` and `mmap(2)`, where files cannot be locked or mapped.
 * - EPERM: of `link(2)`, where there are no hard links.
 * - EMLINK: of `link(2)`, where a file may have one name only.
 */
const LACKS: Readonly<Record<Ability, readonly string[]>> = {
  append: ["EINVAL"],
  spool: ["EINVAL"],
  link: ["EPERM", "EMLINK"],
};

/** Whether an operation that needs an ability failed because the file system lacks it. */
export function showsLackOf(ability: Ability, thrown: unknown): thrown is FileError {
  return thrown instanceof FileError &&
    (fileErrorCode(thrown) === "unsupported" || LACKS[ability].includes(thrown.code));
}

/** How a monitoring directory is used. */
export interface DirectoryOptions {
  /** Whether files count as published only once they are on the disk. Default `false`. */
  readonly syncs?: boolean;
  /** Whether spools are created in it. Default `false`. */
  readonly spools?: boolean;
}

/** The monitoring directory. It is created again if somebody removes it while a program records. */
export class MonitoringDirectory {
  /** Its path: absolute, unless the working directory is unknown. */
  readonly path: string;
  /** The file system it is in. */
  readonly files: Files;
  readonly #unable = new Map<Ability, string>();
  /**
   * Whether a file counts as published only once it is on the disk, and not only in the page cache.
   */
  readonly syncs: boolean;

  /** For a directory that exists; `path` as given by {@linkcode Files.resolve}. */
  constructor(files: Files, path: string, syncs = false) {
    this.files = files;
    this.path = path;
    this.syncs = syncs;
  }

  /**
   * Creates the directory unless it exists, and if `spools` is set the directory of the spools too.
   * Checks that files can be created in it: an error is better now than when the first buffer is
   * full.
   *
   * @throws {KymoError} without permission, or if it cannot be created.
   */
  static create(
    files: Files,
    path: string,
    { syncs = false, spools = false }: DirectoryOptions = {},
  ): MonitoringDirectory {
    try {
      const directory = new MonitoringDirectory(files, files.resolve(path), syncs);
      if (spools) directory.ensureSpools();
      else directory.#probe();
      if (syncs) directory.#syncNames();
      return directory;
    } catch (error) {
      throw fileError("Cannot create the monitoring directory", path, error);
    }
  }

  /**
   * Creates the directory again if it is gone. Call it before each write: a permission may be
   * revoked while a program runs, and writing would then make the runtime prompt for it.
   *
   * @throws {FileError}
   */
  ensure(): void {
    const denied = this.files.denied(this.path);
    if (denied !== undefined) throw new FileError("DENIED", denied);
    this.files.ensureDirectory(this.path);
  }

  /** Whether no attempt has shown yet that the file system lacks an ability. */
  can(ability: Ability): boolean {
    return !this.#unable.has(ability);
  }

  /** Why the file system lacks an ability, as an attempt has shown; `undefined` if none has. */
  whyNot(ability: Ability): string | undefined {
    return this.#unable.get(ability);
  }

  /** Notes that the file system lacks an ability, and why. Returns whether that is new. */
  noteLackOf(ability: Ability, why: string): boolean {
    const isNew = this.can(ability);
    if (isNew) this.#unable.set(ability, why);
    return isNew;
  }

  /** The path of a file in it. */
  pathOf(name: string): string {
    return `${this.path}/${name}`;
  }

  /** The path under which a file is written before it is published as `name`. */
  temporaryPathOf(name: string): string {
    return this.pathOf(temporaryName(name));
  }

  /** The path of the directory of the spools. */
  get spools(): string {
    return this.pathOf(SPOOLS_DIRECTORY);
  }

  /** The path of a spool. */
  spoolPathOf(name: string): string {
    return `${this.spools}/${name}`;
  }

  /**
   * Creates the directory of the spools, and this one, unless they exist.
   *
   * @throws {FileError}
   */
  ensureSpools(): void {
    this.ensure();
    this.files.ensureDirectory(this.spools);
  }

  /** Removes the directory of the spools if it is empty. Does not throw. */
  removeSpools(): void {
    try {
      this.files.removeDirectory(this.spools);
    } catch {
      // It holds spools, or is gone.
    }
  }

  #probe(): void {
    this.ensure();
    const path = this.pathOf(probeName(Math.random().toString(36).slice(2)));
    const handle = this.files.create(path);
    try {
      if (this.syncs) handle.sync();
    } finally {
      handle.close();
      this.files.remove(path);
    }
  }

  /**
   * Syncs this directory and its parent, which has its name. Throws where directories cannot be
   * synced.
   */
  #syncNames(): void {
    this.files.syncDirectory(this.path);
    const parent = this.path.slice(0, Math.max(1, this.path.lastIndexOf("/")));
    if (this.path.startsWith("/") && this.files.denied(parent) === undefined) this.files.syncDirectory(parent);
  }
}

/** Writes all of `bytes`, however few the system takes at a time. */
export function writeAll(handle: { write(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) {
    const taken = handle.write(rest);
    // Otherwise a device that takes nothing and reports no error, or a runtime that returns no
    // number, would keep us in this loop for ever.
    if (!(taken > 0 && taken <= rest.length)) throw new FileError("EIO", "nothing was written");
    rest = rest.subarray(taken);
  }
}

/**
 * Closes a file and so releases its lock. Does not throw: the descriptor is gone even if `close`
 * fails.
 */
export function release(handle: FileHandle): void {
  try {
    handle.close();
  } catch {
    // What was written is in the file or not, as it was before.
  }
}

/** Runs a file operation; `undefined` if it fails with `code`. */
export function unless<T>(code: string, operation: () => T): T | undefined {
  try {
    return operation();
  } catch (error) {
    if (error instanceof FileError && error.code === code) return undefined;
    throw error;
  }
}

/** Runs a file operation; `undefined` if there is no such file, or no longer. */
export function unlessGone<T>(operation: () => T): T | undefined {
  return unless("ENOENT", operation);
}
