import { reason } from "../../errors.ts";
import { MonitoringDirectory } from "../../files/directory.ts";
import { type Liveness, ProgramOwners } from "../../files/liveness.ts";
import { parseProgramFileName, type ProcessId, processKey } from "../../files/names.ts";
import { type ProgramRecord, readProgramRecord } from "../../files/program_record.ts";
import type { Files } from "../../runtime.ts";

/** The program records of some directories. */
export interface ProgramRecords {
  /** Records by the key of their process. */
  readonly byProcess: ReadonlyMap<string, ProgramRecord>;
  /** Whether the processes live whose records have no end. */
  readonly liveness: ReadonlyMap<string, Liveness>;
  /** Records that were not read because there were too many. */
  readonly skipped: number;
  /** Records that could not be read: their paths, and why, in a sentence that calls each "it". */
  readonly problems: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Records that are read beside those of the processes asked for. Each takes 20 to 40 µs, and
 * monitoring directories may hold those of years.
 */
export const MAX_OTHERS = 1_000;

/**
 * Reads the program records of directories: those of the processes in `wanted`, and up to 1,000
 * others. What cannot be read, or is damaged or of a later version, is left out and reported. Does
 * not throw: rows do not depend on records.
 */
export function readProgramRecords(
  files: Files,
  directories: Iterable<string>,
  wanted: readonly ProcessId[] = [],
): ProgramRecords {
  return readRecords(files, directories, wanted, MAX_OTHERS);
}

/** Reads all program records of directories, as {@linkcode readProgramRecords} does. */
export function readAllProgramRecords(files: Files, directories: Iterable<string>): ProgramRecords {
  return readRecords(files, directories, [], Infinity);
}

/** Several records together; of a process that is in more than one, the last counts. */
export function joinRecords(all: readonly ProgramRecords[]): ProgramRecords {
  return {
    byProcess: new Map(all.flatMap(({ byProcess }) => [...byProcess])),
    liveness: new Map(all.flatMap(({ liveness }) => [...liveness])),
    skipped: all.reduce((sum, { skipped }) => sum + skipped, 0),
    problems: all.flatMap(({ problems }) => problems),
  };
}

function readRecords(
  files: Files,
  directories: Iterable<string>,
  wanted: readonly ProcessId[],
  mostOthers: number,
): ProgramRecords {
  const keys = new Set(wanted.map(processKey));
  let others = 0;
  const byProcess = new Map<string, ProgramRecord>();
  const liveness = new Map<string, Liveness>();
  const problems: { path: string; reason: string }[] = [];
  for (const directory of directories) {
    let owners: ProgramOwners | undefined;
    for (const { name, key } of namesIn(files, directory)) {
      if (!keys.has(key) && ++others > mostOthers) continue;
      const path = `${directory}/${name}`;
      try {
        const record = readProgramRecord(files, path);
        if (record.ok) {
          byProcess.set(key, record.value);
          if (record.value.end !== undefined) continue;
          owners ??= new ProgramOwners(new MonitoringDirectory(files, directory));
          liveness.set(key, owners.liveness(record.value));
        } else {
          problems.push({ path, reason: record.reason });
        }
      } catch (error) {
        problems.push({ path, reason: reason(error) });
      }
    }
  }
  return { byProcess, liveness, skipped: Math.max(0, others - mostOthers), problems };
}

/** The names of the records in a directory, sorted; none if it cannot be listed. */
function namesIn(files: Files, directory: string): { readonly name: string; readonly key: string }[] {
  try {
    const names: { name: string; key: string }[] = [];
    for (const name of files.list(directory)) {
      const owner = parseProgramFileName(name);
      if (owner !== undefined) names.push({ name, key: processKey(owner) });
    }
    return names.sort((one, other) => one.name < other.name ? -1 : 1);
  } catch {
    return [];
  }
}
