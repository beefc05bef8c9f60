import { FileError } from "../../../../src/runtime.ts";
import { type DiskOperation, type DiskOptions, MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { csvPaths, DIRECTORY } from "../../../support/fake/published_files.ts";
import { isTorn } from "./published_rows.ts";

/** Every operation of a disk. */
export const OPERATIONS: readonly DiskOperation[] = [
  "ensureDirectory",
  "status",
  "create",
  "open",
  "list",
  "rename",
  "link",
  "remove",
  "removeDirectory",
  "syncDirectory",
  "map",
  "write",
  "seek",
  "read",
  "truncate",
  "sync",
  "fstat",
  "lock",
  "close",
];

/** What operations fail with. */
export const CODES = [
  "EIO",
  "ENOSPC",
  "EDQUOT",
  "EACCES",
  "EPERM",
  "EROFS",
  "EMFILE",
  "EINTR",
  "EAGAIN",
  "ENOLCK",
  "EOPNOTSUPP",
  "ENOSYS",
  "ENODEV",
  "EINVAL",
  "ESTALE",
  "UNKNOWN",
] as const;

/** More operations than any command needs. */
const ENDLESS = 100_000;

/** Some operations that fail. */
export interface Failure {
  /** Which; all if none is named. */
  readonly operations: readonly DiskOperation[];
  readonly code: string;
  /** How many of them succeed before. */
  readonly after: number;
  /** How many fail then. */
  readonly times: number;
}

/** A disk with everything that disks and other programs do to a monitor. */
export class TroubledDisk {
  readonly disk: MemoryDisk;
  /** Called when a fault begins that may lose observations. */
  whenFault: () => void = () => {};
  /** Called before each attempt to lock a file while another program holds a lock. */
  whenLocked: () => void = () => {};
  /**
   * Called when one command takes so many operations that it may never end. From then on the disk
   * has no faults, so that it ends.
   */
  whenEndless: () => void = () => {};
  /** Whether spools were ever taken away. */
  tookSpools = false;
  #operations = 0;
  #failures: { readonly failure: Failure; seen: number }[] = [];
  #interruptions: { after: number; readonly action: () => void }[] = [];
  #releases: (() => void)[] = [];
  #others = false;
  #moved = 0;

  constructor(options: DiskOptions) {
    this.disk = new MemoryDisk(options);
    this.disk.before = (operation, path) => this.#before(operation, path);
  }

  /** Whether nothing is in the way of a monitor now. */
  get isHealthy(): boolean {
    const { capacity, missingPermission } = this.disk;
    const isReplaced = this.disk.paths().includes(DIRECTORY) && this.#status(DIRECTORY)?.kind !== "directory";
    return this.#failures.length === 0 && capacity === Infinity && missingPermission === undefined && !isReplaced;
  }

  /** The next command begins. */
  tick(): void {
    this.#operations = 0;
  }

  /** Some operations will fail. */
  fail(failure: Failure): void {
    this.whenFault();
    this.#failures.push({ failure, seen: 0 });
  }

  /** The disk has room for so many more bytes. */
  fill(room: number): void {
    this.whenFault();
    this.disk.capacity = this.disk.paths().reduce((sum, path) => sum + this.disk.bytes(path).length, room);
  }

  /** The program may no longer write there. */
  forbid(): void {
    this.whenFault();
    this.disk.missingPermission = "write access was taken away";
  }

  /**
   * Another program does something while the monitor is at work, just before one of the next
   * operations.
   */
  interrupt(after: number, action: () => void): void {
    this.#interruptions.push({ after, action });
  }

  /** Another program takes the lock of a file that is appended to. */
  lock(which: number): void {
    const paths = this.#freePaths().filter((path) => /\/[^./]+\.csv$/.test(path));
    const path = paths[which % paths.length];
    if (path !== undefined) this.#releases.push(this.disk.lock(path));
  }

  /** Other programs let go of their locks. */
  unlock(): void {
    for (const release of this.#releases.splice(0)) release();
  }

  /** Another program moves files to another directory, except files that a failing disk tore. */
  moveFiles(): void {
    const directory = `/archive/${++this.#moved}`;
    for (const path of this.#freePaths()) {
      if (!isTorn(this.disk, path)) this.disk.move(path, directory + path.slice(DIRECTORY.length));
    }
  }

  /** Another program moves the whole directory away, or puts a file in its place. */
  moveDirectory(replace: boolean): void {
    const isTherefore = csvPaths(this.disk).some((path) => isTorn(this.disk, path));
    if (isTherefore || this.#status(DIRECTORY)?.kind !== "directory") return;
    this.whenFault();
    this.tookSpools = true;
    this.disk.move(DIRECTORY, `/archive/${++this.#moved}`);
    if (replace) this.disk.plant(DIRECTORY, "file", "theirs");
  }

  /** Another program puts something where files are appended to. */
  plant(channel: string, kind: "directory" | "symlink" | "other"): void {
    const path = `${DIRECTORY}/${channel}.csv`;
    if (this.#status(DIRECTORY)?.kind !== "directory" || this.#status(path) !== undefined) return;
    this.disk.plant(path, kind);
  }

  /** All is well again. */
  heal(): void {
    this.#failures = [];
    this.#interruptions = [];
    this.unlock();
    this.disk.capacity = Infinity;
    this.disk.writeLimit = Infinity;
    this.disk.missingPermission = undefined;
    if (this.#status(DIRECTORY)?.kind === "file") this.disk.removeTree(DIRECTORY);
    for (const path of this.disk.paths()) {
      if (path.endsWith(".csv") && this.#status(path)?.kind !== "file") this.disk.removeTree(path);
    }
  }

  /** Published files that nobody has locked: another program that honours locks may have them. */
  #freePaths(): string[] {
    return this.#asOther(() =>
      csvPaths(this.disk).filter((path) => {
        if (this.disk.status(path)?.kind !== "file") return false;
        const handle = this.disk.open(path);
        const isFree = handle.tryLock?.() ?? true;
        handle.close();
        return isFree;
      })
    );
  }

  #status(path: string): ReturnType<MemoryDisk["status"]> {
    return this.#asOther(() => this.disk.status(path));
  }

  /** What other programs do neither fails nor is interrupted. */
  #asOther<T>(action: () => T): T {
    const before = this.#others;
    this.#others = true;
    try {
      return action();
    } finally {
      this.#others = before;
    }
  }

  #before(operation: DiskOperation, path: string): void {
    if (this.#others) return;
    if (++this.#operations === ENDLESS) {
      this.heal();
      this.whenEndless();
    }
    if (operation === "lock" && this.#releases.length > 0) this.whenLocked();
    const due = this.#interruptions.filter((interruption) => interruption.after-- <= 0);
    this.#interruptions = this.#interruptions.filter((interruption) => !due.includes(interruption));
    for (const { action } of due) this.#asOther(action);
    for (const pending of this.#failures) {
      const { operations, code, after, times } = pending.failure;
      if (operations.length > 0 && !operations.includes(operation)) continue;
      pending.seen++;
      if (pending.seen <= after) continue;
      if (pending.seen >= after + times) this.#failures = this.#failures.filter((other) => other !== pending);
      throw new FileError(code, `${code}: ${operation} ${path}`);
    }
  }
}
