import { readFileSync, writeFileSync } from "node:fs";
import { sequenceText } from "../fake/published_files.ts";

/** The channels of the files that a program records; it may spool for each of them. */
const CHANNELS = ["duration", "runtime", "custom"];

/**
 * How far names are foreseen: isolates of the program, names tried for a file, and spools of an
 * isolate and channel.
 */
const ISOLATES = 2;
const ATTEMPTS = 4;
const SPOOLS = 6;

/** Default number of files for each isolate and channel. */
const FILES = 6;

/** The system calls that files are used with, as either runtime makes them. */
export const FILE_CALLS: readonly string[] = [
  ..."open openat creat close mkdir mkdirat stat lstat fstat newfstatat statx access faccessat faccessat2".split(" "),
  ..."read pread64 readv preadv write pwrite64 writev pwritev lseek ftruncate truncate fallocate".split(" "),
  ..."rename renameat renameat2 link linkat unlink unlinkat chmod fchmod fchmodat".split(" "),
  ..."flock fcntl fsync fdatasync getdents64 mmap ioctl copy_file_range sendfile".split(" "),
];

/** A system call that a traced program made on a file that was watched. */
export interface TracedCall {
  /** Its name. */
  readonly name: string;
  /** Whether a fault took its place, or came with it. */
  readonly injected: boolean;
  /** The line of the trace. */
  readonly line: string;
}

/** How a program is traced. */
export interface TraceOptions {
  /**
   * The monitoring directory; calls on it and on the files in it are traced, and no others. An
   * absolute path without links.
   */
  readonly directory: string;
  /**
   * File of the trace, in another directory. It is complete once the output of the program has
   * ended.
   */
  readonly log: string;
  /** Faults for the calls, in the syntax of `strace -e inject=`: `"write:error=EIO:when=3+"`. */
  readonly inject?: readonly string[];
  /** How many files of each isolate and channel are foreseen; 6 by default. */
  readonly files?: number;
  /** Paths that are watched as well. */
  readonly also?: readonly string[];
  /** Traces calls on all files, with their paths, to check that none is missed otherwise. */
  readonly anywhere?: boolean;
}

/**
 * The command that runs the rest of its arguments under strace.
 *
 * strace tells calls apart by whole paths only, not by directory, so that all names have to be
 * known beforehand: the program must import `fixtures/known_names.ts`, and strace is made a
 * grandchild (`-D`), which leaves the program the PID of the shell, `$$`.
 *
 * **strace counts for `when` per system call and per thread, and after its filters.** Both runtimes
 * use the files of a program on the thread that calls, so for a program with one isolate "the Nth
 * write" is what it says. A call that comes with SIGKILL is not made.
 */
export function underStrace(
  { directory, log, inject = [], files = FILES, also = [], anywhere = false }: TraceOptions,
): string[] {
  const paths = [
    ...[directory, ...also].map((path) => `-P '${path}'`),
    ...foreseenNames(files).map((name) => `-P '${directory}'/${name}`),
  ];
  // Of strace 6.1 signals get lost where it watches by `--seccomp-bpf`, which is faster.
  const filter = inject.some((fault) => fault.includes(":signal=")) ? "" : "--seccomp-bpf";
  const options = [
    `-D -f -qq ${filter} -s 0 -o '${log}'`,
    `-e trace=${FILE_CALLS.map((name) => `?${name}`).join(",")}`,
    ...inject.map((fault) => `-e inject='${fault}'`),
    ...anywhere ? ["-y"] : paths,
  ];
  // In a file, since no argument may be as long as that.
  const script = `${log}.sh`;
  writeFileSync(script, `exec strace ${options.join(" ")} -- "$@"\n`);
  return ["sh", script];
}

/** The names of files that a program with known names may make; the shell puts the PID in. */
function foreseenNames(files: number): string[] {
  const owners = range(ISOLATES).map((isolate) => `$$-${isolate.toString(16).padStart(8, "0")}`);
  return CHANNELS.flatMap((channel) => [
    `${channel}.csv`,
    ...owners.flatMap((owner) => namesOf(channel, owner, files)),
  ]).concat(
    owners.flatMap((owner) => [`program.${owner}.json`, `.program.${owner}.json.tmp`]),
    owners.flatMap((owner) =>
      ["json", "lock"].flatMap((end) => [`.programs/${owner}.${end}`, `.programs/${owner}.${end}.new.tmp`])
    ),
    ".control",
    ".programs",
    ".probe.i.tmp",
    ".spools",
  );
}

function namesOf(channel: string, owner: string, files: number): string[] {
  const published = range(files).flatMap((sequence) => {
    const unique = `${owner}-${sequenceText(sequence)}`;
    const attempts = ["", "-0", ...range(ATTEMPTS).map((attempt) => `-${attempt}`)];
    return attempts.flatMap((attempt) => [
      `${channel}.${unique}${attempt}.csv`,
      `.${channel}.${unique}${attempt}.csv.tmp`,
      `.${channel}.csv.${unique}${attempt}.tmp`,
    ]);
  });
  const spools = range(SPOOLS).flatMap((number) => {
    const spool = `.spools/${channel}.${owner}.${number}.spool`;
    return [spool, `${spool}.tmp`, `${spool}.damaged`];
  });
  return [...published, ...spools];
}

function range(end: number): number[] {
  return Array.from({ length: end }, (_, i) => i + 1);
}

/** The calls in a trace, in their order. */
export function readTrace(log: string): TracedCall[] {
  return readFileSync(log, "utf8").split("\n").flatMap((line) => {
    const name = /^\d+ +(\w+)\(/.exec(line)?.[1];
    return name === undefined ? [] : [{ name, injected: /\((INJECTED|DELAYED)\)/.test(line), line }];
  });
}

/**
 * The names in a monitoring directory that calls were made on and that had not been foreseen: no
 * fault would come to those calls.
 */
export function unforeseenNames(calls: readonly TracedCall[], directory: string, files = FILES): string[] {
  const foreseen = new Set(["", ...foreseenNames(files)]);
  return calls.flatMap(({ line }) =>
    line.split(directory).slice(1).map((rest) => /^\/?([^">]*?)(?: \(deleted\))?[">]/.exec(rest)![1]!)
  )
    .filter((name) => !foreseen.has(name.replace(/(?<=\.)\d+(?=-[0-9a-f]{8}[-.])/, () => "$$")));
}

/**
 * What to inject so that `what` happens to call number `n` (from 1) of those that a run makes,
 * which are known from a run before.
 */
export function atCall(calls: readonly TracedCall[], n: number, what: string): string[] {
  const before = calls.slice(0, n);
  const { name } = before.at(-1)!;
  return [`${name}:${what}:when=${before.filter((call) => call.name === name).length}`];
}

/** As {@linkcode atCall} for a program with several threads: strace counts by thread. */
export function atCallOfThread(calls: readonly TracedCall[], n: number, what: string): string[] {
  const threadOf = ({ line }: TracedCall): string => /^\d+/.exec(line)![0];
  const thread = threadOf(calls[n - 1]!);
  const own = calls.slice(0, n).filter((call) => threadOf(call) === thread);
  return atCall(own, own.length, what);
}

/**
 * What to inject so that `what` happens to call number `n` and to `count` calls of each kind from
 * there on; to all of them by default.
 */
export function fromCall(calls: readonly TracedCall[], n: number, what: string, count?: number): string[] {
  const before = calls.slice(0, n - 1);
  return FILE_CALLS.map((name) => {
    const first = before.filter((call) => call.name === name).length + 1;
    return `?${name}:${what}:when=${first}${count === undefined ? "+" : `..${first + count - 1}`}`;
  });
}
