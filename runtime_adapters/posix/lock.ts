import { errnoName, failure } from "./libc.ts";

/** What locking takes of the C library. */
export interface LockCalls {
  /** flock(2). */
  flock(fd: number, operation: number): number;
  /** What the call before left in `errno`. */
  errno(): number;
}

/** Operations of flock(2), the same on Linux, macOS and the BSDs. */
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Takes the exclusive lock of an open file, or returns `false` if another open file holds it. */
export function tryLock(libc: LockCalls, fd: number): boolean {
  if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const errno = libc.errno();
  if (errnoName(errno) === "EAGAIN") return false;
  throw failure("flock", errno);
}
