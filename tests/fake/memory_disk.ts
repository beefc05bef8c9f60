import { FileError, type FileHandle, type Files, type FileStatus } from "../../src/runtime.ts";

/** The operations that {@linkcode MemoryDisk.before} is told of. */
export type DiskOperation =
  | "ensureDirectory"
  | "status"
  | "create"
  | "open"
  | "rename"
  | "link"
  | "remove"
  | "write"
  | "seek"
  | "read"
  | "truncate"
  | "fstat"
  | "lock"
  | "close";

interface Inode {
  readonly id: number;
  readonly kind: FileStatus["kind"];
  buffer: Uint8Array;
  size: number;
  links: number;
  lockedBy: object | undefined;
}

/** A file system in memory that can be full, fail, or be changed behind the program's back. Its root exists. */
export class MemoryDisk implements Files {
  readonly locks: boolean;
  /** Bytes that fit; a write that fills the disk is short, the next one fails. */
  capacity = Infinity;
  /** Bytes that one write takes at most. */
  writeLimit = Infinity;
  /** Called before each operation; may throw a {@linkcode FileError}. A `close` that throws has closed all the same, as `close(2)` does. */
  before: (operation: DiskOperation, path: string) => void = () => {};
  /** What {@linkcode Files.denied} says. */
  missingPermission: string | undefined = undefined;
  /** Operations so far. */
  operations = 0;
  /** Handles that are open. */
  openHandles = 0;
  readonly #names = new Map<string, Inode>();
  #ids = 0;
  #used = 0;

  /** A disk whose files can be locked, or not. */
  constructor(locks = true) {
    this.locks = locks;
  }

  /** Paths of what there is, sorted. */
  paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  /** The bytes of a file. */
  bytes(path: string): Uint8Array {
    const { buffer, size } = this.#must(path);
    return buffer.slice(0, size);
  }

  /** The text of a file. */
  text(path: string): string {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.bytes(path));
  }

  /** Puts something at a name, in place of what was there; a symlink's content is the path it leads to. */
  plant(path: string, kind: FileStatus["kind"], content: string | Uint8Array = ""): void {
    const buffer = typeof content === "string" ? new TextEncoder().encode(content) : content.slice();
    this.#unlink(path);
    this.#names.set(path, { id: ++this.#ids, kind, buffer, size: buffer.length, links: 1, lockedBy: undefined });
    this.#used += buffer.length;
  }

  /** Takes the lock of a file in another program's name; call the result to give it back. */
  lock(path: string): () => void {
    const inode = this.#must(path);
    inode.lockedBy = {};
    return () => inode.lockedBy = undefined;
  }

  /** Gives a file or directory, with all in it, another name, as another program would. */
  move(from: string, to: string): void {
    for (const path of this.#tree(from)) {
      const inode = this.#must(path);
      this.#names.delete(path);
      this.#names.set(to + path.slice(from.length), inode);
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

  ensureDirectory(path: string): void {
    this.#begin("ensureDirectory", path);
    const there = this.#names.get(path);
    if (there === undefined) this.plant(path, "directory");
    else if (there.kind !== "directory") throw new FileError("EEXIST", `exists: ${path}`);
  }

  status(path: string): FileStatus | undefined {
    this.#begin("status", path);
    const inode = this.#names.get(path);
    return inode && toStatus(inode);
  }

  create(path: string): FileHandle {
    this.#begin("create", path);
    if (this.#names.has(path)) throw new FileError("EEXIST", `exists: ${path}`);
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (parent !== "" && this.#names.get(parent)?.kind !== "directory") {
      throw new FileError("ENOENT", `no directory: ${parent}`);
    }
    this.plant(path, "file");
    return this.#handle(path, this.#must(path));
  }

  /** A link is followed, as `open(2)` does unless told not to: the core must not come to that. */
  open(path: string): FileHandle {
    this.#begin("open", path);
    const named = this.#must(path);
    const inode = named.kind === "symlink" ? this.#must(this.text(path)) : named;
    if (inode.kind === "directory") throw new FileError("EISDIR", `is a directory: ${path}`);
    return this.#handle(path, inode);
  }

  rename(from: string, to: string): void {
    this.#begin("rename", from);
    const inode = this.#must(from);
    if (this.#names.get(to)?.kind === "directory") throw new FileError("EISDIR", `is a directory: ${to}`);
    this.#unlink(to);
    this.#names.delete(from);
    this.#names.set(to, inode);
  }

  link(from: string, to: string): void {
    this.#begin("link", from);
    const inode = this.#must(from);
    if (this.#names.has(to)) throw new FileError("EEXIST", `exists: ${to}`);
    inode.links++;
    this.#names.set(to, inode);
  }

  remove(path: string): void {
    this.#begin("remove", path);
    this.#must(path);
    this.#unlink(path);
  }

  #tree(path: string): string[] {
    return this.paths().filter((name) => name === path || name.startsWith(`${path}/`));
  }

  #begin(operation: DiskOperation, path: string): void {
    this.operations++;
    this.before(operation, path);
  }

  #must(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw new FileError("ENOENT", `not found: ${path}`);
    return inode;
  }

  #unlink(path: string): void {
    const inode = this.#names.get(path);
    if (inode === undefined) return;
    inode.links--;
    this.#names.delete(path);
    if (inode.links === 0) this.#used -= inode.size; // a file that is still open takes no room here, unlike on a disk
  }

  #handle(path: string, inode: Inode): FileHandle {
    const owner = {};
    let position = 0;
    let open = true;
    const begin = (operation: DiskOperation): void => {
      if (!open) throw new FileError("EBADF", `closed: ${path}`);
      this.#begin(operation, path);
    };
    this.openHandles++;
    return {
      write: (bytes) => {
        begin("write");
        const taken = Math.min(bytes.length, this.writeLimit, this.capacity - this.#used);
        if (taken <= 0 && bytes.length > 0) throw new FileError("ENOSPC", "no space left on device");
        this.#resize(inode, Math.max(inode.size, position + taken));
        inode.buffer.set(bytes.subarray(0, taken), position);
        position += taken;
        return taken;
      },
      seekEnd: () => {
        begin("seek");
        return position = inode.size;
      },
      readAt: (into, at) => {
        begin("read");
        const part = inode.buffer.subarray(at, Math.min(at + into.length, inode.size));
        into.set(part);
        return part.length;
      },
      truncate: (size) => {
        begin("truncate");
        this.#resize(inode, size);
      },
      status: () => {
        begin("fstat");
        return toStatus(inode);
      },
      tryLock: () => {
        begin("lock");
        if (inode.lockedBy !== undefined && inode.lockedBy !== owner) return false;
        inode.lockedBy = owner;
        return true;
      },
      close: () => {
        if (!open) throw new FileError("EBADF", `closed: ${path}`);
        open = false;
        this.openHandles--;
        if (inode.lockedBy === owner) inode.lockedBy = undefined;
        this.#begin("close", path);
      },
    };
  }

  #resize(inode: Inode, size: number): void {
    if (size > inode.buffer.length) {
      const larger = new Uint8Array(2 * size);
      larger.set(inode.buffer.subarray(0, inode.size));
      inode.buffer = larger;
    }
    inode.buffer.fill(0, size, Math.max(size, inode.size));
    if (inode.links > 0) this.#used += size - inode.size;
    inode.size = size;
  }
}

function toStatus({ kind, size, links, id }: Inode): FileStatus {
  return { kind, size, links, identity: String(id) };
}
