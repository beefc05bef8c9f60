import { blocksOf } from "../../../runtime_adapters/posix/name_blocks.ts";
import {
  type FileAccess,
  FileError,
  type FileHandle,
  type Files,
  type FileStatus,
  type Mapping,
} from "../../../src/runtime.ts";
import { MemoryFile } from "./memory_file.ts";

/** The operations that {@linkcode MemoryDisk.before} is called for. */
export type DiskOperation =
  | "ensureDirectory"
  | "status"
  | "create"
  | "open"
  | "list"
  | "rename"
  | "link"
  | "remove"
  | "removeDirectory"
  | "syncDirectory"
  | "map"
  | "write"
  | "seek"
  | "read"
  | "truncate"
  | "sync"
  | "fstat"
  | "lock"
  | "close";

/** The capabilities of a {@linkcode MemoryDisk}. */
export interface DiskOptions {
  /** Whether files can be locked. Default `true`. */
  readonly locks?: boolean;
  /** Whether files can be mapped. Default: if they can be locked, as a mapping holds a lock. */
  readonly mapping?: boolean;
}

/**
 * A file system in memory that can be full, fail, or be changed behind the program's back. Its root
 * exists.
 */
export class MemoryDisk implements Files {
  readonly locks: boolean;
  declare readonly map?: NonNullable<Files["map"]>; // absent, not undefined, where files cannot be mapped
  /** Bytes that fit; a write that fills the disk is short, the next one fails. */
  capacity = Infinity;
  /** Bytes that one write takes at most. */
  writeLimit = Infinity;
  /**
   * Called before each operation; may throw a {@linkcode FileError}. A `close` that throws has
   * closed all the same, as `close(2)` does.
   */
  before: (operation: DiskOperation, path: string) => void = () => {};
  /** The result of {@linkcode Files.denied}. */
  missingPermission: string | undefined = undefined;
  /** Operations so far. */
  operations = 0;
  /** Handles that are open. */
  openHandles = 0;
  /** Mappings that were not unmapped. */
  mappings = 0;
  readonly #names = new Map<string, MemoryFile>();
  #ids = 0;
  #used = 0;

  /** Creates a disk with all capabilities, none (`false`), or the given ones. */
  constructor(options: DiskOptions | false = {}) {
    const { locks = true, mapping = locks } = options || { locks: false };
    this.locks = locks;
    if (mapping) this.map = (path, size) => this.#map(path, size);
  }

  /**
   * What is on this disk at this instant, stores into mappings included, as it is when every
   * process is killed: no handle is open, no lock held. Files keep their identities. The clone does
   * not fail.
   */
  clone(): MemoryDisk {
    const clone = new MemoryDisk({ locks: this.locks, mapping: this.map !== undefined });
    clone.capacity = this.capacity;
    clone.writeLimit = this.writeLimit;
    clone.#ids = this.#ids;
    clone.#used = this.#used;
    const copies = new Map<MemoryFile, MemoryFile>();
    for (const [path, file] of this.#names) {
      const copy = copies.get(file) ?? file.clone();
      copies.set(file, copy);
      clone.#names.set(path, copy);
    }
    return clone;
  }

  /** All paths, sorted. */
  paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  /** The bytes of a file. */
  bytes(path: string): Uint8Array {
    return this.#must(path).content.slice();
  }

  /** Says when a file was changed last, ms since 1970. */
  setModified(path: string, modified: number): void {
    this.#must(path).modified = modified;
  }

  /** The text of a file. */
  text(path: string): string {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.bytes(path));
  }

  /**
   * Puts something at a name, in place of what was there; a symlink's content is the path it leads
   * to.
   */
  plant(path: string, kind: FileStatus["kind"], content: string | Uint8Array = ""): void {
    const buffer = typeof content === "string" ? new TextEncoder().encode(content) : content.slice();
    this.#unlink(path);
    this.#names.set(path, new MemoryFile(++this.#ids, kind, buffer));
    this.#used += buffer.length;
  }

  /** Sets when the content of a file was changed last, ms since 1970. */
  touch(path: string, modified: number): void {
    this.#must(path).modified = modified;
  }

  /** Changes who may do what with a file or directory. The disk does not check it. */
  permit(path: string, access: Partial<FileAccess>): void {
    const file = this.#must(path);
    file.access = { ...file.access, ...access };
  }

  /** Takes the lock of a file in another program's name; call the result to give it back. */
  lock(path: string): () => void {
    const file = this.#must(path);
    const owner = file.lockedBy = {};
    return () => file.unlock(owner);
  }

  /** Gives a file or directory, with all in it, another name, as another program would. */
  move(from: string, to: string): void {
    for (const path of this.#tree(from)) {
      const file = this.#must(path);
      this.#names.delete(path);
      this.#names.set(to + path.slice(from.length), file);
    }
  }

  /** Removes a file or directory, with all in it, as another program would. */
  removeTree(path: string): void {
    for (const name of this.#tree(path)) this.#unlink(name);
  }

  resolve(path: string): string {
    return path.startsWith("/") ? path : `/${path}`;
  }

  denied(): string | undefined {
    return this.missingPermission;
  }

  /** What fits beside the files that have a name. */
  freeBytes(path: string): number {
    this.#begin("status", path);
    return Math.max(0, this.capacity - this.#used);
  }

  ensureDirectory(path: string, access?: FileAccess): void {
    this.#begin("ensureDirectory", path);
    const there = this.#names.get(path);
    if (there === undefined) {
      this.plant(path, "directory");
      if (access !== undefined) this.permit(path, access);
    } else if (there.kind !== "directory") throw new FileError("EEXIST", `exists: ${path}`);
  }

  status(path: string): FileStatus | undefined {
    this.#begin("status", path);
    const file = this.#names.get(path);
    return file?.status;
  }

  realPath(path: string): string | undefined {
    this.#begin("status", path);
    const file = this.#names.get(path);
    if (file?.kind !== "symlink") return file === undefined ? undefined : path;
    const target = this.text(path);
    return this.#names.has(target) ? target : undefined;
  }

  create(path: string, access: FileAccess = { mode: 0o600 }): FileHandle {
    this.#begin("create", path);
    if (this.#names.has(path)) throw new FileError("EEXIST", `exists: ${path}`);
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (parent !== "") this.#mustBeDirectory(parent);
    this.plant(path, "file");
    this.permit(path, access);
    return this.#handle(path, this.#must(path), true);
  }

  /** A link is followed, as `open(2)` does without `O_NOFOLLOW`: the core must not do that. */
  open(path: string, access?: "read"): FileHandle {
    this.#begin("open", path);
    return this.#handle(path, this.#mustBeFile(path), access === undefined);
  }

  list(path: string): string[] {
    this.#begin("list", path);
    this.#mustBeDirectory(path);
    const start = path === "/" ? 1 : path.length + 1;
    return this.#tree(path).map((name) => name.slice(start)).filter((name) => name !== "" && !name.includes("/"));
  }

  async listBeside(path: string): Promise<string[]> {
    await Promise.resolve();
    return this.list(path);
  }

  async *listBlocks(path: string): AsyncGenerator<Uint8Array, void> {
    yield* blocksOf(await this.listBeside(path));
  }

  rename(from: string, to: string): void {
    this.#begin("rename", from);
    const file = this.#must(from);
    const there = this.#names.get(to);
    if (there?.kind === "directory") throw new FileError("EISDIR", `is a directory: ${to}`);
    if (there === file) return; // as rename(2) does
    this.#unlink(to);
    this.#names.delete(from);
    this.#names.set(to, file);
  }

  link(from: string, to: string): void {
    this.#begin("link", from);
    const file = this.#must(from);
    if (this.#names.has(to)) throw new FileError("EEXIST", `exists: ${to}`);
    file.links++;
    this.#names.set(to, file);
  }

  remove(path: string): void {
    this.#begin("remove", path);
    if (this.#must(path).kind === "directory") throw new FileError("EISDIR", `is a directory: ${path}`);
    this.#unlink(path);
  }

  syncDirectory(path: string): void {
    this.#begin("syncDirectory", path);
    this.#mustBeDirectory(path);
  }

  #map(path: string, size: number): Mapping | undefined {
    this.#begin("map", path);
    const file = this.#mustBeFile(path);
    if (file.lockedBy !== undefined) return undefined;
    const mapping = file.map(size, () => void this.mappings--);
    this.mappings++;
    return mapping;
  }

  removeDirectory(path: string): void {
    this.#begin("removeDirectory", path);
    if (this.#must(path).kind !== "directory") throw new FileError("ENOTDIR", `no directory: ${path}`);
    if (this.#tree(path).length > 1) throw new FileError("ENOTEMPTY", `not empty: ${path}`);
    this.#unlink(path);
  }

  #tree(path: string): string[] {
    const inside = path === "/" ? path : `${path}/`;
    return this.paths().filter((name) => name === path || name.startsWith(inside));
  }

  #begin(operation: DiskOperation, path: string): void {
    this.operations++;
    this.before(operation, path);
  }

  #must(path: string): MemoryFile {
    const file = this.#names.get(path);
    if (file === undefined) throw new FileError("ENOENT", `not found: ${path}`);
    return file;
  }

  #mustBeDirectory(path: string): void {
    if (path === "/") return;
    if (this.#must(path).kind !== "directory") throw new FileError("ENOTDIR", `no directory: ${path}`);
  }

  #mustBeFile(path: string): MemoryFile {
    const named = this.#must(path);
    const file = named.kind === "symlink" ? this.#must(this.text(path)) : named;
    if (file.kind === "directory") throw new FileError("EISDIR", `is a directory: ${path}`);
    return file;
  }

  #unlink(path: string): void {
    const file = this.#names.get(path);
    if (file === undefined) return;
    file.links--;
    this.#names.delete(path);
    if (file.links === 0) this.#used -= file.size; // a file that is still open takes no room here, unlike on a disk
  }

  #handle(path: string, file: MemoryFile, writable: boolean): FileHandle {
    const owner = {};
    let position = 0;
    let open = true;
    const begin = (operation: DiskOperation): void => {
      if (!open) throw new FileError("EBADF", `closed: ${path}`);
      this.#begin(operation, path);
    };
    const write = (bytes: Uint8Array): number => {
      begin("write");
      if (!writable) throw new FileError("EBADF", `open for reading only: ${path}`);
      const room = file.size + Math.max(0, this.capacity - this.#used) - position; // what is overwritten takes no more room
      const taken = Math.min(bytes.length, this.writeLimit, room);
      if (taken <= 0 && bytes.length > 0) throw new FileError("ENOSPC", "no space left on device");
      if (taken > 0) this.#resize(file, Math.max(file.size, position + taken));
      file.store(bytes.subarray(0, taken), position);
      position += taken;
      return taken;
    };
    this.openHandles++;
    return {
      write,
      seekEnd: () => {
        begin("seek");
        return position = file.size;
      },
      readAt: (into, at) => {
        begin("read");
        const part = file.content.subarray(at, at + into.length);
        into.set(part);
        position = at + part.length;
        return part.length;
      },
      writeAt: (bytes, at) => {
        position = at;
        return write(bytes);
      },
      truncate: (size) => {
        begin("truncate");
        if (!writable) throw new FileError("EINVAL", `open for reading only: ${path}`);
        this.#resize(file, size);
      },
      sync: () => begin("sync"),
      status: () => {
        begin("fstat");
        return file.status;
      },
      close: () => {
        if (!open) throw new FileError("EBADF", `closed: ${path}`);
        open = false;
        this.openHandles--;
        file.unlock(owner);
        this.#begin("close", path);
      },
      ...this.locks && {
        tryLock: () => {
          begin("lock");
          file.lockedBy ??= owner;
          return file.lockedBy === owner;
        },
      },
    };
  }

  #resize(file: MemoryFile, size: number): void {
    if (file.links > 0) this.#used += size - file.size;
    file.resize(size);
  }
}
