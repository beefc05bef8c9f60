import { spawnSync } from "node:child_process";
import { unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { assertEquals } from "@std/assert";
import { spawnCommand, type Spawned } from "../process/run.ts";
import { missing } from "../process/system_tools.ts";

/** Scripts that mount a small disk at `$0/disk`. */
const MOUNTS = {
  tmpfs: 'cd "$0" && mkdir -p disk && mount -t tmpfs -o size=6m kymo disk',
  ext4: `cd "$0" && mkdir -p disk && truncate -s 8M disk.img && mkfs.ext4 -q -O ^has_journal disk.img &&
    mount -o loop disk.img disk && rmdir disk/lost+found`,
} as const;

/** A kind of small disk. */
export type DiskKind = keyof typeof MOUNTS;

/** All of them. */
export const DISK_KINDS = Object.keys(MOUNTS) as DiskKind[];

const UNSHARE = ["unshare", "--mount", "sh", "-c"];

/** Name of the file that fills the disk. */
const BALLAST = "ballast";

/** A small disk that can be filled, visible only to programs run on it. Disposing unmounts it. */
export class SmallDisk implements AsyncDisposable {
  readonly #place: string;
  readonly #holder: Spawned;

  private constructor(place: string, holder: Spawned) {
    this.#place = place;
    this.#holder = holder;
  }

  /** Makes a disk below an empty directory, which is to be removed after it. */
  static async make(kind: DiskKind, place: string): Promise<SmallDisk> {
    // It ends, and the mount with it, when our end of its standard input is closed: also when we
    // are killed.
    const holder = spawnCommand([...UNSHARE, `${MOUNTS[kind]} && echo ready && exec cat`, place]);
    await holder.said(/^ready$/m);
    return new SmallDisk(place, holder);
  }

  /** The command that runs the rest of its arguments where the disk is mounted. */
  get wrapper(): string[] {
    return ["nsenter", "--target", String(this.#holder.child.pid), "--mount", "--"];
  }

  /** Path of the disk for programs that run on it. */
  get directory(): string {
    return join(this.#place, "disk");
  }

  /** Path of the disk for this process. */
  get seen(): string {
    return `/proc/${this.#holder.child.pid}/root${this.directory}`;
  }

  /** Writes a file until the disk is full, and asserts that all of it is on the disk. */
  fill(): void {
    for (const size of [65_536, 4_096, 1]) {
      const block = new Uint8Array(size);
      try {
        for (;;) writeFileSync(join(this.seen, BALLAST), block, { flag: "a" });
      } catch (error) {
        assertEquals((error as { code?: string }).code, "ENOSPC");
      }
    }
    assertEquals(spawnSync("sync", ["-f", this.seen]).status, 0);
  }

  /** Fills the disk except for about `bytes` bytes. */
  fillBut(bytes: number): void {
    writeFileSync(join(this.seen, "reserve"), new Uint8Array(bytes));
    this.fill();
    unlinkSync(join(this.seen, "reserve"));
  }

  /** Removes the file that fills the disk. */
  empty(): void {
    unlinkSync(join(this.seen, BALLAST));
  }

  /** Unmounts the disk. */
  async [Symbol.asyncDispose](): Promise<void> {
    const [program = "", ...args] = [...this.wrapper, "umount", this.directory];
    spawnSync(program, args); // programs that still run on it keep it until they end
    this.#holder.child.stdin.end();
    await this.#holder.ended;
  }
}

/** The reason why no such disk can be mounted here, or `false`. */
export function cannotMount(kind: DiskKind): string | false {
  const tools = ["unshare", "nsenter", "mount", ...kind === "ext4" ? ["mkfs.ext4"] : []];
  const reason = missing(...tools);
  if (reason !== false) return reason;
  if (process.getuid?.() !== 0) return "only root may mount a disk";
  const script = `place=$(mktemp -d) && sh -c '${MOUNTS[kind]}' "$place" && umount "$place/disk"`;
  const [program = "", ...args] = [...UNSHARE, `${script}; ended=$?; rm -r "$place"; exit $ended`];
  return spawnSync(program, args).status === 0 ? false : `this system lets us mount no ${kind}`;
}
