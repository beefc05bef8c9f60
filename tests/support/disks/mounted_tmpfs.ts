import { execFileSync, spawnSync } from "node:child_process";
import process from "node:process";

const isRoot = process.getuid?.() === 0;

/** Runs the rest of a command in a separate mount namespace, which ends with the process. */
const UNSHARE = ["unshare", "--mount", ...isRoot ? [] : ["--user", "--map-root-user"]];

/** The command that mounts a tmpfs of 1 MiB and goes on as the rest of the arguments. */
const MOUNT = ["sh", "-c", 'mount -t tmpfs -o size=1m kymo "$0" && exec "$@"'];

/** Whether this system permits mounting; containers often do not. */
export function canMount(): boolean {
  const [program = "", ...args] = [...UNSHARE, ...MOUNT, "/mnt", "true"];
  return spawnSync(program, args).status === 0;
}

/**
 * The command that runs a program with a disk of 1 MiB at `directory`. The disk ends with the
 * program.
 */
export function withSmallDisk(directory: string): string[] {
  return [...UNSHARE, ...MOUNT, directory];
}

/**
 * Unmounts the small disk of process `pid`, although files of it may be in use, so that the empty
 * directory below it shows.
 */
export function unmount(pid: number, directory: string): void {
  inNamespaceOf(pid, 'umount --lazy "$0"', directory);
}

/** Mounts the small disk of process `pid` at `directory`, where the process sees it at `source`. */
export function mountAgain(pid: number, source: string, directory: string): void {
  inNamespaceOf(pid, `mount --bind ${source} "$0"`, directory);
}

/** The path under which other processes see a directory that process `pid` has mounted. */
export function seenFromOutside(pid: number, directory: string): string {
  return `/proc/${pid}/root${directory}`;
}

/**
 * Makes the small disk of process `pid` read-only, `"ro"`, and no longer so, `"rw"`. It is mounted
 * once more over itself, since what programs have mapped for writing would keep the disk itself
 * from it.
 */
export function remount(pid: number, directory: string, mode: "ro" | "rw"): void {
  const script = mode === "ro" ? 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"' : 'umount --lazy "$0"';
  inNamespaceOf(pid, script, directory);
}

/** Runs a script of the shell, with `directory` as its `$0`, in the mount namespace of process `pid`. */
function inNamespaceOf(pid: number, script: string, directory: string): void {
  const enter = ["--target", String(pid), "--mount", ...isRoot ? [] : ["--user", "--preserve-credentials"]];
  execFileSync("nsenter", [...enter, "sh", "-c", script, directory]);
}
