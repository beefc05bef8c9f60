import { fileError, fileErrorCode } from "../errors.ts";
import { type FileAccess, FileError, type FileHandle, type Files, type FileStatus } from "../runtime.ts";
import { directoryOf, probeName, PROGRAMS_DIRECTORY, SPOOLS_DIRECTORY, temporaryName } from "./names.ts";

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

/** Whether an operation failed because this user may not do it: a file or directory is another user's. */
export function isRefused(thrown: unknown): thrown is FileError {
  return thrown instanceof FileError && fileErrorCode(thrown) === "permission-denied";
}

/** How files are written to a monitoring directory. */
export interface DirectoryOptions {
  /** Whether files count as published only once they are on the disk. Default `false`. */
  readonly syncs?: boolean;
  /** Permission bits of the files that are created in it. Default 0600. */
  readonly fileMode?: number;
}

/** Permission bits of files by default. */
export const PRIVATE_MODE = 0o600;

/** Who may do what with a file that is made from another: whoever may do it with that. */
export function accessLike({ access }: Pick<FileStatus, "access">): FileAccess {
  return { ...access, mode: access.mode & 0o666 | PRIVATE_MODE };
}

/** Who may do what with a directory, also behind a link; `undefined` if there is none. */
export function accessOfDirectory(files: Files, path: string): Required<FileAccess> | undefined {
  return files.status(files.realPath(path) ?? path)?.access;
}

/** The same with a file in it that is for all who may write there, whoever makes it. */
export function accessInDirectory(files: Files, path: string): FileAccess | undefined {
  const access = accessOfDirectory(files, path);
  return access && accessLike({ access });
}

/** Permission bit by which everybody may write. */
const WRITABLE_BY_OTHERS = 0o002;

/** Bytes of the blocks in which most file systems allocate. */
const BLOCK_BYTES = 4096;

/** Bytes that a file of this size takes on the disk, in whole blocks of 4 KiB, as `du` counts them. */
export function diskBytes(size: number): number {
  return Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}

/** Bit by which only the owner of a file may remove it from a directory. */
const STICKY = 0o1000;

/**
 * The monitoring directory. It is created again if somebody removes it while a program records,
 * but not on another volume: if that on which it was is not mounted, its files would be hidden as
 * soon as it is again.
 *
 * **Several users** may write to one directory. All who may write to it may make spools, since the
 * directory of the spools gets its permission bits and, if possible, its owner and group. A program
 * goes on with what it may do: where it may not make a spool, its buffers are heap memory; where it
 * may not append to a file, it writes others. Each such refusal is noted here, and reported once.
 */
export class MonitoringDirectory {
  /** Its path: absolute, unless the working directory is unknown. */
  readonly path: string;
  /** The file system it is in. */
  readonly files: Files;
  /**
   * Whether a file counts as published only once it is on the disk, and not only in the page cache.
   */
  readonly syncs: boolean;
  /** Who may do what with the files that are created in it. */
  readonly fileAccess: FileAccess;
  readonly #unable = new Map<Ability, string>();
  readonly #refused = new Map<Ability, string>();
  /** The device that it was on when it was last seen. */
  #device: string | undefined;
  #user: number | undefined;
  /** Bytes that this program has added and removed, since retention was told of them. */
  readonly growth = { added: 0, removed: 0 };
  /** Bytes from which a file that is appended to is rotated. */
  rotateAt = Infinity;

  /** For a directory that exists; `path` as given by {@linkcode Files.resolve}. */
  constructor(files: Files, path: string, { syncs = false, fileMode = PRIVATE_MODE }: DirectoryOptions = {}) {
    this.files = files;
    this.path = path;
    this.syncs = syncs;
    this.fileAccess = { mode: fileMode };
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
    { spools = false, ...options }: DirectoryOptions & { readonly spools?: boolean } = {},
  ): MonitoringDirectory {
    try {
      const directory = new MonitoringDirectory(files, files.resolve(path), options);
      if (spools) directory.ensureSpools();
      else directory.#probe();
      if (directory.syncs) directory.#syncNames();
      return directory;
    } catch (error) {
      throw fileError("Cannot create the monitoring directory", path, error);
    }
  }

  /**
   * Checks that files can be created in it.
   *
   * @throws {KymoError} if not.
   */
  check(): void {
    try {
      this.#probe();
    } catch (error) {
      throw fileError("Cannot write to the monitoring directory", this.path, error);
    }
  }

  /**
   * Creates the directory again if it is gone. Call it before each write: a permission may be
   * revoked while a program runs, and writing would then make the runtime prompt for it.
   *
   * @throws {FileError}
   */
  ensure(): void {
    const { files, path } = this;
    const denied = files.denied(path);
    if (denied !== undefined) throw new FileError("DENIED", denied);
    const status = files.status(path);
    if (status?.kind === "directory") {
      this.#device = status.device;
    } else {
      if (status === undefined) this.#mustHaveVolume();
      files.ensureDirectory(path);
    }
  }

  /** Notes that this program has added bytes to it, or removed them if they are negative. */
  noteGrowth(bytes: number): void {
    if (bytes > 0) this.growth.added += bytes;
    else this.growth.removed -= bytes;
  }

  /**
   * Creates a new file in it, or among the spools.
   *
   * @throws {FileError} `EEXIST` if the name is taken.
   */
  createFile(path: string, access: FileAccess = this.fileAccess): FileHandle {
    return this.files.create(path, access);
  }

  /**
   * The id of this user, as a file has it that is created to see.
   *
   * @throws {FileError}
   */
  get user(): number {
    this.#user ??= this.#withProbe((handle) => handle.status().access.user);
    return this.#user;
  }

  /** Whether no attempt has shown yet that the file system lacks an ability. */
  can(ability: Ability): boolean {
    return !this.#unable.has(ability);
  }

  /**
   * Why the file system lacks an ability, or this user may not use it, as an attempt has shown;
   * `undefined` if none has.
   */
  whyNot(ability: Ability): string | undefined {
    return this.#unable.get(ability) ?? this.#refused.get(ability);
  }

  /** Notes that the file system lacks an ability, and why. Returns whether that is new. */
  noteLackOf(ability: Ability, why: string): boolean {
    const isNew = this.can(ability);
    if (isNew) this.#unable.set(ability, why);
    return isNew;
  }

  /**
   * Notes that this user may not use an ability, with one file at least and for the moment, and why.
   * Returns whether that is new.
   */
  noteRefusalOf(ability: Ability, why: string): boolean {
    const isNew = !this.#refused.has(ability);
    this.#refused.set(ability, why);
    return isNew;
  }

  /** Notes that this user may use an ability again. */
  forgetRefusalOf(ability: Ability): void {
    this.#refused.delete(ability);
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
    this.#ensureShared(this.spools);
  }

  /** The path of the directory of the programs that live. */
  get programs(): string {
    return this.pathOf(PROGRAMS_DIRECTORY);
  }

  /**
   * Makes a file in the directory of the programs, which is created unless it exists. Another program
   * that ends may remove it meanwhile; then `make` is called a second time.
   *
   * @throws {FileError}
   */
  makeInPrograms(make: () => void): void {
    this.#ensureShared(this.programs);
    try {
      make();
    } catch (error) {
      if (!(error instanceof FileError) || error.code !== "ENOENT") throw error;
      this.#ensureShared(this.programs);
      make();
    }
  }

  /** Removes the directory of the programs if it is empty. Does not throw. */
  removePrograms(): void {
    try {
      this.files.removeDirectory(this.programs);
    } catch {
      // It holds files, or is gone.
    }
  }

  /** Removes the directory of the spools if it is empty. Does not throw. */
  removeSpools(): void {
    try {
      this.files.removeDirectory(this.spools);
    } catch {
      // It holds spools, or is gone.
    }
  }

  /** Creates a directory in it, in which every program makes files. */
  #ensureShared(shared: string): void {
    this.ensure();
    const status = this.files.status(shared);
    if (status?.kind === "directory") return;
    this.files.ensureDirectory(shared, status === undefined ? this.#accessOfShared() : undefined);
  }

  /**
   * Who may write to this directory may make files there, whoever makes the directory. Where
   * everybody may write, nobody may remove or rename the files of others.
   */
  #accessOfShared(): FileAccess | undefined {
    const access = accessOfDirectory(this.files, this.path);
    return access && access.mode & WRITABLE_BY_OTHERS ? { ...access, mode: access.mode | STICKY } : access;
  }

  /**
   * Throws if the directory is gone because its volume is not mounted. That is so if what is left of
   * its path lies on another device than the directory did, and no volume is mounted there. Where
   * this program may not look, it is not known.
   */
  #mustHaveVolume(): void {
    if (this.#device === undefined) return;
    const { files } = this;
    let place = this.path;
    let above = directoryOf(place);
    while (place !== above && files.denied(above) === undefined) {
      const device = files.status(place)?.device;
      if (device === this.#device) return;
      if (device !== undefined) {
        if (files.status(above)?.device !== device) return;
        throw new FileError("EIO", "the volume that it was on is not mounted");
      }
      [place, above] = [above, directoryOf(above)];
    }
  }

  #probe(): void {
    this.ensure();
    this.#withProbe((handle) => this.syncs ? handle.sync() : undefined);
  }

  #withProbe<T>(use: (handle: FileHandle) => T): T {
    const path = this.pathOf(probeName(Math.random().toString(36).slice(2)));
    const handle = this.createFile(path);
    try {
      return use(handle);
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
    const parent = directoryOf(this.path);
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
