import { FileError, type FileHandle, type Files, type FileStatus } from "../../src/runtime.ts";
import { errnoName } from "../posix/libc.ts";

const FILE_MODE = 0o600;

/** The classes whose errors may come without a `code`. */
const CODES: Readonly<Record<string, string>> = {
  NotFound: "ENOENT",
  AlreadyExists: "EEXIST",
  PermissionDenied: "EACCES",
  NotCapable: "DENIED",
  Interrupted: "EINTR",
  WouldBlock: "EAGAIN",
  NotSupported: "ENOTSUP",
};

/** Runs a file operation, and throws what it throws as a {@linkcode FileError}. */
export function attempt<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof FileError) throw error;
    if (!(error instanceof Error)) throw new FileError("UNKNOWN", String(error));
    throw new FileError(codeOf(error), error.message, { cause: error });
  }
}

/** Deno tells the name of not every `errno`, but mostly its number in the text. */
function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return code;
  const [, errno] = /\(os error (\d+)\)/.exec(error.message) ?? [];
  return CODES[error.name] ?? (errno === undefined ? "UNKNOWN" : errnoName(Number(errno)));
}

function toStatus(info: Deno.FileInfo): FileStatus {
  const kind = info.isSymlink ? "symlink" : info.isFile ? "file" : info.isDirectory ? "directory" : "other";
  // Windows tells no links and no inode before a file is opened.
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

/** Deno's own file system API, which maps no files. */
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
  status(path: string): FileStatus | undefined {
    try {
      return toStatus(attempt(() => Deno.lstatSync(path)));
    } catch (error) {
      if (error instanceof FileError && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
      throw error;
    }
  },
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
