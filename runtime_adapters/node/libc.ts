import { FileError } from "../../src/runtime.ts";
import { builtin, nodeProcess } from "../node_api/builtins.ts";
import type { FileLibc } from "../node_api/libc_files.ts";
import { errnoLocation, libcNames } from "../posix/libc.ts";
import type { MappingCalls } from "../posix/mapping.ts";
import { denied } from "./permissions.ts";

/** The part of `node:ffi` that is used. */
interface NodeFfi {
  dlopen(
    library: string,
    functions: Record<string, { readonly arguments: readonly string[]; readonly return: string }>,
  ): {
    readonly functions: object;
  };
  getInt32(address: bigint, offset: number): number;
  toArrayBuffer(address: bigint, size: number, copy: false): ArrayBuffer;
}

/** The flag with which a program agrees to the use of `node:ffi`. */
const FLAG = "--experimental-ffi";

/**
 * The reason why C functions may not be called; `undefined` if they may.
 *
 * `node:ffi` came with Node 26, and is experimental: Node writes a warning to stderr when it is
 * loaded, and says that it may change at any time, which with raw addresses can end the process. So
 * it is used only in programs that were started with the flag.
 */
export function ffiDenied(): string | undefined {
  const { execArgv, env } = nodeProcess() as unknown as {
    readonly execArgv: readonly string[];
    readonly env: Readonly<Record<string, string | undefined>>;
  };
  const flags = [...execArgv, ...env["NODE_OPTIONS"]?.split(/\s+/) ?? []];
  if (!flags.includes(FLAG)) return hasFfi() ? `needs ${FLAG}` : "Node has no FFI before version 26";
  return hasFfi() ? denied("ffi") : "this Node was built without node:ffi";
}

/** Whether `node:ffi` exists. Does not load it. */
function hasFfi(): boolean {
  const { isBuiltin } = builtin<{ isBuiltin(name: string): boolean }>("node:module");
  return isBuiltin("node:ffi");
}

let libc: FileLibc | undefined;

/** Opens the C library, once. */
export function openLibc(): FileLibc {
  return libc ??= open();
}

function open(): FileLibc {
  const { dlopen, getInt32, toArrayBuffer } = builtin<NodeFfi>("node:ffi");
  const { platform } = nodeProcess();
  const location = errnoLocation(platform);
  let failure: unknown;
  for (const name of libcNames(platform)) {
    try {
      const functions = dlopen(name, {
        open: { arguments: ["buffer", "i32"], return: "i32" },
        flock: { arguments: ["i32", "i32"], return: "i32" },
        mmap: { arguments: ["u64", "u64", "i32", "i32", "i32", "i64"], return: "i64" },
        munmap: { arguments: ["i64", "u64"], return: "i32" },
        close: { arguments: ["i32"], return: "i32" },
        [location]: { arguments: [], return: "pointer" },
      }).functions as MappingCalls;
      const errno = (functions as unknown as Record<string, () => bigint>)[location]!();
      return {
        ...functions,
        errno: () => getInt32(errno, 0),
        toArrayBuffer: (address, size) => toArrayBuffer(address, size, false),
        unmapsDetached: false,
      };
    } catch (error) {
      failure ??= error; // the next name may exist
    }
  }
  throw new FileError("ENOSYS", `cannot load the C library: ${String(failure)}`);
}
