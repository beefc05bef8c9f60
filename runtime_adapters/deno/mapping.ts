import { FileError, type Files, type Mapping } from "../../src/runtime.ts";
import { mapFile, type MappingCalls, unmappable } from "../posix/mapping.ts";
import { attempt, files } from "./files.ts";
import { ffiDenied, openLibc } from "./libc.ts";

let libc: MappingCalls | undefined;

/** {@linkcode Files.map} through the C library, which is opened with the first mapping; or why there is none. Asks for no permission. */
export function denoMap(): NonNullable<Files["map"]> | string {
  return unmappable(Deno.build.os) ?? ffiDenied() ?? ((path, size) => attempt(() => map(path, size)));
}

function map(path: string, size: number): Mapping | undefined {
  // The C library knows nothing of the permissions of Deno.
  const denied = files.denied(path);
  if (denied !== undefined) throw new FileError("DENIED", denied);
  const { munmap } = libc ??= openCalls();
  return mapFile(libc, path, size, (address) => {
    const buffer = Deno.UnsafePointerView.getArrayBuffer(Deno.UnsafePointer.create(address)!, size);
    return {
      buffer,
      unmap: () => {
        if (buffer.detached) return;
        buffer.transfer(0); // first, for what is unmapped may not be touched any more
        munmap(address, BigInt(size));
      },
    };
  });
}

function openCalls(): MappingCalls {
  const functions = openLibc({
    open: { parameters: ["buffer", "i32"], result: "i32" },
    flock: { parameters: ["i32", "i32"], result: "i32" },
    mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "isize" },
    munmap: { parameters: ["isize", "usize"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    __errno_location: { parameters: [], result: "pointer" },
  });
  if (typeof functions === "string") throw new FileError("ENOSYS", functions);
  const errno = new Deno.UnsafePointerView(functions.__errno_location()!);
  return { ...functions, errno: () => errno.getInt32() };
}
