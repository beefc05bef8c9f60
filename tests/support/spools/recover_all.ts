import { CsvEncoder } from "../../../src/csv/encode.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import { Recovery, type RecoverySummary } from "../../../src/files/recovery.ts";
import type { DiskOperation, MemoryDisk } from "../fake/memory_disk.ts";
import { DIRECTORY, temporaryPaths } from "../published_files.ts";
import type { RecordedRows } from "./recorded_rows.ts";

/**
 * Recovers what is in the directory of the tests, to the end; `syncs` as a program with durability
 * `fsync` does.
 */
export function recoverAll(disk: MemoryDisk, syncs = false, whileWaiting: () => void = () => {}): RecoverySummary {
  const directory = new MonitoringDirectory(disk, DIRECTORY, syncs);
  const recovery = new Recovery({ directory, encoder: new CsvEncoder() });
  for (const delay of recovery.run()) if (delay > 0) whileWaiting();
  return recovery.summary;
}

/** Bytes of CSV that a write takes at most: not whole rows, so that a kill may tear one. */
const CHOP = 333;

/**
 * From now on a write takes `most` bytes of CSV at most, and `before` is called before each
 * operation.
 */
export function chop(disk: MemoryDisk, before: (operation: DiskOperation, path: string) => void, most = CHOP): void {
  disk.before = (operation, path) => {
    disk.writeLimit = path.includes(".spool") ? Infinity : most;
    before(operation, path);
  };
}

/** Hidden paths. */
export function leftBehind(disk: MemoryDisk): string[] {
  return temporaryPaths(disk);
}

/**
 * What is wrong on a disk where everything was recovered: all rows must be there once, and nothing
 * else.
 */
export function wrongAfter(disk: MemoryDisk, rows: RecordedRows, summary: RecoverySummary): string[] {
  const { count, wrong } = rows.findIn(disk);
  if (count !== rows.size) wrong.push(`${count} of ${rows.size} rows are there`);
  wrong.push(...leftBehind(disk).map((path) => `${path} was left behind`));
  wrong.push(...summary.failures.map(({ message }) => message));
  if (summary.damaged > 0) wrong.push(`${summary.damaged} rows are said to be damaged`);
  if (disk.openHandles > 0 || disk.mappings > 0) wrong.push(`${disk.openHandles} handles, ${disk.mappings} mappings`);
  return wrong;
}

/** Recovers on the disk of programs that were killed; returns what is wrong then. */
export function wrongOnceRecovered(killed: MemoryDisk, rows: RecordedRows, syncs = false): string[] {
  killed.writeLimit = Infinity; // a kill may tear a write, but not the few bytes by which a spool is noted
  const published = rows.findIn(killed).count;
  const summary = recoverAll(killed, syncs);
  const wrong = wrongAfter(killed, rows, summary);
  if (published + summary.rows !== rows.size) {
    wrong.push(`${summary.rows} rows are said to be published after ${published}`);
  }
  return wrong;
}

/** What happened when programs were killed. */
export interface Killed {
  /** How often. */
  kills: number;
  /** What was wrong after the recovery, and where the kill was. */
  readonly wrong: string[];
}

/**
 * Kills the recovery of a disk, which stays as it is, at each of its operations, and recovers
 * again.
 */
export function killRecovery(killed: MemoryDisk, rows: RecordedRows, syncs = false): Killed {
  const disk = killed.clone();
  const result: Killed = { kills: 0, wrong: [] };
  chop(disk, (operation, path) => {
    result.kills++;
    const wrong = wrongOnceRecovered(disk.clone(), rows, syncs);
    result.wrong.push(...wrong.map((what) => `recovery killed at ${operation} ${path}: ${what}`));
  });
  recoverAll(disk, syncs);
  return result;
}
