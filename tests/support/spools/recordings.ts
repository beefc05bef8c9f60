import { FileError } from "../../../src/runtime.ts";
import type { Layout } from "../../../src/files/names.ts";
import { type DiskOperation, MemoryDisk } from "../fake/memory_disk.ts";
import { KILLED_ROWS, type KilledOptions, KilledProgram } from "./killed_program.ts";
import { chop } from "./recover_all.ts";
import { RecordedRows } from "./recorded_rows.ts";

/** What a recording uses. */
export interface Stage {
  readonly disk: MemoryDisk;
  readonly rows: RecordedRows;
  readonly options: KilledOptions;
  /** Called after each row. */
  readonly between: () => void;
  /** Called before each operation of the disk, after the test had its chance to kill; may throw. */
  trouble: (operation: DiskOperation, path: string) => void;
}

/** Records in some way, from beginning to end, and drops nothing. */
export type Recording = (stage: Stage) => Promise<KilledProgram>;

function begin({ disk, rows, options }: Stage): KilledProgram {
  return new KilledProgram(disk, rows, options);
}

/** Fails the first `times` operations for which `hits` returns `true`. */
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
 * Fills and flushes several segments both ways: in slices on timers, and at once because both
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

/** The program ends without `stop`. */
async function ended(stage: Stage): Promise<KilledProgram> {
  const program = begin(stage);
  program.record(KILLED_ROWS + 10, stage.between);
  program.channels.flushNow(false);
  program.record(5, stage.between);
  program.channels.flushNow(true);
  return await Promise.resolve(program);
}

/** Writes fail, and are retried. */
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
  // Appended rows cannot be removed either.
  const fails = (operation: DiskOperation, path: string): boolean =>
    operation === "truncate" || operation === "write" && isCsv(path) && ++writes % 4 === 0;
  stage.trouble = failing("EIO", 3, fails);
  await program.channels.close();
  return program;
}

/**
 * Another program holds the lock of the file to append to for a while, and later until the program
 * has ended.
 */
async function locked(stage: Stage): Promise<KilledProgram> {
  const program = begin(stage);
  const { disk } = stage;
  const { clock, timers } = program.runtime;
  stage.trouble = (operation, path) => {
    if (operation === "lock" && isCsv(path)) clock.time += 200e6; // so that patience ends soon
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
 * For layout append: the disk fails, but some rows stay in the file because it refuses to truncate
 * too; then locks stop working, so the other rows go to a separate file. The torn row
 * in the common file is left to the next writer.
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

/** Locks stop working, so each segment gets a separate file. */
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

/** The file system has no hard links. */
async function unlinkable(stage: Stage): Promise<KilledProgram> {
  const program = begin(stage);
  stage.trouble = failing("EPERM", Infinity, (operation) => operation === "link");
  program.record(10, stage.between);
  await program.channels.close();
  return program;
}

/** The files to append to are moved, between two writes and within one. */
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

/** Recordings of each layout, by what happens. */
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
    "where locks stop working": unlockable,
    "where there are no hard links": unlinkable,
    "while its files are moved": moved,
  },
};

/**
 * Runs a recording on a disk of its own, and calls `look` before each operation of the disk, after
 * each row and at the end.
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

/** What `look` is given as `at` after a row. */
export const A_ROW = "a row";

/** Records six rows and flushes them, then `more`; in layout append into the same files. */
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
