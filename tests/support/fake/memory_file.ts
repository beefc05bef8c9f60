import type { FileAccess, FileStatus, Mapping } from "../../../src/runtime.ts";

/**
 * What a name of a {@linkcode MemoryDisk} stands for: content, names, lock and mapping of a file,
 * or a directory, or a link.
 */
export class MemoryFile {
  readonly id: number;
  readonly kind: FileStatus["kind"];
  /** Names it has. */
  links = 1;
  /** Who holds its lock. */
  lockedBy: object | undefined = undefined;
  /** Bytes. */
  size: number;
  /** When its content was changed last, ms since 1970; only tests set it. */
  modified = 0;
  /** Who may do what with it, which the disk does not check. */
  access: Required<FileAccess>;
  // All of it, but for what was stored through `#mapped` since `content` was last read.
  #buffer: Uint8Array;
  #mapped: Uint8Array | undefined;
  /** Bytes from the first on that were written, each: a hole may follow. */
  #solid: number;

  /** Has one name. Keeps `content`. */
  constructor(id: number, kind: FileStatus["kind"], content: Uint8Array) {
    this.id = id;
    this.kind = kind;
    this.#buffer = content;
    this.#solid = this.size = content.length;
    this.access = { mode: kind === "directory" ? 0o755 : 0o600, user: 0, group: 0 };
  }

  /** The bytes as they are now, those stored into a mapping included. Not to be kept. */
  get content(): Uint8Array {
    if (this.#mapped !== undefined) this.#buffer.set(this.#mapped);
    return this.#buffer.subarray(0, this.size);
  }

  /** What it is. */
  get status(): FileStatus {
    const { kind, size, modified, links, id, access } = this;
    return { kind, size, modified, links, identity: String(id), device: "1", access };
  }

  /** The same, with as many names, but neither locked nor mapped. */
  clone(): MemoryFile {
    const clone = new MemoryFile(this.id, this.kind, this.content.slice());
    clone.links = this.links;
    clone.modified = this.modified;
    clone.access = this.access;
    clone.#solid = this.#solid;
    return clone;
  }

  /** Gives the lock back, if `owner` holds it. */
  unlock(owner: object): void {
    if (this.lockedBy === owner) this.lockedBy = undefined;
  }

  /**
   * Maps the first `size` bytes, and takes the lock, which must be free. `whenUnmapped` is called
   * once.
   */
  map(size: number, whenUnmapped: () => void): Mapping {
    if (size > this.#solid) throw new Error("Cannot map: there may be a hole, into which a store may be deadly");
    const buffer = this.content.slice(0, size).buffer;
    const owner = this.lockedBy = {};
    this.#mapped = new Uint8Array(buffer);
    const unmap = (): void => {
      if (this.#mapped?.buffer !== buffer) return;
      this.#buffer.set(this.#mapped);
      this.#mapped = undefined;
      this.unlock(owner);
      buffer.transfer(0);
      whenUnmapped();
    };
    return { buffer, unmap };
  }

  /** Writes at byte `at`, and makes the file longer if need be. */
  store(bytes: Uint8Array, at: number): void {
    if (bytes.length === 0) return;
    const end = at + bytes.length;
    if (end > this.size) this.resize(end);
    this.#buffer.set(bytes, at);
    if (this.#mapped !== undefined && at < this.#mapped.length) {
      this.#mapped.set(bytes.subarray(0, this.#mapped.length - at), at);
    }
    if (at <= this.#solid) this.#solid = Math.max(this.#solid, end);
  }

  /** Cuts the file, or makes it longer by a hole. */
  resize(size: number): void {
    const mapped = this.#mapped?.length ?? 0;
    if (size < mapped) throw new Error("Cannot cut: a store into the mapping would be deadly");
    const content = this.content;
    if (size > this.#buffer.length) {
      this.#buffer = new Uint8Array(2 * size);
      this.#buffer.set(content);
    }
    this.#buffer.fill(0, size, Math.max(size, this.size));
    this.size = size;
    this.#solid = Math.min(this.#solid, size);
  }
}
