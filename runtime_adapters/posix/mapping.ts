import { FileError, type Mapping } from "../../src/runtime.ts";
import { nodeProcess } from "../node_api/builtins.ts";
import { failure, type LockCalls, tryLock } from "./libc.ts";

/** What {@linkcode mapFile} calls in the C library. An address is a signed 64-bit number. */
export interface MappingCalls extends LockCalls {
  /** open(2). `path` ends with a zero byte. */
  open(path: Uint8Array<ArrayBuffer>, flags: number): number;
  /** mmap(2). */
  mmap(address: bigint, size: bigint, protection: number, flags: number, fd: number, offset: bigint): bigint;
  /** munmap(2). */
  munmap(address: bigint, size: bigint): number;
  /** close(2). */
  close(fd: number): number;
}

/**
 * Constants of Linux on x64 and arm64. (`node:fs` has some of them, but takes 5 ms to load on
 * Deno.)
 */
const O_RDONLY = 0;
const O_RDWR = 2;
const O_NOFOLLOW = { x64: 0o400000, arm64: 0o100000 } as const;
const O_CLOEXEC = 0o2000000;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_FAILED = -1n;

/** The reason why files cannot be mapped on a platform; `undefined` if they can. */
export function unmappable(platform: string): string | undefined {
  return platform === "linux" ? undefined : "only Linux keeps the lock of a mapped file after its descriptor is closed";
}

/**
 * Maps a file under its exclusive lock; `undefined` if another open file holds the lock. Linux
 * releases an flock(2) with the last reference to the open file that took it. A mapping is such a
 * reference, so the descriptor is closed and the lock stays.
 *
 * @param adopt Makes the mapping from the address that mmap(2) returned.
 */
export function mapFile(
  libc: MappingCalls,
  path: string,
  size: number,
  adopt: (address: bigint) => Mapping,
): Mapping | undefined {
  const fd = openFile(libc, path);
  try {
    if (!tryLock(libc, fd)) return undefined;
    const address = libc.mmap(0n, BigInt(size), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0n);
    if (address === MAP_FAILED) throw failure("mmap", libc.errno());
    try {
      const mapping = adopt(address);
      // Bun has returned an error where it should have thrown it.
      if (!isMemory(mapping.buffer, size)) throw new FileError("ENOTSUP", "the runtime made no buffer of the mapping");
      return mapping;
    } catch (error) {
      libc.munmap(address, BigInt(size));
      throw error;
    }
  } finally {
    libc.close(fd);
  }
}

function isMemory(buffer: unknown, size: number): boolean {
  return buffer instanceof ArrayBuffer && buffer.byteLength === size;
}

/**
 * Opens an existing file, for reading and writing unless `access` is `"read"`, and returns its
 * descriptor.
 *
 * @throws {FileError}
 */
export function openFile(libc: MappingCalls, path: string, access?: "read"): number {
  if (path.includes("\0")) throw new FileError("EINVAL", "the path contains a zero byte");
  const flags = (access === "read" ? O_RDONLY : O_RDWR) | O_NOFOLLOW[nodeProcess().arch] | O_CLOEXEC;
  const fd = libc.open(new TextEncoder().encode(`${path}\0`), flags);
  if (fd < 0) throw failure("open", libc.errno());
  return fd;
}
