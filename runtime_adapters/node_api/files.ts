import { FileError, type FileHandle, type Files, type FileStatus, unlessMissing } from "../../src/runtime.ts";
import { builtin } from "./builtins.ts";
import { accessOf, needsAccess, PRIVATE_MODE, setAccess, setAccessAt } from "./file_access.ts";
import { pathOf } from "./paths.ts";
import { listBlocks, type ListingCalls } from "../posix/name_blocks.ts";

/** The part of `node:fs` that is used. */
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
  mkdirSync(path: string, options: { recursive?: true; mode: number }): void;
  renameSync(from: string, to: string): void;
  linkSync(from: string, to: string): void;
  unlinkSync(path: string): void;
  rmdirSync(path: string): void;
  statfsSync(path: string): VolumeStats;
}

/** The part of `statfs(2)` that is used. */
interface VolumeStats {
  readonly bsize: number;
  /** The size of a block, where it is another than the best size of a transfer. New versions have it. */
  readonly frsize?: number;
  /** Blocks that are free for users other than root. */
  readonly bavail: number;
}

interface NodeFsPromises {
  readdir(path: string): Promise<string[]>;
}

interface NodeStats {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeMs: bigint;
  readonly nlink: bigint;
  readonly mode: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** Codes that have another name in the port. */
const CODES: Readonly<Record<string, string>> = { ERR_ACCESS_DENIED: "DENIED" };

/** Runs a file operation, and converts what it throws to a {@linkcode FileError}. */
export function attempt<T>(operation: (fs: NodeFs) => T): T {
  try {
    return operation(builtin<NodeFs>("node:fs"));
  } catch (error) {
    throw toFileError(error);
  }
}

function toFileError(error: unknown): FileError {
  if (error instanceof FileError) return error;
  const { code } = error as { code?: unknown };
  const message = error instanceof Error ? error.message : String(error);
  return new FileError(typeof code === "string" ? CODES[code] ?? code : "UNKNOWN", message, { cause: error });
}

function toStatus(stats: NodeStats): FileStatus {
  const kind = stats.isSymbolicLink()
    ? "symlink"
    : stats.isFile()
    ? "file"
    : stats.isDirectory()
    ? "directory"
    : "other";
  return {
    kind,
    size: Number(stats.size),
    modified: Number(stats.mtimeMs),
    links: Number(stats.nlink),
    identity: `${stats.dev}:${stats.ino}`,
    device: String(stats.dev),
    access: accessOf(stats),
  };
}

function toHandle(fd: number, tryLock: TryLock | undefined): FileHandle {
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
    ...tryLock === undefined ? {} : { tryLock: () => tryLock(fd) },
  };
}

function status(path: string): FileStatus | undefined {
  // Most names do not exist, and throwing costs more than returning `undefined`.
  const options = { bigint: true, throwIfNoEntry: false } as const;
  const stats = unlessMissing(() => attempt((fs) => fs.lstatSync(path, options)));
  return stats && toStatus(stats);
}

/** {@linkcode Files.freeBytes}. Deno permits it only with `--allow-sys=statfs`. */
export function freeBytes(path: string): number {
  const { bsize, frsize, bavail } = attempt((fs) => fs.statfsSync(path));
  return bavail * (frsize || bsize);
}

/** Takes the lock of an open file, as {@linkcode FileHandle.tryLock} does. */
export type TryLock = (fd: number) => boolean;

/** What `node:fs` lacks. */
export interface FileExtras {
  /** Absent where files cannot be locked. */
  readonly tryLock?: TryLock;
  /** What listing a directory block by block calls in the C library; `undefined` where it has none of that. */
  readonly listingCalls?: () => ListingCalls | undefined;
  /** {@linkcode Files.denied}. By default everything is permitted. */
  readonly denied?: Files["denied"];
}

/** Files through `node:fs`, without {@linkcode Files.map}. */
export function nodeFiles({ tryLock, listingCalls = () => undefined, denied = () => undefined }: FileExtras): Files {
  return {
    locks: tryLock !== undefined,
    resolve: (path) => builtin<{ resolve(path: string): string }>("node:path").resolve(pathOf(path)),
    denied,
    ensureDirectory: (path, access) =>
      attempt((fs) => {
        const isNew = access !== undefined && unlessExists(() => fs.mkdirSync(path, { mode: access.mode & 0o777 }));
        if (isNew) setAccessAt(path, access);
        else ensureDirectory(fs, path);
      }),
    status,
    realPath: (path) => unlessMissing(() => attempt((fs) => fs.realpathSync(path))),
    create: (path, access = { mode: PRIVATE_MODE }) =>
      attempt(({ constants, openSync }) => {
        const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
        const fd = openSync(path, flags, access.mode);
        if (needsAccess(access)) setAccess(fd, access);
        return toHandle(fd, tryLock);
      }),
    open: (path, access) =>
      attempt(({ constants, openSync }) => {
        const { O_RDONLY, O_RDWR, O_NOFOLLOW = 0 } = constants;
        return toHandle(openSync(path, (access === "read" ? O_RDONLY : O_RDWR) | O_NOFOLLOW), tryLock);
      }),
    list: (path) => attempt((fs) => fs.readdirSync(path)),
    listBeside,
    listBlocks: (path) => listBlocks(path, listingCalls(), listBeside),
    rename: (from, to) => attempt((fs) => fs.renameSync(from, to)),
    link: (from, to) => attempt((fs) => fs.linkSync(from, to)),
    remove: (path) => attempt((fs) => fs.unlinkSync(path)),
    removeDirectory: (path) => attempt((fs) => fs.rmdirSync(path)),
    freeBytes,
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
}

async function listBeside(path: string): Promise<string[]> {
  try {
    return await builtin<NodeFsPromises>("node:fs/promises").readdir(path);
  } catch (error) {
    throw toFileError(error);
  }
}

/** Makes a directory and its parents. Throws if something else is there. */
function ensureDirectory(fs: NodeFs, path: string): void {
  try {
    fs.mkdirSync(path, { recursive: true, mode: 0o777 });
  } catch (error) {
    // On Node the code for a link that leads to nothing.
    const isLink = (error as { code?: unknown }).code === "ENOENT" && status(path) !== undefined;
    throw isLink ? Object.assign(error as Error, { code: "EEXIST" }) : error;
  }
}

/** Runs an operation; `false` if what it creates exists. */
function unlessExists(operation: () => void): boolean {
  try {
    operation();
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === "EEXIST") return false;
    throw error;
  }
}
