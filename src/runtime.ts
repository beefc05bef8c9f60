/**
 * The port: every capability that the core asks of a JavaScript runtime.
 *
 * The core never names a runtime. An adapter under `runtime_adapters/` supplies these primitives and no logic; tests supply a fake
 * with a synthetic clock and a disk in memory. A capability that a runtime or its permissions lack is **absent** from the port
 * (`undefined`) and explained in {@linkcode Runtime.unavailable}; it is never a stub.
 *
 * @module
 */

/** What a runtime may lack. The keys of {@linkcode Runtime.unavailable} and of `status().capabilities`. */
export type CapabilityName =
  | "clock.libc"
  | "locks"
  | "spool"
  | "gc"
  | "gc.uncollectable"
  | "heap"
  | "resources"
  | "profiler"
  | "signals";

/** A monotonic clock and the wall clock that anchors it. */
export interface Clock {
  /** What is read, for `status()` and benches: `"clock_gettime"`, `"performance.now"`, `"Bun.nanoseconds"`. */
  readonly name: string;
  /**
   * Monotonic time in whole nanoseconds since an origin that is fixed for this isolate, and recent enough (under 104 days) for every
   * value to be exact in a double. Never goes back.
   */
  readonly now: () => number;
  /** Wall-clock time in nanoseconds since 1970-01-01T00:00:00Z. May step when somebody sets the clock. */
  readonly epoch: () => bigint;
}

/** Sizes in bytes. Both are cheap to read on any heap (a few µs): what walks the heap does not belong here. */
export interface Memory {
  /** Resident set size of the process, bytes. */
  rss(): number;
  /** The JavaScript heap of this isolate, bytes. `external` is memory held by the heap but outside it (array buffers and the like). */
  heap?(): { readonly used: number; readonly total: number; readonly external: number };
}

/** Processor time of the whole process since it began. */
export interface Resources {
  /** Seconds in user code and seconds in the kernel on the process's behalf. */
  cpuTime(): { readonly user: number; readonly system: number };
}

/** One garbage collection as the runtime reports it. */
export interface GcEvent {
  /** How long it stopped the isolate, seconds. */
  readonly pause: number;
  /** Bytes of heap in use before and after. */
  readonly before: number;
  /** See `before`. */
  readonly after: number;
}

/** Records every collection of this isolate, from `start` until `stop`. */
export interface GcTracker {
  /** Begins to record. */
  start(): void;
  /** The collections since `start` or the last `drain`, oldest first; keeps recording. Costs a few µs. */
  drain(): readonly GcEvent[];
  /** Ends recording; what was not drained is discarded. */
  stop(): void;
}

/** What a name in the file system is. */
export interface FileStatus {
  /** A symbolic link is told as such, never followed. */
  readonly kind: "file" | "directory" | "symlink" | "other";
  /** Size in bytes. */
  readonly size: number;
  /** Number of names (hard links) the file has; 0 when it was deleted while open. */
  readonly links: number;
  /** Device and inode: equal if and only if two statuses are of the same file. */
  readonly identity: string;
}

/** An open file. Every method is synchronous, since exit hooks must be. Each throws {@linkcode FileError}. */
export interface FileHandle {
  /** Writes at the current position and returns how many bytes were taken, which may be fewer than were given. */
  write(bytes: Uint8Array): number;
  /** Moves the position to the end and returns it, bytes. */
  seekEnd(): number;
  /** Reads up to `into.length` bytes from byte `position` on (moving the position) and returns how many; 0 at the end. */
  readAt(into: Uint8Array, position: number): number;
  /** Writes at byte `position` (moving the position) and returns how many bytes were taken. */
  writeAt(bytes: Uint8Array, position: number): number;
  /** Cuts the file to `size` bytes. */
  truncate(size: number): void;
  /** Returns once the content is on the disk (`fsync(2)`), and not only in the memory of the system. */
  sync(): void;
  /** Status of the open file, whatever became of its name. */
  status(): FileStatus;
  /** Releases the descriptor, and with it any lock. */
  close(): void;
  /**
   * Takes the exclusive advisory lock (`flock(2)`) until `close`, or returns `false` at once if another open file holds it. Absent where
   * locks are.
   */
  tryLock?(): boolean;
}

/** A file in memory: what is stored in `buffer` is in the file, whatever becomes of the process. */
export interface Mapping {
  /** The bytes of the file. Length 0 once it is unmapped. */
  readonly buffer: ArrayBuffer;
  /** Detaches the buffer, and lets go of the file and its lock. Calling it again does nothing. */
  unmap(): void;
}

/** The file system, as primitives. Paths are as given by {@linkcode Files.resolve}. Every method throws {@linkcode FileError}. */
export interface Files {
  /** An absolute path where the working directory may be known, otherwise the path as given. Never prompts. */
  resolve(path: string): string;
  /** `undefined` if this program may write and read there, else a sentence naming what is missing. Never prompts. */
  denied(path: string): string | undefined;
  /** Creates the directory and its parents unless it is there; `"private"`: such that only this user may look into it. */
  ensureDirectory(path: string, access?: "private"): void;
  /** Status of a name, links not followed; `undefined` if there is nothing. */
  status(path: string): FileStatus | undefined;
  /** Creates a file that did not exist, mode 0600, open for reading and writing. A link at the name is an existing file. */
  create(path: string): FileHandle;
  /** Opens an existing file, for reading and writing unless told to read only. */
  open(path: string, access?: "read"): FileHandle;
  /** The names in a directory, in no order; those of directories and links too. */
  list(path: string): string[];
  /** Atomically gives a file another name, in the same directory. */
  rename(from: string, to: string): void;
  /** Gives a file a second name, which must be new. Not all file systems can. */
  link(from: string, to: string): void;
  /** Removes a file. */
  remove(path: string): void;
  /** Removes a directory, which must be empty. */
  removeDirectory(path: string): void;
  /** Returns once the names in a directory are on the disk (`fsync(2)` of the directory). */
  syncDirectory(path: string): void;
  /**
   * Maps the first `size` bytes of an existing file, shared, under its exclusive lock (`flock(2)`); `undefined` if another open file holds
   * that. The mapping itself holds the lock until it is unmapped or the process is gone (some runtimes: or the isolate), and takes no
   * descriptor. Keep its buffer: it is unmapped with the last reference to that. Every block of those
   * bytes must have been written before: a store into a hole kills the process when the disk is full. Absent where files cannot be mapped.
   */
  map?(path: string, size: number): Mapping | undefined;
  /** Whether {@linkcode FileHandle.tryLock} is there. */
  readonly locks: boolean;
}

/** Timers. Only `sleep` keeps the program alive. */
export interface Timers {
  /** Calls `task` every `interval` ms until the returned function is called. */
  every(interval: number, task: () => void): () => void;
  /** Calls `task` once, after `delay` ms, unless the returned function is called first. */
  after(delay: number, task: () => void): () => void;
  /** Resolves after `delay` ms. */
  sleep(delay: number): Promise<void>;
}

/** A V8 CPU profile, as the Chrome DevTools protocol defines `Profiler.Profile`; times in µs. */
export interface CpuProfile {
  /** The call tree, the root first. */
  readonly nodes: readonly CpuProfileNode[];
  /** µs, monotonic. */
  readonly startTime: number;
  /** µs, monotonic. */
  readonly endTime: number;
  /** Node id on top of the stack at each sample. */
  readonly samples?: readonly number[];
  /** µs between samples. */
  readonly timeDeltas?: readonly number[];
}

/** A node of the call tree of a {@linkcode CpuProfile}. Lines and columns of `callFrame` count from 0, `-1` if unknown. */
export interface CpuProfileNode {
  /** Unique in its profile. */
  readonly id: number;
  /** The function. */
  readonly callFrame: {
    readonly functionName: string;
    readonly scriptId: string;
    readonly url: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
  /** Samples with this node on top. */
  readonly hitCount?: number;
  /** Ids of the callees. */
  readonly children?: readonly number[];
  /** Samples per source line; lines count from 1. */
  readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[];
}

/** A position in a script; both count from 0. */
export interface SourcePosition {
  /** URL or path of the script. */
  readonly url: string;
  /** Line, from 0. */
  readonly line: number;
  /** Column, from 0. */
  readonly column: number;
}

/** The sampling CPU profiler of this isolate. */
export interface CpuProfiler {
  /** Begins to sample the stack every `interval` µs; rejects if the runtime refuses, as when somebody else is profiling. */
  start(interval: number): Promise<void>;
  /** Ends sampling; rejects if the runtime lost the profile. */
  stop(): Promise<CpuProfile>;
  /**
   * The place in the source as written that a place in the running code comes from; line and column are -1 for code that no source has,
   * `undefined` if it is not known.
   */
  original(position: SourcePosition): SourcePosition | undefined;
}

/** The ends of an isolate. */
export interface ExitHooks {
  /**
   * Calls `hook`, which is synchronous and does not throw, when the isolate ends in any way that lets JavaScript run: natural end, `exit`,
   * uncaught error, and the signals that would kill it. How the program ends is not changed: its exit status or signal stays the same, and if
   * it listens itself, its listeners decide. The hook is called more than once: before and after the program's listeners, for either may be
   * the last that runs; `last` tells that the program is sure not to go on. Returns how to take it off.
   */
  add(hook: (last: boolean) => void): () => void;
}

/** The capabilities of one isolate. */
export interface Runtime {
  /** `"deno"`, `"bun"`, or the fake's name. */
  readonly name: string;
  /** Version of the runtime. */
  readonly version: string;
  /** Process id, written in each row. */
  readonly pid: number;
  /** The clock of the timepoints. */
  readonly clock: Clock;
  /** Files and locks. */
  readonly files: Files;
  /** Timers. */
  readonly timers: Timers;
  /** Memory; always there. */
  readonly memory: Memory;
  /** Process resources. */
  readonly resources?: Resources;
  /** Garbage collection. */
  readonly gc?: GcTracker;
  /** CPU profiler. */
  readonly profiler?: CpuProfiler;
  /** Ends of the isolate. */
  readonly exitHooks: ExitHooks;
  /** Eight hexadecimal digits drawn at random, never twice the same: an isolate's own name beside its PID. */
  isolateId(): string;
  /** What is absent, and why, in one sentence each. */
  readonly unavailable: Readonly<Partial<Record<CapabilityName, string>>>;
}

/** What the likeliest values of `errno` mean, in words that are the same on every runtime. */
const ERRNO_TEXTS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EDQUOT: "disk quota exceeded",
  EEXIST: "something of that name is there already",
  EIO: "input/output error",
  EISDIR: "is a directory",
  ELOOP: "too many symbolic links",
  EMFILE: "too many open files",
  ENAMETOOLONG: "file name too long",
  ENOENT: "no such file or directory",
  ENOSPC: "no space left on device",
  ENOTDIR: "not a directory",
  EPERM: "operation not permitted",
  EROFS: "read-only file system",
};

/** Why a file operation failed, by the name of `errno` (`"ENOENT"`, `"ENOSPC"`, …), or `"DENIED"` for a permission of the runtime. */
export class FileError extends Error {
  /** Always `"FileError"`. */
  override readonly name = "FileError";
  /** The name of the `errno` value, or `"DENIED"`, or `"UNKNOWN"`. */
  readonly code: string;

  /** With a `cause`, what the runtime threw, the words for the code are preferred to `message`. */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(options?.cause === undefined ? message : ERRNO_TEXTS[code] ?? message, options);
    this.code = code;
  }
}
