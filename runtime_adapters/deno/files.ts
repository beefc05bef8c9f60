import {
  FileError,
  type FileHandle,
  type Files,
  type FileStatus,
  type Mapping,
  unlessMissing,
} from "../../src/runtime.ts";
import { errnoName } from "../posix/libc.ts";
import { mapFile, type MappingCalls, unmappable } from "../posix/mapping.ts";
import { ffiDenied, openLibc } from "./libc.ts";

const FILE_MODE = 0o600;

/** Codes of the error classes that may have no `code`. */
const CODES: Readonly<Record<string, string>> = {
  NotFound: "ENOENT",
  AlreadyExists: "EEXIST",
  PermissionDenied: "EACCES",
  NotCapable: "DENIED",
  Interrupted: "EINTR",
  WouldBlock: "EAGAIN",
  NotSupported: "ENOTSUP",
};

/** Runs a file operation, and converts what it throws to a {@linkcode FileError}. */
function attempt<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof FileError) throw error;
    if (!(error instanceof Error)) throw new FileError("UNKNOWN", String(error));
    throw new FileError(codeOf(error), error.message, { cause: error });
  }
}

/**
 * Deno sets the `code` of some errors only; most others have the number of `errno` in the message.
 */
function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return code;
  const [, errno] = /\(os error (\d+)\)/.exec(error.message) ?? [];
  return CODES[error.name] ?? (errno === undefined ? "UNKNOWN" : errnoName(Number(errno)));
}

function toStatus(info: Deno.FileInfo): FileStatus {
  const kind = info.isSymlink ? "symlink" : info.isFile ? "file" : info.isDirectory ? "directory" : "other";
  // Windows has no link count and no inode of a file that is not open.
  return {
    kind,
    size: info.size,
    links: info.nlink ?? 1,
    identity: `${info.dev}:${info.ino ?? info.birthtime?.getTime()}`,
  };
}

function toHandle(file: Deno.FsFile): FileHandle {
  return {
    write: (bytes) => attempt(() => file.writeSync(bytes)),
    seekEnd: () => attempt(() => file.seekSync(0, Deno.SeekMode.End)),
    readAt: (into, position) =>
      attempt(() => {
        file.seekSync(position, Deno.SeekMode.Start);
        return file.readSync(into) ?? 0;
      }),
    writeAt: (bytes, position) =>
      attempt(() => {
        file.seekSync(position, Deno.SeekMode.Start);
        return file.writeSync(bytes);
      }),
    truncate: (size) => attempt(() => file.truncateSync(size)),
    sync: () => attempt(() => file.syncSync()),
    status: () => toStatus(attempt(() => file.statSync())),
    close: () => attempt(() => file.close()),
    tryLock: () => attempt(() => file.tryLockSync(true)),
  };
}

function granted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}

let libc: MappingCalls | undefined;

/** Maps a file through the C library, which the first mapping opens. */
function map(path: string, size: number): Mapping | undefined {
  // The C library bypasses Deno's permissions.
  const denied = files.denied(path);
  if (denied !== undefined) throw new FileError("DENIED", denied);
  const { munmap } = libc ??= openMappingCalls();
  return mapFile(libc, path, size, (address) => {
    const buffer = Deno.UnsafePointerView.getArrayBuffer(Deno.UnsafePointer.create(address)!, size);
    return {
      buffer,
      unmap: () => {
        if (buffer.detached) return;
        buffer.transfer(0); // before munmap, since reading unmapped memory kills the process
        munmap(address, BigInt(size));
      },
    };
  });
}

function openMappingCalls(): MappingCalls {
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

/** Files with {@linkcode Files.map}, or the reason why files cannot be mapped. Never prompts. */
export function denoFiles(): { readonly files: Files; readonly unmappable?: string } {
  const reason = unmappable(Deno.build.os) ?? ffiDenied();
  if (reason !== undefined) return { files, unmappable: reason };
  return { files: { ...files, map: (path, size) => attempt(() => map(path, size)) } };
}

/** Deno's own file system API, without {@linkcode Files.map}. */
export const files: Files = {
  locks: true,
  resolve(path: string): string {
    const isAbsolute = path.startsWith("/") || /^[A-Za-z]:[\\/]/.test(path);
    if (isAbsolute || !granted({ name: "read", path: "." })) return path;
    return attempt(() => `${Deno.cwd()}/${path}`);
  },
  denied(path: string): string | undefined {
    const missing = (["read", "write"] as const).filter((name) => !granted({ name, path }));
    if (missing.length === 0) return undefined;
    return `needs ${missing.map((name) => `--allow-${name}=${path}`).join(" and ")}`;
  },
  ensureDirectory: (path, access) =>
    attempt(() => Deno.mkdirSync(path, { recursive: true, mode: access === "private" ? 0o700 : 0o777 })),
  status: (path) => unlessMissing(() => toStatus(attempt(() => Deno.lstatSync(path)))),
  realPath: (path) => unlessMissing(() => attempt(() => Deno.realPathSync(path))),
  create: (path) =>
    toHandle(attempt(() => Deno.openSync(path, { read: true, write: true, createNew: true, mode: FILE_MODE }))),
  open: (path, access) => toHandle(attempt(() => Deno.openSync(path, { read: true, write: access !== "read" }))),
  list: (path) => attempt(() => Array.from(Deno.readDirSync(path), ({ name }) => name)),
  rename: (from, to) => attempt(() => Deno.renameSync(from, to)),
  link: (from, to) => attempt(() => Deno.linkSync(from, to)),
  remove: (path) => attempt(() => Deno.removeSync(path)),
  removeDirectory: (path) => attempt(() => Deno.removeSync(path)),
  syncDirectory(path: string): void {
    using directory = attempt(() => Deno.openSync(path, { read: true }));
    attempt(() => directory.syncSync());
  },
};
