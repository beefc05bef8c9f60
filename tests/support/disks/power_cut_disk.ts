import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { scratchDirectory } from "../scratch_directory.ts";
import { spawnCommand, type Spawned } from "../process/run.ts";
import { missing } from "../process/system_tools.ts";

const execute = promisify(execFile);

/**
 * Makes the disk below the directory `$0`: an XFS, which can copy a file at one moment without
 * stopping who writes to it, and in it the image of an ext4. Both are mounted by loop devices,
 * which go with the mounts, and these go with the last process that sees them.
 *
 * The ext4 keeps no promise but those that it must: it does not write data before the names that
 * lead to it, nor earlier than asked to.
 */
const SET_UP = `
  cd "$0" && mkdir xfs disk cut &&
  truncate -s 400M xfs.img && mkfs.xfs -q -m reflink=1 xfs.img && mount -o loop xfs.img xfs &&
  truncate -s 96M xfs/disk.img && mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 xfs/disk.img &&
  mount -o loop,data=writeback,noauto_da_alloc,commit=300 xfs/disk.img disk &&
  echo ready && exec cat
`;

/**
 * Copies the disk as it is at one moment, and mounts the copy, as a system does that starts after
 * its power was cut.
 */
const CUT = 'cd "$0" && cp --reflink=always xfs/disk.img xfs/cut.img && mount -o loop xfs/cut.img cut';

/** Removes the copy. */
const FORGET = 'cd "$0" && umount cut && rm xfs/cut.img';

/** Releases the loop devices now instead of some time after the last process. */
const GIVE_UP = 'cd "$0" && umount disk && umount xfs';

/**
 * A disk of 96 MiB whose power can be cut, as it seems from a copy, while the programs that write
 * to it run on.
 */
export class PowerCutDisk implements AsyncDisposable {
  readonly #place: string;
  readonly #holder: Spawned;

  private constructor(place: string, holder: Spawned) {
    this.#place = place;
    this.#holder = holder;
  }

  /** Makes the disk below an empty directory, which is to be removed after it. */
  static async make(place: string): Promise<PowerCutDisk> {
    // It ends, and all mounts with it, when our end of its standard input is closed: also when we
    // are killed.
    const holder = spawnCommand(["unshare", "--mount", "sh", "-c", SET_UP, place], { timeLimit: 3_600_000 });
    await holder.said(/^ready$/m);
    const disk = new PowerCutDisk(place, holder);
    try {
      await disk.#run("true");
    } catch (error) {
      throw new Error(`the disk could not be made: ${(await holder.ended).stderr}`, { cause: error });
    }
    return disk;
  }

  /** Path of the disk for programs that run on it. */
  get directory(): string {
    return `${this.#place}/disk`;
  }

  /** The command that runs the rest of its arguments where the disk is mounted. */
  get wrapper(): string[] {
    return ["nsenter", "--target", String(this.#holder.child.pid), "--mount", "--"];
  }

  /**
   * Calls `work` with a copy of what would be on the disk if its power were cut now. The copy is
   * removed afterwards.
   */
  async cut<T>(work: (directoryAfter: string) => T): Promise<T> {
    await this.#run(CUT);
    try {
      return work(`/proc/${this.#holder.child.pid}/root${this.#place}/cut`);
    } finally {
      await this.#run(FORGET);
    }
  }

  /** Unmounts the disk. Programs that still run on it keep it until they exit. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run(GIVE_UP).catch(() => {}); // the holder unmounts everything in any case
    this.#holder.child.stdin.end();
    await this.#holder.ended;
  }

  async #run(script: string): Promise<void> {
    const [program = "", ...args] = [...this.wrapper, "sh", "-c", script, this.#place];
    await execute(program, args);
  }
}

/** The reason why no such disk can be made here, or `false`. */
export async function cannotCutPower(): Promise<string | false> {
  const reason = missing("unshare", "nsenter", "mount", "mkfs.ext4", "mkfs.xfs");
  if (reason !== false) return reason;
  if (process.getuid?.() !== 0) return "only root may mount the image of a disk";
  using scratch = scratchDirectory();
  try {
    await using disk = await PowerCutDisk.make(scratch.path);
    await disk.cut(() => {});
    return false;
  } catch (error) {
    return `this system lets us mount no image of a disk: ${(error as Error).message}`;
  }
}
