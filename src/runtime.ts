/**
 * The port between the core and the JavaScript runtime: everything that the core needs of it.
 *
 * The core never names a runtime. An adapter in `runtime_adapters/` supplies these primitives and
 * no logic; tests supply a fake with a synthetic clock and a disk in memory. A capability that a
 * runtime or its permissions lack is **absent** (`undefined`), and {@linkcode Runtime.unavailable}
 * says why. It is never a stub.
 *
 * @module
 */

/**
 * A capability that may be absent: a key of {@linkcode Runtime.unavailable} and of
 * `status().capabilities`.
 */
export type CapabilityName =
  | "clock.libc"
  | "locks"
  | "append"
  | "spool"
  | "freeSpace"
  | "gc"
  | "gc.uncollectable"
  | "heap"
  | "resources"
  | "rss.peak"
  | "threads"
  | "profiler"
  | "profiler.lines"
  | "profiler.heap"
  | "host"
  | "signals";

/** A monotonic clock, and the wall clock that places it in time. */
export interface Clock {
  /**
   * The function that is read, for `status()` and benches: `"clock_gettime"`, `"performance.now"`
   * or `"Bun.nanoseconds"`.
   */
  readonly name: string;
  /**
   * Monotonic time in whole nanoseconds. The origin is fixed for this isolate, and recent enough
   * (under 104 days) that every value is exact in a double. Never goes back.
   */
  readonly now: () => number;
  /** Wall-clock time in nanoseconds since 1970-01-01T00:00:00Z. Steps when the clock is set. */
  readonly epoch: () => bigint;
}

/**
 * Memory in bytes. Reading it costs a few µs whatever the size of the heap: nothing here walks the
 * heap.
 */
export interface Memory {
  /** Resident set size of the process, bytes. */
  rss(): number;
  /**
   * Largest resident set size of the process since it began, bytes; `undefined` if it cannot be read
   * now. Costs some 10 µs.
   */
  peakRss?(): number | undefined;
  /**
   * The JavaScript heap of this isolate, bytes. `external` is memory outside the heap that objects
   * hold, such as array buffers.
   */
  heap?(): { readonly used: number; readonly total: number; readonly external: number };
  /**
   * Collects garbage and gives its memory back to the system. Holds the thread up, for some 20 to
   * 100 ms: never in a program that is measured.
   */
  collect?(): void;
  /** Bytes of garbage after which {@linkcode Memory.collect} is worth its time, which differs by runtime. */
  readonly collectAfter?: number;
}

/** Processor time of the whole process since it started. */
export interface Resources {
  /** Seconds in user code, and seconds in the kernel on behalf of the process. */
  cpuTime(): { readonly user: number; readonly system: number };
}

/**
 * Says that the runtime may hold this isolate up once, soon after it started: for `duration` ns it
 * runs nothing, though there is work.
 */
export interface StartupHold {
  /** How long, ns. */
  readonly duration: number;
  /** Processor time that the thread of this isolate has used, s. */
  cpuTime(): number;
}

/** What a {@linkcode LoopWatch} measures while the event loop is blocked. */
export interface BlockedSample {
  /** When it was measured, ns since 1970. */
  readonly timepoint: bigint;
  /** Time since the last beat, ns. */
  readonly silence: number;
  /** Resident set size of the process, bytes. */
  readonly rss: number;
  /** CPU time of the process in user code and in the kernel, s. */
  readonly user: number;
  readonly system: number;
}

/** A thread that samples the process while this isolate does not beat. */
export interface LoopWatch {
  /** Says that the event loop turns. */
  beat(): void;
  /**
   * Removes and returns the samples, oldest first, and how many were lost since the last call, for
   * want of room.
   */
  drain(): { readonly samples: readonly BlockedSample[]; readonly lost: number };
  /** Ends the thread. */
  stop(): void;
}

/** One garbage collection as the runtime reports it. */
export interface GcEvent {
  /** Time for which it stopped the isolate, seconds. */
  readonly pause: number;
  /** Bytes of heap in use before the collection. */
  readonly before: number;
  /** Bytes of heap in use after it. */
  readonly after: number;
}

/** Records every garbage collection of this isolate from `start` until `stop`. */
export interface GcTracker {
  /** Starts recording. */
  start(): void;
  /**
   * Returns the collections since `start` or the last `drain`, oldest first, and keeps recording.
   * Costs a few µs.
   */
  drain(): readonly GcEvent[];
  /** Stops recording, and discards collections that were not drained. */
  stop(): void;
}

/** Status of a name in the file system, or of an open file. */
export interface FileStatus {
  /** Symbolic links are not followed. */
  readonly kind: "file" | "directory" | "symlink" | "other";
  /** Size in bytes. */
  readonly size: number;
  /** When its content was changed last, ms since 1970; 0 if the file system does not tell. */
  readonly modified: number;
  /** Number of hard links; 0 if the file was removed while open. */
  readonly links: number;
  /** Device and inode as text: two statuses are of the same file if and only if it is equal. */
  readonly identity: string;
  /** The device, as text: that of a volume, which is another one where a volume is mounted. */
  readonly device: string;
  /** Who may do what with it. */
  readonly access: Required<FileAccess>;
}

/** Who may do what with a file or directory. */
export interface FileAccess {
  /** Permission bits, with those for setgid (`0o2000`) and sticky (`0o1000`). */
  readonly mode: number;
  /** The user id of its owner. */
  readonly user?: number;
  /** The id of its group. */
  readonly group?: number;
}

/**
 * An open file. Every method is synchronous, since exit hooks must be, and throws {@linkcode
 * FileError}.
 */
export interface FileHandle {
  /**
   * Writes at the current position. Returns the number of bytes written, which may be less than
   * given.
   */
  write(bytes: Uint8Array): number;
  /** Moves the position to the end of the file and returns it, bytes. */
  seekEnd(): number;
  /**
   * Reads up to `into.length` bytes at byte `position`, and moves the position. Returns the number
   * read; 0 at the end.
   */
  readAt(into: Uint8Array, position: number): number;
  /**
   * Writes at byte `position`, and moves the position. Returns the number of bytes written, which
   * may be less than given.
   */
  writeAt(bytes: Uint8Array, position: number): number;
  /** Cuts the file to `size` bytes. */
  truncate(size: number): void;
  /** Returns once the content is on the disk (`fsync(2)`). */
  sync(): void;
  /** Status of the open file, even if it was renamed or removed. */
  status(): FileStatus;
  /** Closes the descriptor, which releases its lock. */
  close(): void;
  /**
   * Takes the exclusive advisory lock (`flock(2)`) until `close`. Returns `false` at once if
   * another open file holds it. May throw `ENOENT` if the file has lost its name since it was
   * opened. Absent on runtimes without locks.
   */
  tryLock?(): boolean;
}

/** Where bytes can be read: an open file, or what is decompressed from one. */
export type ByteSource = Pick<FileHandle, "readAt">;

/**
 * A memory-mapped file: bytes stored in `buffer` are in the file, even if the process is killed.
 */
export interface Mapping {
  /** The bytes of the file; length 0 once it is unmapped. */
  readonly buffer: ArrayBuffer;
  /** Detaches the buffer, unmaps the file and releases its lock. A second call does nothing. */
  unmap(): void;
}

/**
 * The file system. Paths are as returned by {@linkcode Files.resolve}. Every method throws
 * {@linkcode FileError}.
 */
export interface Files {
  /**
   * The absolute path, without `.`, `..`, double slashes and a slash at the end; a relative one if
   * reading the working directory is not permitted. `path` may be the text of a `file:` URL. Never
   * prompts.
   */
  resolve(path: string): string;
  /**
   * The permissions that this program lacks to read and write at `path`, or only to read, as a clause;
   * `undefined` if none. Never prompts.
   */
  denied(path: string, use?: "read"): string | undefined;
  /**
   * Creates the directory if it is missing. With `access`, it gets exactly those permission bits
   * whatever the umask, and that owner as far as this program may give it away; otherwise its
   * parents are created too.
   */
  ensureDirectory(path: string, access?: FileAccess): void;
  /** Status of a name, without following links; `undefined` if it does not exist. */
  status(path: string): FileStatus | undefined;
  /** The path that a path leads to, without links; `undefined` if it leads to nothing. */
  realPath(path: string): string | undefined;
  /**
   * Creates a new file, open for reading and writing. It gets exactly the permission bits of
   * `access` whatever the umask, by default 0600, and that owner as far as this program may give it
   * away. Throws `EEXIST` if the name is taken, even by a link.
   */
  create(path: string, access?: FileAccess): FileHandle;
  /** Opens an existing file, for reading and writing unless `access` is `"read"`. */
  open(path: string, access?: "read"): FileHandle;
  /** The names in a directory, in any order, including directories and links. */
  list(path: string): string[];
  /**
   * As {@linkcode Files.list}, but beside the program: a directory with 200,000 names holds the
   * thread up for some 20 ms in all, where `list` takes 100 to 500. Rejects with {@linkcode FileError}.
   */
  listBeside(path: string): Promise<string[]>;
  /**
   * The names in a directory, in any order, for those who need not have all of them in memory at
   * once: blocks of names in UTF-8, each name with a slash after it. Other work is done between two
   * blocks. A block is overwritten by the next one. Rejects with {@linkcode FileError}.
   */
  listBlocks(path: string): AsyncIterable<Uint8Array>;
  /** Atomically renames a file within its directory. */
  rename(from: string, to: string): void;
  /** Gives a file a second name, which must not exist. Some file systems do not support it. */
  link(from: string, to: string): void;
  /** Removes a file. */
  remove(path: string): void;
  /** Removes an empty directory. */
  removeDirectory(path: string): void;
  /** Returns once the names in a directory are on the disk (`fsync(2)` of the directory). */
  syncDirectory(path: string): void;
  /**
   * Maps the first `size` bytes of an existing file, shared, under its exclusive lock (`flock(2)`);
   * `undefined` if another open file holds the lock. The mapping keeps the lock, without a
   * descriptor, until it is unmapped or the process ends (on some runtimes: the isolate). Keep a
   * reference to the buffer: the file is unmapped when the buffer is collected. Every block of
   * those bytes must have been written before: a store into a hole kills the process when the disk
   * is full. Absent where files cannot be mapped.
   */
  map?(path: string, size: number): Mapping | undefined;
  /**
   * Bytes that this user may still write to the file system in which `path` is. Absent where that is
   * not permitted.
   */
  freeBytes?(path: string): number;
  /** Whether {@linkcode FileHandle.tryLock} exists. */
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

/** ms between two looks at a signal. */
const SIGNAL_INTERVAL = 100;

/** Resolves after `delay` ms, or soon after the signal is given. */
export async function sleepUnless(timers: Timers, delay: number, signal: AbortSignal): Promise<void> {
  for (let left = delay; left > 0 && !signal.aborted; left -= SIGNAL_INTERVAL) {
    await timers.sleep(Math.min(left, SIGNAL_INTERVAL));
  }
}

/** Channels on which libraries tell what they do, such as `node:diagnostics_channel`. */
export interface Diagnostics {
  /**
   * Calls `listener`, which must not throw, with each message on a channel from now on. Does nothing
   * where there are no channels.
   */
  subscribe(channel: string, listener: (message: unknown) => void): void;
}

/** A CPU profile, as the Chrome DevTools protocol defines `Profiler.Profile`; times in µs. */
export interface CpuProfile {
  /** The call tree, the root first. */
  readonly nodes: readonly CpuProfileNode[];
  /** Start on the profiler's monotonic clock, µs. */
  readonly startTime: number;
  /** End on the same clock, µs. */
  readonly endTime: number;
  /** For each sample, the id of the node on top of the stack. */
  readonly samples?: readonly number[];
  /** For each sample, µs since the one before. */
  readonly timeDeltas?: readonly number[];
}

/**
 * A node of the call tree of a {@linkcode CpuProfile}. Lines and columns of `callFrame` count from
 * 0; -1 if unknown.
 */
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
  /** Samples with this node on top of the stack. */
  readonly hitCount?: number;
  /** Ids of the callees. */
  readonly children?: readonly number[];
  /** Samples per source line; lines count from 1. */
  readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[];
}

/** A position in a script. */
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
  /**
   * Starts sampling the stack every `interval` µs. Rejects if the runtime refuses, such as while
   * another profiler runs.
   */
  start(interval: number): Promise<void>;
  /** Stops sampling and returns the profile. Rejects if the runtime lost it. */
  stop(): Promise<CpuProfile>;
  /**
   * Maps a position in the running code to the source as written. Line and column are -1 for code
   * that is in no source. Returns `undefined` if the position is already in the source, or
   * unknown.
   */
  sourcePosition(position: SourcePosition): SourcePosition | undefined;
}

/** The environment variables of the process. Nothing here prompts. */
export interface Environment {
  /** The value of a variable; `undefined` if it is not set, or may not be read. */
  get(name: string): string | undefined;
  /** The permission that is lacking to read a variable, as a clause; `undefined` if none is. */
  denied(name: string): string | undefined;
  /** The names of all variables that are set; `undefined` if they may not be listed. */
  names(): readonly string[] | undefined;
}

/** The sampling profiler of this isolate's allocations. */
export interface HeapProfiler {
  /**
   * Starts to sample allocations, one each `interval` bytes on average. Rejects if the runtime
   * refuses.
   */
  start(interval: number): Promise<void>;
  /**
   * Stops, and returns what was allocated since the start and is still in use: `SamplingHeapProfile`
   * of the Chrome DevTools protocol. Rejects if the runtime lost it.
   */
  stop(): Promise<object>;
}

/** What a runtime tells about the program that it runs. What may not be read is absent. */
export interface ProgramFacts {
  /** Whether this isolate is the main thread or a worker. */
  readonly kind: "main" | "worker";
  /** The file name of the program's entry, without its directory. */
  readonly script?: string;
  /** The host's name. */
  readonly host?: string;
  /** The IANA time zone. */
  readonly timeZone?: string;
}

/** Why an isolate exits. */
export type ExitCause =
  | { readonly how: "exit"; readonly exitCode?: number }
  | { readonly how: "signal"; readonly signal: string }
  /** `error` is the class of the uncaught error. */
  | { readonly how: "uncaught"; readonly error?: string; readonly exitCode?: number };

/**
 * A hook that runs when an isolate exits. It must be synchronous and must not throw. `last` is
 * `true` if the program certainly does not go on. `cause` is absent if the program may well go on:
 * if it is given and `last` is `false`, the program will probably not.
 */
export type ExitHook = (last: boolean, cause?: ExitCause) => void;

/** Hooks that run when an isolate exits. */
export interface ExitHooks {
  /**
   * Adds a hook that is called when the isolate exits in any way that lets JavaScript run: natural
   * end, `exit`, an uncaught error, or a signal that would kill it. The exit status or signal of
   * the program stays the same, and if the program listens to a signal itself, its listeners
   * decide.
   *
   * The hook is called more than once: before and after the program's listeners, since either may
   * be the last code that runs. Returns a function that removes the hook.
   */
  add(hook: ExitHook): () => void;
}

/**
 * Times what programs give to servers. Nothing here throws, and what cannot be timed is returned as
 * it is.
 */
export interface ServerTimer {
  /** Times a handler that takes a request and returns a response. */
  handler<H>(handler: H): H;
  /** Times `fetch` and `routes` of an object: returns a copy of it. */
  server<S>(server: S): S;
  /**
   * Times a listener to the requests of a server of Node's API: a function of the request, the
   * response and further arguments, that returns when all listeners were called.
   */
  listener<L>(listener: L): L;
}

/** Is told of the requests of Node's API. Nothing here throws. */
export interface ClientRequestTimer {
  /** A request is about to be sent, or a part of it. */
  sent(request: object): void;
  /** The program gives a request up. */
  destroyed(request: object): void;
  /** A request is about to emit an event, with this argument. */
  emitted(request: object, event: unknown, argument: unknown): void;
}

/** Times what programs make requests with. Nothing here throws. */
export interface ClientTimer {
  /** Times a function as `fetch`. */
  fetch<F>(fetch: F): F;
  /** Times requests of Node's API. */
  readonly requests: ClientRequestTimer;
}

/** Something of the runtime that programs call, and that can be replaced. */
export interface Replaceable<By> {
  /** Its name, for `status()`. */
  readonly name: string;
  /**
   * Replaces it for all of the isolate, now or when the program first uses it. Returns a function that
   * puts the original back. `onFailure` is called if it turns out later that it cannot be replaced.
   *
   * @throws {Error} if it cannot be replaced, with the reason.
   */
  replace(by: By, onFailure?: (error: unknown) => void): () => void;
}

/** The capabilities of one isolate. */
export interface Runtime {
  /** `"deno"`, `"bun"`, `"node"`, or the fake's name. */
  readonly name: string;
  /** Version of the runtime. */
  readonly version: string;
  /** Process id, as written in each row. */
  readonly pid: number;
  /** Clock of all timepoints. */
  readonly clock: Clock;
  readonly files: Files;
  readonly environment: Environment;
  readonly timers: Timers;
  readonly memory: Memory;
  readonly resources?: Resources;
  /**
   * Starts a thread that takes a sample every `interval` ms while there has been no beat for that
   * long. It does not keep the program alive. Calls `onFailure` if the thread dies. Costs some MiB.
   *
   * @throws {Error} if no thread can be started.
   */
  readonly watchLoop?: (interval: number, onFailure: (reason: string) => void) => LoopWatch;
  /** Absent if the runtime never holds this isolate up. */
  readonly startupHold?: StartupHold;
  /** A new tracker at each access: each reports all collections, whatever others drain. */
  readonly gc?: GcTracker | undefined;
  readonly profiler?: CpuProfiler;
  readonly heapProfiler?: HeapProfiler;
  readonly exitHooks: ExitHooks;
  /** What makes servers: replaced, it makes servers whose requests are timed. */
  readonly servers: readonly Replaceable<ServerTimer>[];
  /**
   * What shows applications of frameworks before they serve: replaced, it passes on all objects that
   * may be one.
   */
  readonly applications: readonly Replaceable<(candidate: object) => void>[];
  /** What makes outgoing requests: replaced, it makes requests that are timed. */
  readonly clients: readonly Replaceable<ClientTimer>[];
  /**
   * What makes workers: replaced, it makes workers that load a module, by its URL, before their own.
   * Empty where workers do so by themselves.
   */
  readonly workers: readonly Replaceable<string>[];
  /** What is known about the program. Never prompts. */
  programFacts(): ProgramFacts;
  /**
   * SHA-256 of bytes, 64 hexadecimal digits, at once: for some KB that takes 2 µs, where Web Crypto,
   * which asks another thread, takes 50 to 200.
   */
  readonly sha256?: (bytes: Uint8Array) => string;
  /** Draws eight random hexadecimal digits, which identify an isolate beside its PID. */
  isolateId(): string;
  /** The absent capabilities, each with the reason as a clause, such as `needs --allow-ffi`. */
  readonly unavailable: Readonly<Partial<Record<CapabilityName, string>>>;
}

/** Messages for the most frequent values of `errno`, the same on every runtime. */
const ERRNO_TEXTS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EDQUOT: "disk quota exceeded",
  EEXIST: "a file of that name already exists",
  EFBIG: "file too large",
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

/** Whether an error code, such as `"ENOENT"`, means that there is no such file. */
export function isMissingFile(code: string): boolean {
  return code === "ENOENT" || code === "ENOTDIR";
}

/**
 * Runs a file operation; `undefined` if there is no such file.
 *
 * @throws {FileError} if it fails otherwise.
 */
export function unlessMissing<T>(operation: () => T): T | undefined {
  try {
    return operation();
  } catch (error) {
    if (error instanceof FileError && isMissingFile(error.code)) return undefined;
    throw error;
  }
}

/** Runs a file operation; `undefined` if there is no such file, or it cannot be read. */
export function unlessUnreadable<T>(operation: () => T): T | undefined {
  try {
    return operation();
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}

/**
 * Reads from byte `at` on until `into` is full or the file ends, and returns the number of bytes
 * read.
 *
 * @throws {FileError}
 */
export function readFully(file: ByteSource, into: Uint8Array, at: number): number {
  let filled = 0;
  while (filled < into.length) {
    const read = file.readAt(into.subarray(filled), at + filled);
    if (!(read > 0)) break;
    filled += read;
  }
  return filled;
}

/** Bytes in memory, to be read as if they were a file. */
export function inMemory(bytes: Uint8Array): ByteSource {
  return {
    readAt: (into, at) => {
      const some = bytes.subarray(at, at + into.length);
      into.set(some);
      return some.length;
    },
  };
}

/** The failure of a file operation. */
export class FileError extends Error {
  /** Always `"FileError"`. */
  override readonly name = "FileError";
  /**
   * The name of `errno`, such as `"ENOENT"`; `"DENIED"` if a permission of the runtime is missing;
   * else `"UNKNOWN"`.
   */
  readonly code: string;

  /**
   * With the runtime's error as `cause`, the message is ours for that code if there is one, and
   * `message` otherwise.
   */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(options?.cause === undefined ? message : ERRNO_TEXTS[code] ?? message, options);
    this.code = code;
  }
}
