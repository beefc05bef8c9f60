import {
  type FileAccess,
  FileError,
  type FileHandle,
  type Files,
  type FileStatus,
  type Mapping,
  unlessMissing,
} from "../../src/runtime.ts";
import { builtin } from "../node_api/builtins.ts";
import { freeBytes } from "../node_api/files.ts";
import { needsAccess, PRIVATE_MODE, setAccessAt } from "../node_api/file_access.ts";
import { pathOf } from "../node_api/paths.ts";
import { errnoName } from "../posix/libc.ts";
import { mapFile, unmappable } from "../posix/mapping.ts";
import { listBlocks } from "../posix/name_blocks.ts";
import { type FileSizeGuard, guardFileSize } from "./file_size_limit.ts";
import { ffiDenied, fileCalls, type GetLimit, listingCalls } from "./libc.ts";
import { denoLocks, type FileLock, type LockOf } from "./locks.ts";
import { isGranted } from "./permissions.ts";

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
    throw toFileError(error);
  }
}

function toFileError(error: unknown): FileError {
  if (error instanceof FileError) return error;
  if (!(error instanceof Error)) return new FileError("UNKNOWN", String(error));
  return new FileError(codeOf(error), error.message, { cause: error });
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
  // Windows has no link count, no permission bits, and no inode of a file that is not open.
  return {
    kind,
    size: info.size,
    modified: info.mtime?.getTime() ?? 0,
    links: info.nlink ?? 1,
    identity: `${info.dev}:${info.ino ?? info.birthtime?.getTime()}`,
    device: String(info.dev),
    access: { mode: (info.mode ?? 0) & 0o7777, user: info.uid ?? 0, group: info.gid ?? 0 },
  };
}

/** `guard` is of a file that is open for writing. */
function toHandle(file: Deno.FsFile, lock: FileLock | undefined, guard?: FileSizeGuard): FileHandle {
  let position = 0;
  const seek = (at: number, from: Deno.SeekMode): number => position = attempt(() => file.seekSync(at, from));
  const write = (bytes: Uint8Array): number => {
    const writeNow = (part: Uint8Array): number => attempt(() => file.writeSync(part));
    const written = guard === undefined ? writeNow(bytes) : guard.write(bytes, position, writeNow);
    position += written;
    return written;
  };
  return {
    write,
    seekEnd: () => seek(0, Deno.SeekMode.End),
    readAt(into: Uint8Array, at: number): number {
      seek(at, Deno.SeekMode.Start);
      const read = attempt(() => file.readSync(into)) ?? 0;
      position += read;
      return read;
    },
    writeAt(bytes: Uint8Array, at: number): number {
      seek(at, Deno.SeekMode.Start);
      return write(bytes);
    },
    truncate: (size) => attempt(() => file.truncateSync(size)),
    sync: () => attempt(() => file.syncSync()),
    status: () => toStatus(attempt(() => file.statSync())),
    close() {
      guard?.release();
      lock?.close();
      attempt(() => file.close());
    },
    ...lock === undefined ? {} : { tryLock: () => attempt(() => lock.tryLock()) },
  };
}

/** Maps a file through the C library, which the first mapping opens. */
function map(path: string, size: number): Mapping | undefined {
  // The C library bypasses Deno's permissions.
  const lacking = denied(path);
  if (lacking !== undefined) throw new FileError("DENIED", lacking);
  const libc = fileCalls();
  const { munmap } = libc;
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

function denied(path: string, use?: "read"): string | undefined {
  const missing = (["read", "write"] as const).filter((name) => (use ?? name) === name && !isGranted({ name, path }));
  if (missing.length === 0) return undefined;
  return `needs ${missing.map((name) => `--allow-${name}=${path}`).join(" and ")}`;
}

const STATFS = { name: "sys", kind: "statfs" } as const;
const STATFS_DENIED = "needs --allow-sys=statfs";

/** Of a file system in which this program may read `path`; a permission may be revoked meanwhile. */
function freeBytesIfGranted(path: string): number {
  if (!isGranted(STATFS)) throw new FileError("DENIED", STATFS_DENIED);
  if (!isGranted({ name: "read", path })) throw new FileError("DENIED", `needs --allow-read=${path}`);
  return freeBytes(path);
}

/** Files, and the reasons why they cannot be locked or mapped. */
export interface DenoFiles {
  readonly files: Files;
  readonly unlockable?: string;
  readonly unmappable?: string;
  /** Why it cannot be told how much is free. */
  readonly freeUnknown?: string;
}

/** Deno's own file system API, with {@linkcode Files.map} through the C library. Never prompts. */
export function denoFiles(): DenoFiles {
  const lockOf = denoLocks();
  const reason = unmappable(Deno.build.os) ?? ffiDenied();
  const tellsFree = isGranted(STATFS);
  return {
    files: {
      ...filesWith(typeof lockOf === "string" ? undefined : lockOf),
      ...reason === undefined ? { map: (path, size) => attempt(() => map(path, size)) } : {},
      ...tellsFree ? { freeBytes: freeBytesIfGranted } : {},
    },
    ...typeof lockOf === "string" ? { unlockable: lockOf } : {},
    ...reason === undefined ? {} : { unmappable: reason },
    ...tellsFree ? {} : { freeUnknown: STATFS_DENIED },
  };
}

/** The part of `node:path` that is used. */
interface NodePath {
  normalize(path: string): string;
  isAbsolute(path: string): boolean;
  join(...parts: string[]): string;
}

/** Creates a directory whose parent exists; `false` if there is something of that name. */
function createDirectory(path: string, mode: number): boolean {
  try {
    attempt(() => Deno.mkdirSync(path, { mode }));
    return true;
  } catch (error) {
    if (error instanceof FileError && error.code === "EEXIST") return false;
    throw error;
  }
}

/** {@linkcode setAccessAt}, where there is something to do: it loads `node:fs`, which takes 5 to 7 ms. */
function giveAccess(path: string, access: FileAccess, identity?: string): void {
  const { mode, user, group } = toStatus(attempt(() => Deno.lstatSync(path))).access;
  if (mode === access.mode && user === (access.user ?? user) && group === (access.group ?? group)) return;
  setAccessAt(path, access, identity);
}

/** Opens a file for reading and writing. */
function openToWrite(path: string, lockOf: LockOf | undefined, options?: Deno.OpenOptions): FileHandle {
  const guard = guardFileSize(limitCall());
  try {
    const file = attempt(() => Deno.openSync(path, { read: true, write: true, ...options }));
    return toHandle(file, lockOf?.(file, path), guard);
  } catch (error) {
    guard.release();
    throw error;
  }
}

/** getrlimit(2), if it may be called. */
function limitCall(): GetLimit | undefined {
  if (Deno.build.os !== "linux" || ffiDenied() !== undefined) return undefined;
  try {
    return fileCalls().getrlimit;
  } catch {
    return undefined;
  }
}

async function listBeside(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(path)) names.push(name);
  } catch (error) {
    throw toFileError(error);
  }
  return names;
}

/** Without {@linkcode Files.map}. */
const filesWith = (lockOf: LockOf | undefined): Files => ({
  locks: lockOf !== undefined,
  resolve(path: string): string {
    const { normalize, isAbsolute, join } = builtin<NodePath>("node:path");
    const normal = normalize(pathOf(path)).replace(/(?<=[^\\/:])[\\/]$/, "");
    if (isAbsolute(normal) || !isGranted({ name: "read", path: "." })) return normal;
    return attempt(() => join(Deno.cwd(), normal));
  },
  denied,
  ensureDirectory(path: string, access?: FileAccess): void {
    const isNew = access !== undefined && createDirectory(path, access.mode & 0o777);
    if (isNew) giveAccess(path, access);
    // Throws if it is no directory.
    else attempt(() => Deno.mkdirSync(path, { recursive: true, mode: 0o777 }));
  },
  status: (path) => unlessMissing(() => toStatus(attempt(() => Deno.lstatSync(path)))),
  realPath: (path) => unlessMissing(() => attempt(() => Deno.realPathSync(path))),
  create(path: string, access: FileAccess = { mode: PRIVATE_MODE }): FileHandle {
    const handle = openToWrite(path, lockOf, { createNew: true, mode: access.mode });
    if (needsAccess(access)) giveAccess(path, access, handle.status().identity);
    return handle;
  },
  open(path: string, access?: "read"): FileHandle {
    if (access === undefined) return openToWrite(path, lockOf);
    const file = attempt(() => Deno.openSync(path, { read: true }));
    return toHandle(file, lockOf?.(file, path, access));
  },
  list: (path) => attempt(() => Array.from(Deno.readDirSync(path), ({ name }) => name)),
  listBeside,
  // The C library bypasses Deno's permissions.
  listBlocks: (path) => listBlocks(path, isGranted({ name: "read", path }) ? listingCalls() : undefined, listBeside),
  rename: (from, to) => attempt(() => Deno.renameSync(from, to)),
  link: (from, to) => attempt(() => Deno.linkSync(from, to)),
  remove: (path) => attempt(() => Deno.removeSync(path)),
  removeDirectory: (path) => attempt(() => Deno.removeSync(path)),
  syncDirectory(path: string): void {
    const directory = attempt(() => Deno.openSync(path, { read: true }));
    try {
      attempt(() => directory.syncSync());
    } finally {
      directory.close();
    }
  },
});
