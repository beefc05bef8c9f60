import { accessLike, type MonitoringDirectory, unlessGone } from "./directory.ts";
import { replaceFile } from "./atomic_file.ts";
import { type ProcessId, programFileName } from "./names.ts";
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
  const { files } = directory;
  const name = programFileName(id);
  const path = directory.pathOf(name);
  // Of a writer that was killed: whoever could write it now would hold the lock.
  unlessGone(() => files.remove(directory.temporaryPathOf(name)));
  const status = files.status(path);
  if (status?.kind !== "file") return;
  const bytes = readRecordBytes(files, path);
  const record = bytes.ok ? parseProgramRecord(name, bytes.value) : bytes;
  if (!bytes.ok || !record.ok || record.value.end !== undefined) return;
  let at = record.value.started;
  for (const spool of [held, ...others]) {
    const seen = spool instanceof SpoolReader ? lastSeen(spool, now) : lastSeenIfDead(directory, spool, now);
    if (seen === undefined) return;
    if (seen > at) at = seen;
    yield 0;
  }
  const ended = withEnd(bytes.value, { how: "killed", at });
  if (ended.ok) replaceFile(directory, name, ended.value, accessLike(status));
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
