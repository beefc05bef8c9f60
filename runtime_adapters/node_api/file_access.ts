import type { FileAccess } from "../../src/runtime.ts";
import { builtin } from "./builtins.ts";

/** Permission bits of a file for which none are given. */
export const PRIVATE_MODE = 0o600;

/** The part of `node:fs` that is used. */
interface AccessCalls {
  readonly constants: { readonly O_RDONLY: number; readonly O_NOFOLLOW?: number };
  openSync(path: string, flags: number): number;
  closeSync(fd: number): void;
  fstatSync(fd: number, options: { bigint: true }): AccessStats;
  fchmodSync(fd: number, mode: number): void;
  fchownSync(fd: number, user: number, group: number): void;
}

interface AccessStats {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mode: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
}

/** What `stat(2)` says of the access to a file. */
export function accessOf({ mode, uid, gid }: Pick<AccessStats, "mode" | "uid" | "gid">): Required<FileAccess> {
  return { mode: Number(mode) & 0o7777, user: Number(uid), group: Number(gid) };
}

/**
 * Gives an open file that was just created the bits that the umask took away, and its owner. What
 * the system refuses is left: only root may give files away, and some file systems keep no bits.
 */
export function setAccess(fd: number, { mode, user, group }: FileAccess): void {
  const fs = builtin<AccessCalls>("node:fs");
  const now = accessOf(fs.fstatSync(fd, { bigint: true }));
  const ownerOf = { user: user ?? now.user, group: group ?? now.group };
  if (ownerOf.user !== now.user || ownerOf.group !== now.group) {
    unlessRefused(() => fs.fchownSync(fd, ownerOf.user, ownerOf.group)) ||
      unlessRefused(() => fs.fchownSync(fd, now.user, ownerOf.group));
  }
  if (now.mode !== mode) unlessRefused(() => fs.fchmodSync(fd, mode));
}

/**
 * As {@linkcode setAccess}, for a file or directory at a path. It is not followed if it is a link,
 * since somebody may have put one in its place; a file is left alone unless it has the identity
 * given.
 */
export function setAccessAt(path: string, access: FileAccess, identity?: string): void {
  const fs = builtin<AccessCalls>("node:fs");
  unlessRefused(() => {
    const fd = fs.openSync(path, fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0));
    try {
      const { dev, ino } = fs.fstatSync(fd, { bigint: true });
      if (identity === undefined || identity === `${dev}:${ino}`) setAccess(fd, access);
    } finally {
      fs.closeSync(fd);
    }
  });
}

/** Whether a new file has to be given its access after it was created with its permission bits. */
export function needsAccess(access: FileAccess): boolean {
  // No umask takes away what a private file has.
  return access.mode !== PRIVATE_MODE || access.user !== undefined || access.group !== undefined;
}

function unlessRefused(operation: () => void): boolean {
  try {
    operation();
    return true;
  } catch {
    return false;
  }
}
