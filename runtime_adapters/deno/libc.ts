import { FileError } from "../../src/runtime.ts";
import { libcNames } from "../posix/libc.ts";
import type { MappingCalls } from "../posix/mapping.ts";
import type { ListingCalls } from "../posix/name_blocks.ts";
import { isGranted } from "./permissions.ts";

/** The reason why C functions may not be called; `undefined` if they may. Never prompts. */
export function ffiDenied(): string | undefined {
  // Asked for all libraries: if only some are allowed, Deno looks for the C library in the working
  // directory only.
  return isGranted({ name: "ffi" }) ? undefined : "needs --allow-ffi";
}

/** Functions of the C library, or the reason why there are none. */
export function openLibc<const S extends Deno.ForeignLibraryInterface>(
  functions: S,
): Deno.DynamicLibrary<S>["symbols"] | string {
  const denied = ffiDenied();
  if (denied !== undefined) return denied;
  const names = libcNames(Deno.build.os);
  for (const name of names) {
    try {
      return Deno.dlopen(name, functions).symbols;
    } catch {
      // The next name may exist.
    }
  }
  return `cannot load the C library: tried ${names.join(", ")}`;
}

const CLOCK_FUNCTIONS = {
  clock_gettime: { parameters: ["i32", "pointer"], result: "i32" },
} as const;

const FILE_FUNCTIONS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  flock: { parameters: ["i32", "i32"], result: "i32" },
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "isize" },
  munmap: { parameters: ["isize", "usize"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

const LINUX_FUNCTIONS = { ...CLOCK_FUNCTIONS, ...FILE_FUNCTIONS } as const;

let ofLinux: Deno.DynamicLibrary<typeof LINUX_FUNCTIONS>["symbols"] | undefined;

/** The functions for the clock and for files: to open the library for each takes twice as long. */
function openOnLinux(): NonNullable<typeof ofLinux> | string {
  if (ofLinux !== undefined) return ofLinux;
  const functions = openLibc(LINUX_FUNCTIONS);
  return typeof functions === "string" ? functions : ofLinux = functions;
}

type ClockGettime = (clock: number, address: Deno.PointerValue) => unknown;

let clockGettime: ClockGettime | undefined;

/** clock_gettime(2), or the reason why it may not be called. Opens the C library at the first call. */
export function openClockGettime(): ClockGettime | string {
  if (clockGettime !== undefined) return clockGettime;
  const functions = Deno.build.os === "linux" ? openOnLinux() : openLibc(CLOCK_FUNCTIONS);
  return typeof functions === "string" ? functions : clockGettime = functions.clock_gettime;
}

/** getrlimit(2). `into` gets the soft and the hard limit, 64 bits each. */
export type GetLimit = (resource: number, into: Uint8Array<ArrayBuffer>) => number;

/** What files need of the C library. */
export interface FileCalls extends MappingCalls {
  /** getrlimit(2). */
  readonly getrlimit: GetLimit;
}

let calls: FileCalls | undefined;

/**
 * What locking, mapping and limits call in the C library, which the first call opens.
 *
 * @throws {FileError} if it may not be called, or is not found.
 */
export function fileCalls(): FileCalls {
  return calls ??= openFileCalls();
}

function openFileCalls(): FileCalls {
  const functions = Deno.build.os === "linux" ? openOnLinux() : openLibc(FILE_FUNCTIONS);
  if (typeof functions === "string") throw new FileError("ENOSYS", functions);
  const errno = new Deno.UnsafePointerView(functions.__errno_location()!);
  return { ...functions, errno: () => errno.getInt32() };
}

let listing: ListingCalls | "none" | undefined;

/** What listing a directory block by block calls in the C library; `undefined` where it has none of that. */
export function listingCalls(): ListingCalls | undefined {
  listing ??= openListingCalls() ?? "none";
  return listing === "none" ? undefined : listing;
}

function openListingCalls(): ListingCalls | undefined {
  if (Deno.build.os !== "linux") return undefined;
  const functions = openLibc({
    open: { parameters: ["buffer", "i32"], result: "i32" },
    getdents64: { parameters: ["i32", "buffer", "usize"], result: "isize" },
    close: { parameters: ["i32"], result: "i32" },
    __errno_location: { parameters: [], result: "pointer" },
  });
  if (typeof functions === "string") return undefined;
  const errno = new Deno.UnsafePointerView(functions.__errno_location()!);
  return {
    ...functions,
    getdents64: (fd, into, size) => functions.getdents64(fd, into, BigInt(size)),
    errno: () => errno.getInt32(),
  };
}

/** Whether this program is `deno test`: elsewhere `Deno.test` takes nothing and does nothing. */
function isTestRunner(): boolean {
  return "Deno" in globalThis && Deno.test.length > 0;
}

// `deno test` takes a library for a leak of the test in which it is opened. It is never closed, so it
// is opened before the tests.
if (isTestRunner() && ffiDenied() === undefined) {
  openClockGettime();
  listingCalls();
  try {
    fileCalls();
  } catch {
    // Whoever needs it is told.
  }
}
