import { fileErrorCode, KymoError, quote, reason } from "../errors.ts";
import { isChannelName, MAX_CHANNEL_NAME_LENGTH, type SegmentOwner } from "../segment/format.ts";
import { FileError, type FileHandle, type Files } from "../runtime.ts";

/** Ends the name of a file that is not finished; readers take `*.csv`. */
const TEMPORARY = ".tmp";

/** Where the spools are, in the monitoring directory: in one of their own, since that one may hold a million files. */
const SPOOLS = ".spools";

/** The name of a spool: channel, PID, isolate and, since a channel has two, a number. */
const SPOOL = /^([A-Za-z0-9_-]+)\.(\d+)-([0-9a-f]{8})\.\d+\.spool$/;

/**
 * Refuses what may not begin a file name: anything but 1 to 64 ASCII letters, digits, `_` and `-`, a letter or digit first. So no channel
 * leads out of the monitoring directory or hides a file in it.
 *
 * @throws {KymoError} naming `action`.
 */
export function checkChannelName(action: string, channel: unknown): asserts channel is string {
  if (isChannelName(channel)) return;
  throw new KymoError(
    "invalid-argument",
    `${action}: a channel name is 1 to ${MAX_CHANNEL_NAME_LENGTH} letters, digits, "_" or "-", beginning with a letter or digit: ${
      quote(channel)
    }`,
  );
}

/** The unique part of a file name: PID, isolate and, zero-padded so that names sort in order, sequence. */
export function uniquePart(pid: number, isolate: string, sequence: number): string {
  return `${pid}-${isolate}-${String(sequence).padStart(6, "0")}`;
}

/** The name of the `number`th spool of a channel. */
export function spoolName({ channel, pid, isolate }: SegmentOwner, number: number): string {
  return `${channel}.${pid}-${isolate}.${number}.spool`;
}

/** Whose spool bears a name; `undefined` if it is not the name of one. */
export function spoolOwner(name: string): Omit<SegmentOwner, "kind"> | undefined {
  const [, channel = "", pid, isolate = ""] = SPOOL.exec(name) ?? [];
  return pid === undefined ? undefined : { channel, pid: Number(pid), isolate };
}

/** What not every file system can do: have files appended to under a lock; keep spools. */
export type Ability = "append" | "spool";

/** What a monitoring directory is for. */
export interface DirectoryOptions {
  /** See {@linkcode MonitoringDirectory.syncs}. */
  readonly syncs?: boolean;
  /** Whether there are to be spools in it. */
  readonly spools?: boolean;
}

/** The monitoring directory: the one place where files are named, and made again should somebody take the directory away. */
export class MonitoringDirectory {
  /** Where it is: absolute, if the working directory may be known. */
  readonly path: string;
  /** The file system it is in. */
  readonly files: Files;
  readonly #unable = new Map<Ability, string>();
  /** Whether a file counts as published only when it is on the disk, and not only in the memory of the system. */
  readonly syncs: boolean;

  /** One that is there; `path` as given by {@linkcode Files.resolve}. */
  constructor(files: Files, path: string, syncs = false) {
    this.files = files;
    this.path = path;
    this.syncs = syncs;
  }

  /**
   * Creates the directory unless it is there, with that of the spools if there are to be any.
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
      // That something can be made there is better known now than with the first full buffer.
      if (spools) directory.ensureSpools();
      else directory.#probe();
      if (syncs) directory.#syncNames();
      return directory;
    } catch (error) {
      throw new KymoError(
        fileErrorCode(error),
        `Cannot create the monitoring directory: ${quote(path)}: ${reason(error)}`,
        {
          cause: error,
        },
      );
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

  /** Whether no attempt has shown yet that the file system lacks an ability. */
  can(ability: Ability): boolean {
    return !this.#unable.has(ability);
  }

  /** Why the file system lacks an ability, as an attempt has shown; `undefined` if none has. */
  whyNot(ability: Ability): string | undefined {
    return this.#unable.get(ability);
  }

  /** Notes that the file system lacks an ability, and why; returns whether that was not known. */
  cannot(ability: Ability, why: string): boolean {
    const isNew = this.can(ability);
    if (isNew) this.#unable.set(ability, why);
    return isNew;
  }

  /** The path of a file in it. */
  pathOf(name: string): string {
    return `${this.path}/${name}`;
  }

  /** The path under which a file is written before it bears its name. */
  temporaryPathOf(name: string): string {
    return `${this.path}/.${name}${TEMPORARY}`;
  }

  /** Where the spools are. */
  get spools(): string {
    return this.pathOf(SPOOLS);
  }

  /** The path of a spool. */
  spoolPathOf(name: string): string {
    return `${this.spools}/${name}`;
  }

  /**
   * Makes the directory of the spools too, unless it is there.
   *
   * @throws {FileError}
   */
  ensureSpools(): void {
    this.ensure();
    this.files.ensureDirectory(this.spools);
  }

  /** Removes the directory of the spools if there is none. Does not throw. */
  removeSpools(): void {
    try {
      this.files.removeDirectory(this.spools);
    } catch {
      // There are others, or it is gone.
    }
  }

  #probe(): void {
    this.ensure();
    const path = this.temporaryPathOf(`probe.${Math.random().toString(36).slice(2)}`);
    const handle = this.files.create(path);
    try {
      if (this.syncs) handle.sync();
    } finally {
      handle.close();
      this.files.remove(path);
    }
  }

  /** Not every file system can sync directories; and that this one is there must be on the disk too. */
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
    // A device that takes nothing and reports nothing would hold us for ever.
    if (taken === 0) throw new FileError("EIO", "nothing was written");
    rest = rest.subarray(taken);
  }
}

/** Closes a file, which gives its lock back too. Does not throw: the descriptor is gone either way. */
export function release(handle: FileHandle): void {
  try {
    handle.close();
  } catch {
    // What was written is there or not as it was before.
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
