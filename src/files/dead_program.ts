import { accessLike, type MonitoringDirectory, unlessGone } from "./directory.ts";
import { replaceFile } from "./atomic_file.ts";
import { NANOSECONDS_PER_MS } from "../series.ts";
import { filesOfPrograms, pathOf, ProgramOwners, removeProgramFiles } from "./liveness.ts";
import { type ProcessId, processKey, programFileName } from "./names.ts";
import { parseProgramRecord, readRecordBytes, withEnd } from "./program_record.ts";
import { type FoundSpool, SpoolReader } from "./spool_reader.ts";

/**
 * Writes into the record of a dead program that it was killed, and when it was last seen, unless the
 * record has an end. A record that is gone, cannot be read or is a link is left alone.
 *
 * The caller holds the lock of the spool `held`, so that nobody else does the same, and has changed
 * none of the spools, which are the evidence. If one of the `others` is locked, nothing is written.
 * Yields between spools.
 *
 * @throws {FileError}
 */
export function* recordKilled(
  directory: MonitoringDirectory,
  id: ProcessId,
  held: SpoolReader,
  others: readonly FoundSpool[],
  now: bigint,
): Generator<number, void> {
  const record = recordWithoutEnd(directory, id);
  if (record === undefined) return;
  let at = record.started;
  for (const spool of [held, ...others]) {
    const seen = spool instanceof SpoolReader ? lastSeen(spool, now) : lastSeenIfDead(directory, spool, now);
    if (seen === undefined) return;
    if (seen > at) at = seen;
    yield 0;
  }
  record.end(at);
}

/**
 * Deals with the programs without spools that died, and with what others left in the directory of
 * the programs: writes into their records that they were killed, and removes their files. Does not
 * throw: all that is left to do is done by the next.
 */
export function settleDeadPrograms(directory: MonitoringDirectory): void {
  const found = filesOfPrograms(directory);
  if (found.length === 0) return;
  const owners = new ProgramOwners(directory);
  for (const files of Map.groupBy(found, ({ owner }) => processKey(owner)).values()) {
    const { owner } = files[0]!;
    if (owners.hasSpools(owner)) continue; // its recovery comes first
    const hasLock = files.some(({ kind }) => kind === "lock");
    // An answer without a lock is of a program that had spools, which were recovered since.
    if (hasLock && owners.liveness(owner) !== "dead") continue;
    if (hasLock) recordLostAtLastAnswer(directory, owner);
    removeProgramFiles(directory, owner, ["answer", "lock"]);
  }
}

/** The latest sign of life of a program without spools is its answer, if it gave one. */
function recordLostAtLastAnswer(directory: MonitoringDirectory, id: ProcessId): void {
  try {
    const record = recordWithoutEnd(directory, id);
    const answered = directory.files.status(pathOf(directory, id, "answer"))?.modified ?? 0;
    const at = BigInt(Math.floor(answered)) * BigInt(NANOSECONDS_PER_MS);
    if (record !== undefined) record.end(at > record.started ? at : record.started);
  } catch {
    // It is another user's, or the disk is full: the record says nothing of an end then.
  }
}

/**
 * The record of a dead program if it has no end: when it began, and a function that writes its end.
 *
 * @throws {FileError}
 */
function recordWithoutEnd(
  directory: MonitoringDirectory,
  id: ProcessId,
): { readonly started: bigint; readonly end: (at: bigint) => void } | undefined {
  const { files } = directory;
  const name = programFileName(id);
  const path = directory.pathOf(name);
  // Of a writer that was killed: whoever could write it now would hold the lock.
  unlessGone(() => files.remove(directory.temporaryPathOf(name)));
  const status = files.status(path);
  if (status?.kind !== "file") return undefined;
  const bytes = readRecordBytes(files, path);
  const record = bytes.ok ? parseProgramRecord(name, bytes.value) : bytes;
  if (!bytes.ok || !record.ok || record.value.end !== undefined) return undefined;
  return {
    started: record.value.started,
    end: (at) => {
      const ended = withEnd(bytes.value, { how: "killed", at });
      if (ended.ok) replaceFile(directory, name, ended.value, accessLike(status));
    },
  };
}

/** `undefined` if it cannot be told: the owner is alive, or the spool is of another version. */
function lastSeenIfDead({ files }: MonitoringDirectory, found: FoundSpool, now: bigint): bigint | undefined {
  const opened = SpoolReader.openIfOwnerDead(files, found);
  if (!opened.ok) return opened.kind === "locked" ? undefined : 0n;
  try {
    return lastSeen(opened.value, now);
  } finally {
    opened.value.close();
  }
}

/**
 * The latest time until `now` at which the spool shows its owner alive, ns since the epoch; 0 if it
 * shows none.
 */
function lastSeen(spool: SpoolReader, now: bigint): bigint | undefined {
  const header = spool.header();
  if (!header.ok) return header.kind === "other-version" ? undefined : 0n;
  const { opened } = header.value;
  let latest = opened <= now ? opened : 0n;
  const rows = spool.read();
  if (!rows.ok) return latest;
  const { epochOffset, timepoints, count } = rows.value.segment;
  // A program may give a row any timepoint; those that are still to come show nothing.
  const limit = Number(now - epochOffset);
  let row = -Infinity;
  for (const timepoint of timepoints.subarray(0, count)) if (timepoint > row && timepoint <= limit) row = timepoint;
  if (row === -Infinity) return latest;
  const at = epochOffset + BigInt(row);
  if (at > latest) latest = at;
  return latest;
}
