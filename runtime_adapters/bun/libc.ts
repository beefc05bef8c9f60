import { FileError } from "../../src/runtime.ts";
import { builtin, nodeProcess } from "../node_api/builtins.ts";
import { errnoLocation, libcNames } from "../posix/libc.ts";
import type { MappingCalls } from "../posix/mapping.ts";

/** The part of `bun:ffi` that is used. */
interface BunFfi {
  dlopen(library: string, symbols: Record<string, { readonly args: readonly string[]; readonly returns: string }>): {
    readonly symbols: object;
  };
  readonly read: { i32(pointer: number, offset: number): number };
  ptr(buffer: ArrayBuffer): number;
  toArrayBuffer(address: number, offset: number, size: number, context: number, deallocator: number): ArrayBuffer;
}

/** A C function, with its address. */
type Native<F> = F & { readonly ptr: number };

/** The functions of the C library that are used, with what Bun adds to them. */
interface Libc extends MappingCalls {
  /** clock_gettime(2). */
  clock_gettime(clock: number, address: number): number;
  /** The address of a buffer's bytes. */
  addressOf(buffer: ArrayBuffer): number;
  /**
   * An array buffer over mapped memory. The memory is unmapped when the buffer is detached or
   * collected, or its isolate ends.
   *
   * @throws {Error} if no buffer can be made; then the memory stays mapped.
   */
  toArrayBuffer(address: bigint, size: number): ArrayBuffer;
}

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
      const symbols = dlopen(name, {
        clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
        open: { args: ["ptr", "i32"], returns: "i32" },
        flock: { args: ["i32", "i32"], returns: "i32" },
        mmap: { args: ["usize", "usize", "i32", "i32", "i32", "i64"], returns: "i64" },
        munmap: { args: ["i64", "usize"], returns: "i32" },
        close: { args: ["i32"], returns: "i32" },
        [location]: { args: [], returns: "ptr" },
      }).symbols as Omit<Libc, "errno" | "addressOf" | "toArrayBuffer"> & { munmap: Native<MappingCalls["munmap"]> };
      const errno = (symbols as unknown as Record<string, () => number>)[location]!();
      return {
        ...symbols,
        addressOf: ptr,
        errno: () => read.i32(errno, 0),
        // Bun calls the deallocator with the address and a context. With the size as context,
        // munmap(2) serves as deallocator.
        toArrayBuffer: (address, size) => toArrayBuffer(Number(address), 0, size, size, symbols.munmap.ptr),
      };
    } catch (error) {
      failure ??= error; // the next name may exist
    }
  }
  throw new FileError("ENOSYS", `cannot load the C library: ${String(failure)}`);
}
