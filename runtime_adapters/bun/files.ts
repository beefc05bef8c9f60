import {
  FileError,
  type FileHandle,
  type Files,
  type FileStatus,
  type Mapping,
  unlessMissing,
} from "../../src/runtime.ts";
import { builtin, nodeProcess } from "../node_api/builtins.ts";
import { tryLock } from "../posix/libc.ts";
import { mapFile, unmappable } from "../posix/mapping.ts";
import { openLibc } from "./libc.ts";

const FILE_MODE = 0o600;

/** The part of `node:fs` that is used. Bun's own file API has no synchronous writes. */
interface NodeFs {
  readonly constants: {
    readonly O_RDONLY: number;
    readonly O_RDWR: number;
    readonly O_CREAT: number;
    readonly O_EXCL: number;
    readonly O_NOFOLLOW?: number;
  };
  openSync(path: string, flags: number, mode?: number): number;
  closeSync(fd: number): void;
  writeSync(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
  readSync(fd: number, into: Uint8Array, offset: number, length: number, position: number): number;
  ftruncateSync(fd: number, size: number): void;
  fsyncSync(fd: number): void;
  fstatSync(fd: number, options: { bigint: true }): NodeStats;
  lstatSync(path: string, options: { bigint: true; throwIfNoEntry: false }): NodeStats | undefined;
  realpathSync(path: string): string;
  readdirSync(path: string): string[];
  mkdirSync(path: string, options: { recursive: true; mode: number }): void;
  renameSync(from: string, to: string): void;
  linkSync(from: string, to: string): void;
  unlinkSync(path: string): void;
  rmdirSync(path: string): void;
}

interface NodeStats {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly nlink: bigint;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** Runs a file operation, and converts what it throws to a {@linkcode FileError}. */
function attempt<T>(operation: (fs: NodeFs) => T): T {
  try {
    return operation(builtin<NodeFs>("node:fs"));
  } catch (error) {
    if (error instanceof FileError) throw error;
    const { code } = error as { code?: unknown };
    const message = error instanceof Error ? error.message : String(error);
    throw new FileError(typeof code === "string" ? code : "UNKNOWN", message, { cause: error });
  }
}

function toStatus(stats: NodeStats): FileStatus {
  const kind = stats.isSymbolicLink()
    ? "symlink"
    : stats.isFile()
    ? "file"
    : stats.isDirectory()
    ? "directory"
    : "other";
  return { kind, size: Number(stats.size), links: Number(stats.nlink), identity: `${stats.dev}:${stats.ino}` };
}

function toHandle(fd: number): FileHandle {
  // node:fs has no seek, so we keep the position.
  let position = 0;
  const writeAt = (bytes: Uint8Array, at: number): number => {
    const written = attempt((fs) => fs.writeSync(fd, bytes, 0, bytes.length, at));
    position = at + written;
    return written;
  };
  const status = (): FileStatus => toStatus(attempt((fs) => fs.fstatSync(fd, { bigint: true })));
  return {
    write: (bytes) => writeAt(bytes, position),
    seekEnd: () => position = status().size,
    readAt(into: Uint8Array, at: number): number {
      const read = attempt((fs) => fs.readSync(fd, into, 0, into.length, at));
      position = at + read;
      return read;
    },
    writeAt,
    truncate: (size) => attempt((fs) => fs.ftruncateSync(fd, size)),
    sync: () => attempt((fs) => fs.fsyncSync(fd)),
    status,
    close: () => attempt((fs) => fs.closeSync(fd)),
    tryLock: () => tryLock(openLibc(), fd),
  };
}

/** Maps a file through the C library. The mapping ends with its isolate at the latest. */
function map(path: string, size: number): Mapping | undefined {
  const libc = openLibc();
  return attempt(() =>
    mapFile(libc, path, size, (address) => {
      const buffer = libc.toArrayBuffer(address, size);
      return {
        buffer,
        unmap: () => {
          if (!buffer.detached) buffer.transfer(0);
        },
      };
    })
  );
}

/** Files with {@linkcode Files.map}, or the reason why files cannot be mapped. */
export function bunFiles(): { readonly files: Files; readonly unmappable?: string } {
  const reason = unmappable(nodeProcess().platform);
  return reason === undefined ? { files: { ...files, map } } : { files, unmappable: reason };
}

/** Files through `node:fs`, and flock(2) through `bun:ffi`, without {@linkcode Files.map}. */
export const files: Files = {
  locks: true,
  resolve: (path) => builtin<{ resolve(path: string): string }>("node:path").resolve(path),
  denied: () => undefined,
  ensureDirectory: (path, access) =>
    attempt((fs) => void fs.mkdirSync(path, { recursive: true, mode: access === "private" ? 0o700 : 0o777 })),
  status(path: string): FileStatus | undefined {
    // Most names do not exist, and throwing costs more than returning `undefined`.
    const options = { bigint: true, throwIfNoEntry: false } as const;
    const stats = unlessMissing(() => attempt((fs) => fs.lstatSync(path, options)));
    return stats && toStatus(stats);
  },
  realPath: (path) => unlessMissing(() => attempt((fs) => fs.realpathSync(path))),
  create: (path) =>
    attempt(({ constants, openSync }) => {
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
      return toHandle(openSync(path, flags, FILE_MODE));
    }),
  open: (path, access) =>
    attempt(({ constants, openSync }) => {
      const { O_RDONLY, O_RDWR, O_NOFOLLOW = 0 } = constants;
      return toHandle(openSync(path, (access === "read" ? O_RDONLY : O_RDWR) | O_NOFOLLOW));
    }),
  list: (path) => attempt((fs) => fs.readdirSync(path)),
  rename: (from, to) => attempt((fs) => fs.renameSync(from, to)),
  link: (from, to) => attempt((fs) => fs.linkSync(from, to)),
  remove: (path) => attempt((fs) => fs.unlinkSync(path)),
  removeDirectory: (path) => attempt((fs) => fs.rmdirSync(path)),
  syncDirectory: (path) =>
    attempt((fs) => {
      const fd = fs.openSync(path, fs.constants.O_RDONLY);
      try {
        fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
    }),
};
