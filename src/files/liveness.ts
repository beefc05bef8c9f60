/**
 * Whether those who recorded into a monitoring directory are alive.
 *
 * A program holds the locks of its spools while it lives (see `spool.ts`), in whatever namespace its
 * PID is. A program without spools, as with durability `"memory"`, holds the lock of a file in the
 * directory of the programs instead. So nothing but locks is asked. Where files cannot be locked, a
 * program cannot be told alive from dead, unless its program record says how it ended.
 *
 * @module
 */

import type { FileHandle } from "../runtime.ts";
import { type MonitoringDirectory, release, unlessGone } from "./directory.ts";
import {
  parseProgramsFileName,
  type ProcessId,
  processKey,
  type ProgramFileKind,
  programsFileName,
  temporaryPathBeside,
} from "./names.ts";
import { type FoundSpool, listSpools, SpoolReader } from "./spool_reader.ts";

/** `"unknown"`: it has no spools, or they may not be read, or files cannot be locked there. */
export type Liveness = "alive" | "dead" | "unknown";

/** Who has spools in a directory, or a file among the programs, at one moment. */
export class ProgramOwners {
  readonly #directory: MonitoringDirectory;
  readonly #spools: ReadonlyMap<string, readonly FoundSpool[]>;
  readonly #programs: ReadonlyMap<string, ProcessId>;

  /** Lists the spools and the files of the programs. Does not throw. */
  constructor(directory: MonitoringDirectory) {
    this.#directory = directory;
    this.#spools = Map.groupBy(completeSpools(directory), ({ name: { owner } }) => processKey(owner));
    this.#programs = new Map(filesOfPrograms(directory).map(({ owner }) => [processKey(owner), owner]));
  }

  /** Each process once, sorted by PID. */
  get processes(): readonly ProcessId[] {
    const all = new Map(this.#programs);
    for (const [key, [spool]] of this.#spools) {
      const { pid, isolate } = spool!.name.owner;
      all.set(key, { pid, isolate });
    }
    return [...all.values()].sort((one, other) => one.pid - other.pid || (one.isolate < other.isolate ? -1 : 1));
  }

  /** Whether a process has spools. */
  hasSpools(owner: ProcessId): boolean {
    return this.#spools.has(processKey(owner));
  }

  /** Whether a process is alive, by its locks now. */
  liveness(owner: ProcessId): Liveness {
    const { files } = this.#directory;
    const paths = (this.#spools.get(processKey(owner)) ?? []).map(({ path }) => path);
    const locked = [...paths, pathOf(this.#directory, owner, "lock")].map((path) => SpoolReader.isLocked(files, path));
    if (locked.includes(true)) return "alive";
    return locked.includes(false) ? "dead" : "unknown";
  }
}

/**
 * Shows that a program without spools lives: it holds the lock of a file as long as it lives. Where
 * files cannot be locked, the file shows at least that the program has begun.
 */
export class LifeLock {
  readonly #directory: MonitoringDirectory;
  readonly #owner: ProcessId;
  #handle: FileHandle | undefined;

  /** Creates nothing yet. */
  constructor(directory: MonitoringDirectory, owner: ProcessId) {
    this.#directory = directory;
    this.#owner = owner;
  }

  /**
   * Creates the file, locked before it bears its name, unless that was done.
   *
   * @throws {FileError}
   */
  hold(): void {
    if (this.#handle !== undefined) return;
    this.#directory.makeInPrograms(() => this.#handle = this.#make());
  }

  /** Removes the file, and gives the lock back. Does not throw. */
  end(): void {
    if (this.#handle === undefined) return;
    removeProgramFiles(this.#directory, this.#owner, ["lock"]);
    release(this.#handle);
    this.#handle = undefined;
  }

  #make(): FileHandle {
    const { files } = this.#directory;
    const path = pathOf(this.#directory, this.#owner, "lock");
    const temporary = temporaryPathBeside(path, "new");
    unlessGone(() => files.remove(temporary));
    const handle = this.#directory.createFile(temporary);
    try {
      tryLock(handle);
      files.rename(temporary, path);
    } catch (error) {
      release(handle);
      throw error;
    }
    return handle;
  }
}

/**
 * Removes files of a program from the directory of the programs, and that if it is empty then. Does
 * not throw.
 */
export function removeProgramFiles(
  directory: MonitoringDirectory,
  owner: ProcessId,
  kinds: readonly ProgramFileKind[],
): void {
  for (const kind of kinds) {
    try {
      directory.files.remove(pathOf(directory, owner, kind));
    } catch {
      // It is gone, or another user's.
    }
  }
  directory.removePrograms();
}

/** The path of a program's file in the directory of the programs. */
export function pathOf(directory: MonitoringDirectory, owner: ProcessId, kind: ProgramFileKind): string {
  return `${directory.programs}/${programsFileName(owner, kind)}`;
}

/** The files in the directory of the programs. Does not throw. */
export function filesOfPrograms(
  directory: MonitoringDirectory,
): { readonly owner: ProcessId; readonly kind: ProgramFileKind }[] {
  try {
    const names = unlessGone(() => directory.files.list(directory.programs)) ?? [];
    return names.flatMap((name) => parseProgramsFileName(name) ?? []);
  } catch {
    return [];
  }
}

function tryLock(handle: FileHandle): void {
  try {
    handle.tryLock?.();
  } catch {
    // Files cannot be locked there.
  }
}

function completeSpools(directory: MonitoringDirectory): FoundSpool[] {
  try {
    return listSpools(directory).filter(({ name }) => name.state === "complete");
  } catch {
    return [];
  }
}
