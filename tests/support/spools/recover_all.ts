import { CsvEncoder } from "../../../src/csv/encode.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import { Recovery, type RecoverySummary } from "../../../src/files/recovery.ts";
import type { Clock } from "../../../src/runtime.ts";
import { FakeClock } from "../fake/runtime.ts";
import type { DiskOperation, MemoryDisk } from "../fake/memory_disk.ts";
import { DIRECTORY, temporaryPaths } from "../fake/published_files.ts";
import type { RecordedRows } from "./recorded_rows.ts";

/** The clock of a recovery: a fake one, long after the times that tests record. */
export const LATER: Clock = Object.assign(new FakeClock(), { time: 1e15 });

/**
 * Runs a recovery of the tests' directory to its end; with `syncs`, as a program with durability
 * `fsync` does.
 */
export function recoverAll(disk: MemoryDisk, syncs = false, whileWaiting: () => void = () => {}): RecoverySummary {
  const directory = new MonitoringDirectory(disk, DIRECTORY, { syncs });
  const recovery = new Recovery({ directory, encoder: new CsvEncoder(), clock: LATER });
  for (const delay of recovery.run()) if (delay > 0) whileWaiting();
  return recovery.summary;
}

/** Most bytes of CSV that a write takes: not whole rows, so that a kill can tear one. */
const CHOP = 333;

/**
 * From now on a write takes at most `most` bytes of CSV, and `before` is called before each
 * operation.
 */
export function chop(disk: MemoryDisk, before: (operation: DiskOperation, path: string) => void, most = CHOP): void {
  disk.before = (operation, path) => {
    disk.writeLimit = path.includes(".spool") ? Infinity : most;
    before(operation, path);
  };
}

/** Paths of spools and temporary files. */
export function leftBehind(disk: MemoryDisk): string[] {
  return temporaryPaths(disk);
}

/**
 * Errors on a disk where everything was recovered: every row must be in a file once, and there must
 * be no other files.
 */
export function wrongAfter(disk: MemoryDisk, rows: RecordedRows, summary: RecoverySummary): string[] {
  const { count, wrong } = rows.findIn(disk);
  if (count !== rows.size) wrong.push(`${count} of ${rows.size} rows are there`);
  wrong.push(...leftBehind(disk).map((path) => `${path} was left behind`));
  wrong.push(...summary.failures.map(({ message }) => message));
  if (summary.damaged > 0) wrong.push(`${summary.damaged} rows are reported damaged`);
  if (disk.openHandles > 0 || disk.mappings > 0) wrong.push(`${disk.openHandles} handles, ${disk.mappings} mappings`);
  return wrong;
}

/** Recovers on the disk of killed programs, and returns the errors. */
export function wrongOnceRecovered(killed: MemoryDisk, rows: RecordedRows, syncs = false): string[] {
  killed.writeLimit = Infinity; // a kill may tear a write of rows, but not that of the few bytes of a flush journal
  const published = rows.findIn(killed).count;
  const summary = recoverAll(killed, syncs);
  const wrong = wrongAfter(killed, rows, summary);
  if (published + summary.rows !== rows.size) {
    wrong.push(`${summary.rows} rows are said to be published after ${published}`);
  }
  return wrong;
}

/** Result of killing recoveries. */
export interface Killed {
  /** Number of kills. */
  kills: number;
  /** Errors after the next recovery, with the place of the kill. */
  readonly wrong: string[];
}

/**
 * Kills a recovery at each of its operations, and recovers again, on copies of a disk.
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
