import { FileError, type Mapping } from "../../src/runtime.ts";
import { nodeProcess } from "../node_api/builtins.ts";
import { failure } from "./libc.ts";
import { type LockCalls, tryLock } from "./lock.ts";

/** What mapping takes of the C library. An address is a number of 64 bits, with a sign. */
export interface MappingCalls extends LockCalls {
  /** open(2) of a path that ends with a zero byte. */
  open(path: Uint8Array<ArrayBuffer>, flags: number): number;
  /** mmap(2). */
  mmap(address: bigint, size: bigint, protection: number, flags: number, fd: number, offset: bigint): bigint;
  /** munmap(2). */
  munmap(address: bigint, size: bigint): number;
  /** close(2). */
  close(fd: number): number;
}

/** Flags and results, as Linux has them on x64 and arm64. (`node:fs` knows some, but on Deno it takes 5 ms to load.) */
const O_RDWR = 2;
const O_NOFOLLOW = { x64: 0o400000, arm64: 0o100000 } as const;
const O_CLOEXEC = 0o2000000;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_FAILED = -1n;

/** Why files cannot be mapped on a platform, if they cannot. */
export function unmappable(platform: string): string | undefined {
  return platform === "linux" ? undefined : "only Linux is known to keep a file locked for as long as it is mapped";
}

/**
 * Maps a file, as {@linkcode Files.map} says. Linux ends an flock(2) with the last reference to the open file that took it, and a mapping
 * is such a reference: the descriptor is closed, the lock stays.
 *
 * @param adopt Makes the mapping of what mmap(2) gave.
 */
export function mapFile(
  libc: MappingCalls,
  path: string,
  size: number,
  adopt: (address: bigint) => Mapping,
): Mapping | undefined {
  const fd = openForMapping(libc, path);
  try {
    if (!tryLock(libc, fd)) return undefined;
    const address = libc.mmap(0n, BigInt(size), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0n);
    if (address === MAP_FAILED) throw failure("mmap", libc.errno());
    try {
      return adopt(address);
    } catch (error) {
      libc.munmap(address, BigInt(size));
      throw error;
    }
  } finally {
    libc.close(fd);
  }
}

function openForMapping(libc: MappingCalls, path: string): number {
  if (path.includes("\0")) throw new FileError("EINVAL", "a path holds no zero byte");
  const flags = O_RDWR | O_NOFOLLOW[nodeProcess().arch] | O_CLOEXEC;
  const fd = libc.open(new TextEncoder().encode(`${path}\0`), flags);
  if (fd < 0) throw failure("open", libc.errno());
  return fd;
}
