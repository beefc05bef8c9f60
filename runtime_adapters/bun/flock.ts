import { FileError } from "../../src/runtime.ts";
import { builtin, nodeProcess } from "../node_api/builtins.ts";
import { errnoLocation, errnoName, Flock, libcNames } from "../posix/libc.ts";

/** The part of `bun:ffi` that is used. */
interface BunFfi {
  dlopen(library: string, symbols: Record<string, { readonly args: readonly string[]; readonly returns: string }>): {
    readonly symbols: Record<string, (...args: number[]) => number>;
  };
  readonly read: { i32(pointer: number, offset: number): number };
}

/** flock(2), and the `errno` it left. */
interface Libc {
  flock(fd: number, operation: number): number;
  errno(): number;
}

let libc: Libc | undefined;

/** Opens the C library, with the first lock and no sooner: many workers opening it while they start have crashed Bun. */
function openLibc(): Libc {
  const ffi = builtin<BunFfi>("bun:ffi");
  const { platform } = nodeProcess();
  const location = errnoLocation(platform);
  let failure: unknown;
  for (const name of libcNames(platform)) {
    try {
      const { symbols } = ffi.dlopen(name, {
        flock: { args: ["i32", "i32"], returns: "i32" },
        [location]: { args: [], returns: "ptr" },
      });
      const flock = symbols["flock"]!;
      const pointer = symbols[location]!;
      return { flock, errno: () => ffi.read.i32(pointer(), 0) };
    } catch (error) {
      failure = error; // another C library may bear another name
    }
  }
  throw new FileError("ENOSYS", `flock: no C library can be opened: ${String(failure)}`, { cause: failure });
}

/** Takes the exclusive lock of an open file until that is closed, or returns `false` if another open file holds it. */
export function tryLock(fd: number): boolean {
  libc ??= openLibc();
  if (libc.flock(fd, Flock.exclusive | Flock.nonBlocking) === 0) return true;
  const error = errnoName(nodeProcess().platform, libc.errno());
  if (error === "EAGAIN") return false;
  throw new FileError(error, `flock: ${error}`);
}
