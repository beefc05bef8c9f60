import { reason } from "../../errors.ts";
import { MonitoringDirectory, release } from "../../files/directory.ts";
import { type Liveness, SpoolOwners } from "../../files/liveness.ts";
import { parseProgramFileName, processKey } from "../../files/names.ts";
import { MAX_PROGRAM_BYTES, parseProgramRecord, type ProgramRecord } from "../../files/program_record.ts";
import { findRegularFile } from "../../files/regular_file.ts";
import type { Files } from "../../runtime.ts";

/** The program records of some directories. */
export interface ProgramRecords {
  /** Records by the key of their process. */
  readonly byProcess: ReadonlyMap<string, ProgramRecord>;
  /** Whether the processes live whose records have no end. */
  readonly liveness: ReadonlyMap<string, Liveness>;
  /** Records that were not read: their paths, and why, in a sentence that calls each "it". */
  readonly problems: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Reads the program records of directories. What cannot be read, or is damaged or of a later
 * version, is left out and reported. Does not throw: rows do not depend on records.
 */
export function readProgramRecords(files: Files, directories: Iterable<string>): ProgramRecords {
  const byProcess = new Map<string, ProgramRecord>();
  const liveness = new Map<string, Liveness>();
  const problems: { path: string; reason: string }[] = [];
  const buffer = new Uint8Array(MAX_PROGRAM_BYTES + 1);
  for (const directory of directories) {
    let owners: SpoolOwners | undefined;
    for (const name of namesIn(files, directory)) {
      const path = `${directory}/${name}`;
      try {
        const bytes = readBytes(files, path, buffer);
        const record = typeof bytes === "string"
          ? { ok: false as const, reason: bytes }
          : parseProgramRecord(name, bytes);
        if (record.ok) {
          const key = processKey(record.value);
          byProcess.set(key, record.value);
          if (record.value.end !== undefined) continue;
          owners ??= new SpoolOwners(new MonitoringDirectory(files, directory));
          liveness.set(key, owners.liveness(record.value));
        } else problems.push({ path, reason: record.reason });
      } catch (error) {
        problems.push({ path, reason: reason(error) });
      }
    }
  }
  return { byProcess, liveness, problems };
}

/** The names of the records in a directory, sorted; none if it cannot be listed. */
function namesIn(files: Files, directory: string): string[] {
  try {
    return files.list(directory).filter((name) => parseProgramFileName(name) !== undefined).sort();
  } catch {
    return [];
  }
}

/** The content of a file, or why it has none. A pipe is not opened: that might never return. */
function readBytes(files: Files, path: string, buffer: Uint8Array): Uint8Array | string {
  const found = findRegularFile(files, path);
  if (!found.ok) return found.reason;
  const handle = files.open(found.value.path, "read");
  try {
    // One read has all of a regular file that is shorter than the buffer.
    return buffer.slice(0, handle.readAt(buffer, 0));
  } finally {
    release(handle);
  }
}
