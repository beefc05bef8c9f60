import { FileError } from "../../../src/runtime.ts";
import type { Layout } from "../../../src/files/names.ts";
import { type DiskOperation, MemoryDisk } from "../fake/memory_disk.ts";
import { KILLED_ROWS, type KilledOptions, KilledProgram } from "./killed_program.ts";
import { chop } from "./recover_all.ts";
import { RecordedRows } from "./recorded_rows.ts";

/** Where a recording goes on, with what it may look at. */
export interface Stage {
  readonly disk: MemoryDisk;
  readonly rows: RecordedRows;
  readonly options: KilledOptions;
  /** Called after each row. */
  readonly between: () => void;
  /** What the disk does before each operation, after the kill; may throw. */
  trouble: (operation: DiskOperation, path: string) => void;
}

/** One way to record, begin to end. Nothing is dropped. */
export type Recording = (stage: Stage) => Promise<KilledProgram>;

function begin({ disk, rows, options }: Stage): KilledProgram {
  return new KilledProgram(disk, rows, options);
}

/** Fails some operations, from the first that `hits` is true of. */
function failing(
  code: string,
  times: number,
  hits: (operation: DiskOperation, path: string) => boolean,
): Stage["trouble"] {
  let left = times;
  return (operation, path) => {
    if (left === 0 || !hits(operation, path)) return;
    left--;
    throw new FileError(code, `${code}: ${operation} ${path}`);
  };
}

const isCsv = (path: string): boolean => /\.csv(\..*)?(\.tmp)?$/.test(path);

/**
 * Fills and flushes several segments, each both ways: beside the program, and at once as both
 * buffers are full.
 */
async function stopped(stage: Stage): Promise<KilledProgram> {
  const program = begin(stage);
  program.record(KILLED_ROWS + 10, stage.between);
  program.runtime.timers.advance(0);
  program.record(KILLED_ROWS + 30, stage.between);
  program.runtime.timers.advance(1_000);
  program.record(20, stage.between);
  await program.channels.close();
  return program;
}

/** The program ends without a stop. */
async function ended(stage: Stage): Promise<KilledProgram> {
  const program = begin(stage);
  program.record(KILLED_ROWS + 10, stage.between);
  program.channels.flushNow(false);
  program.record(5, stage.between);
  program.channels.flushNow(true);
  return await Promise.resolve(program);
}

/** Writes fail, and are done again. */
async function retried(stage: Stage): Promise<KilledProgram> {
  const program = begin(stage);
  let writes = 0;
  stage.trouble = failing("ENOSPC", 3, (operation, path) => operation === "write" && isCsv(path) && ++writes % 4 === 0);
  program.record(KILLED_ROWS + 1, stage.between);
  program.runtime.timers.advance(900);
  program.record(20, stage.between);
  stage.trouble = failing("EIO", 2, (operation) => operation === "close" || operation === "rename");
  program.runtime.timers.advance(3_000);
  program.record(20, stage.between);
  // What was appended cannot be taken back either.
  const fails = (operation: DiskOperation, path: string): boolean =>
    operation === "truncate" || operation === "write" && isCsv(path) && ++writes % 4 === 0;
  stage.trouble = failing("EIO", 3, fails);
  await program.channels.close();
  return program;
}

/** Another program holds the lock of what is appended to, for a while, and then to the end. */
async function locked(stage: Stage): Promise<KilledProgram> {
  const program = begin(stage);
  const { disk } = stage;
  const { clock, timers } = program.runtime;
  stage.trouble = (operation, path) => {
    if (operation === "lock" && isCsv(path)) clock.time += 200e6; // so that nobody is patient for long
  };
  program.record(10, stage.between);
  timers.advance(1_000);
  const lock = (): () => void => {
    const paths = disk.paths().filter((path) => /\/(duration|custom)\.csv$/.test(path));
    const releases = paths.map((path) => disk.lock(path));
    return () => releases.forEach((release) => release());
  };
  const release = lock();
  program.record(10, stage.between);
  timers.advance(1_010);
  release();
  timers.advance(10);
  program.record(10, stage.between);
  lock();
  await program.channels.close();
  return program;
}

/**
 * For layout append: some rows are there for good though the disk fails, and then locks stop to
 * work, so the others go to a file of their own. What there is of a torn row in between is for
 * others to cut off who append.
 */
export async function divided(stage: Stage): Promise<KilledProgram> {
  const program = begin(stage);
  program.record(40, stage.between);
  let writes = 0;
  stage.trouble = failing(
    "EIO",
    4,
    (operation, path) =>
      operation === "truncate" || operation === "write" && path.endsWith(".csv") && ++writes % 3 === 0,
  );
  program.runtime.timers.advance(1_000);
  stage.trouble = failing("ENOLCK", Infinity, (operation, path) => operation === "lock" && isCsv(path));
  await program.channels.close();
  return program;
}

/** Locks stop to work, so files of their own are written. */
async function unlockable(stage: Stage): Promise<KilledProgram> {
  const program = begin(stage);
  program.record(10, stage.between);
  program.runtime.timers.advance(1_000);
  stage.trouble = failing("ENOLCK", Infinity, (operation, path) => operation === "lock" && isCsv(path));
  program.record(10, stage.between);
  program.runtime.timers.advance(1_000);
  program.record(10, stage.between);
  await program.channels.close();
  return program;
}

/** Files cannot have two names. */
async function unlinkable(stage: Stage): Promise<KilledProgram> {
  const program = begin(stage);
  stage.trouble = failing("EPERM", Infinity, (operation) => operation === "link");
  program.record(10, stage.between);
  await program.channels.close();
  return program;
}

/** What is appended to is moved, and deleted after that, in the middle. */
async function moved(stage: Stage): Promise<KilledProgram> {
  const program = begin(stage);
  const { disk } = stage;
  program.record(10, stage.between);
  program.runtime.timers.advance(1_000);
  for (const path of disk.paths()) {
    if (/\/(duration|custom)\.csv$/.test(path)) disk.move(path, path.replace(".csv", ".moved.csv"));
  }
  program.record(10, stage.between);
  let writes = 0;
  stage.trouble = (operation, path) => {
    if (operation !== "write" || !path.endsWith("/custom.csv") || ++writes !== 2) return;
    disk.move(path, path.replace(".csv", ".again.csv"));
  };
  program.runtime.timers.advance(1_000);
  await program.channels.close();
  return program;
}

/** Files, then their directory, cannot be synced for a while. */
async function unsynced(stage: Stage): Promise<KilledProgram> {
  const program = begin(stage);
  stage.trouble = failing("EIO", 2, (operation) => operation === "sync");
  program.record(10, stage.between);
  program.runtime.timers.advance(2_000);
  stage.trouble = failing("EIO", 2, (operation) => operation === "syncDirectory");
  program.record(10, stage.between);
  program.runtime.timers.advance(2_000);
  let syncs = 0;
  stage.trouble = (operation) => {
    if (operation === "syncDirectory" && ++syncs === 1) throw new FileError("EIO", "syncDirectory");
    if (operation === "rename" && syncs === 1) throw new FileError("EIO", "rename back");
  };
  program.record(10, stage.between);
  program.runtime.timers.advance(500);
  stage.trouble = () => {};
  await program.channels.close();
  return program;
}

/** Those of each layout, by what happens. */
export const RECORDINGS: Readonly<Record<Layout, Readonly<Record<string, Recording>>>> = {
  segments: {
    "and stops": stopped,
    "and ends": ended,
    "on a disk that fails for a while": retried,
    "where syncing fails for a while": unsynced,
  },
  append: {
    "and stops": stopped,
    "and ends": ended,
    "on a disk that fails for a while": retried,
    "where syncing fails for a while": unsynced,
    "while another program holds the locks": locked,
    "where locks stop to work": unlockable,
    "where files have one name only": unlinkable,
    "while its files are moved": moved,
  },
};

/**
 * Does so on a disk of its own, and calls `look` before each operation of it, after each row and at
 * the end.
 */
export async function recordLooking(
  recording: Recording,
  options: KilledOptions,
  look: (disk: MemoryDisk, rows: RecordedRows, at: string) => void,
  mostOfCsv?: number,
): Promise<KilledProgram> {
  const disk = new MemoryDisk();
  disk.plant("/", "directory"); // to be synced
  const rows = new RecordedRows();
  const stage: Stage = { disk, rows, options, between: () => look(disk, rows, A_ROW), trouble: () => {} };
  chop(disk, (operation, path) => {
    look(disk, rows, `${operation} ${path}`);
    stage.trouble(operation, path);
  }, mostOfCsv);
  const program = await recording(stage);
  look(disk, rows, "the end");
  return program;
}

/** Where a program is between two rows. */
export const A_ROW = "a row";

/** A few rows of every kind, then so many more; in layout append into the same files. */
export function fewRows(more: number): Recording {
  return async ({ disk, rows, options }) => {
    const program = new KilledProgram(disk, rows, options);
    program.record(6);
    program.runtime.timers.advance(1_000);
    program.record(more);
    await program.channels.close();
    return program;
  };
}
