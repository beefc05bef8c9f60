import { FileError } from "../../src/runtime.ts";
import { builtin, nodeProcess } from "../node_api/builtins.ts";
import type { FileLibc } from "../node_api/libc_files.ts";
import { errnoLocation, libcNames } from "../posix/libc.ts";
import type { MappingCalls } from "../posix/mapping.ts";
import type { ListingCalls } from "../posix/name_blocks.ts";

/** The part of `bun:ffi` that is used. */
interface BunFfi {
  dlopen(library: string, symbols: Record<string, { readonly args: readonly string[]; readonly returns: string }>): {
    readonly symbols: object;
  };
  readonly read: { i32(pointer: number, offset: number): number };
  ptr(buffer: ArrayBuffer): number;
  toArrayBuffer(
    address: number,
    offset: number,
    size: number,
    context: number,
    deallocator: number,
  ): ArrayBuffer | Error;
}

/** A C function, with its address. */
interface Native {
  readonly ptr: number;
}

/** The functions of the C library that are used, with what Bun adds to them. */
interface Libc extends FileLibc {
  /** clock_gettime(2). */
  clock_gettime(clock: number, address: number): number;
  /** The address of a buffer's bytes. */
  addressOf(buffer: ArrayBuffer): number;
}

/** The functions of the C library as Bun opens them. */
type Symbols = MappingCalls & Pick<Libc, "clock_gettime">;

let libc: Libc | undefined;

/**
 * Opens the C library once, at the first use: Bun has crashed when many workers opened it while
 * they started.
 */
export function openLibc(): Libc {
  return libc ??= open();
}

function open(): Libc {
  const { dlopen, read, ptr, toArrayBuffer } = builtin<BunFfi>("bun:ffi");
  const { platform } = nodeProcess();
  const location = errnoLocation(platform);
  let failure: unknown;
  for (const name of libcNames(platform)) {
    try {
      const { symbols } = dlopen(name, {
        clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
        open: { args: ["ptr", "i32"], returns: "i32" },
        flock: { args: ["i32", "i32"], returns: "i32" },
        mmap: { args: ["usize", "usize", "i32", "i32", "i32", "i64"], returns: "i64" },
        munmap: { args: ["i64", "usize"], returns: "i32" },
        close: { args: ["i32"], returns: "i32" },
        [location]: { args: [], returns: "ptr" },
      });
      const errno = (symbols as unknown as Record<string, () => number>)[location]!();
      let munmap: number | undefined;
      const deallocator = (): number => munmap ??= addressOf((symbols as { munmap: Native }).munmap, "munmap");
      return {
        ...symbols as Symbols,
        addressOf: ptr,
        errno: () => read.i32(errno, 0),
        // Bun calls the deallocator with the address and a context. With the size as context,
        // munmap(2) serves as deallocator.
        toArrayBuffer(address, size) {
          const buffer = toArrayBuffer(Number(address), 0, size, size, deallocator());
          if (buffer instanceof Error) throw buffer;
          return buffer;
        },
        unmapsDetached: true, // and also when it is collected
      };
    } catch (error) {
      failure ??= error; // the next name may exist
    }
  }
  throw new FileError("ENOSYS", `cannot load the C library: ${String(failure)}`);
}

let listing: ListingCalls | "none" | undefined;

/** What listing a directory block by block calls in the C library; `undefined` where it has none of that. */
export function listingCalls(): ListingCalls | undefined {
  listing ??= openListingCalls() ?? "none";
  return listing === "none" ? undefined : listing;
}

function openListingCalls(): ListingCalls | undefined {
  const { platform } = nodeProcess();
  if (platform !== "linux") return undefined;
  const { dlopen } = builtin<BunFfi>("bun:ffi");
  const functions = { getdents64: { args: ["i32", "ptr", "usize"], returns: "i64" } };
  for (const name of libcNames(platform)) {
    try {
      const { open, close, errno } = openLibc();
      return { open, close, errno, ...dlopen(name, functions).symbols as Pick<ListingCalls, "getdents64"> };
    } catch {
      // The next name may have it.
    }
  }
  return undefined;
}

/** Where dlsym(3) is: in the C library itself since glibc 2.34, and in musl. */
const DLSYM_LIBRARIES = ["libc.so.6", "libdl.so.2", "libc.so"];

/**
 * The address of a C function. Before Bun 1.4 its `ptr` is no address, but a denormal number.
 *
 * @throws {FileError} if it is not found.
 */
function addressOf({ ptr }: Native, name: string): number {
  if (Number.isSafeInteger(ptr)) return ptr;
  const { dlopen } = builtin<BunFfi>("bun:ffi");
  for (const library of DLSYM_LIBRARIES) {
    try {
      const { symbols } = dlopen(library, { dlsym: { args: ["ptr", "ptr"], returns: "ptr" } });
      const { dlsym } = symbols as { dlsym(library: null, name: Uint8Array): number | null };
      const address = dlsym(null, new TextEncoder().encode(`${name}\0`));
      if (address !== null) return address;
    } catch {
      // The next library may have it.
    }
  }
  throw new FileError("ENOSYS", `cannot find ${name} in the C library`);
}
