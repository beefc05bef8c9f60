import { reason } from "../../errors.ts";
import type { SegmentContent } from "../../segment/segment.ts";
import type { SegmentHeader } from "../../segment/format.ts";
import type { Files } from "../../runtime.ts";
import { MonitoringDirectory } from "../../files/directory.ts";
import { DAMAGED } from "../../files/recovery.ts";
import { type AppendCut, cutAppended } from "./append_cut.ts";
import { unlessGone } from "./found_files.ts";
import type { Problems } from "./reading.ts";
import { journalOf, OpenSpool, stemOf } from "./spool_reader.ts";

/** How often it is begun anew because spools came meanwhile. */
const MAX_ATTEMPTS = 20;

/** The name of a segment's own file: its channelKey and its sequence; a number follows if the name was taken. */
const OWN_FILE = /^([A-Za-z0-9_-]+\.\d+-[0-9a-f]{8})-(\d{6,})(?:-\d+)?\.csv$/;

/** Rows of a spool that are in none of the files of its snapshot. */
export interface SpoolRows {
  /** The spool. */
  readonly path: string;
  /** All rows there were. */
  readonly segment: SegmentContent;
  /** The first that counts. */
  readonly first: number;
}

/**
 * The spools of a monitoring directory at one moment, and which files go with them.
 *
 * Spools are read before the files are listed. So a row that a flush has published meanwhile is met in both, and never in none: the snapshot then
 * tells which to leave out. For each channelKey (a prefix of one isolate), what spools and files give together is what had been recorded there up to
 * one moment between the beginning and the end of the reading: each row once, none missing before the last.
 *
 * - The two spools of a channelKey are read in the order of their sequences, the later one first. What has been recorded since is left out, even if
 *   it is published by now: it lies behind rows that may have been missed.
 * - A segment whose own file is listed is taken from that, whole.
 * - Rows that are appended to a common file are told apart by the journal of the flush; see {@linkcode cutAppended}.
 */
export class SpoolSnapshot {
  /** Up to which byte an appended file is read, by path. */
  readonly bounds: ReadonlyMap<string, number>;
  readonly #rows: readonly SpoolRows[];
  readonly #before: ReadonlySet<string>;
  readonly #last: ReadonlyMap<string, number>;
  readonly #later: ReadonlySet<string>;

  private constructor(
    before: ReadonlySet<string>,
    spools: readonly OpenSpool[],
    last: ReadonlyMap<string, number>,
    cut: AppendCut,
  ) {
    this.bounds = cut.bounds;
    this.#before = before;
    this.#last = last;
    this.#later = cut.unpublished;
    this.#rows = spools.flatMap(({ path, segment }) => {
      const first = segment === undefined ? 0 : cut.first.get(path) ?? journalOf(segment).published;
      return segment === undefined || first >= segment.count ? [] : [{ path, segment, first }];
    });
  }

  /**
   * Reads the spools of a monitoring directory, if it has any. What cannot be read is told to `problems`.
   *
   * @throws {FileError} if the directory cannot be listed.
   */
  static take(files: Files, path: string, problems: Problems): SpoolSnapshot | undefined {
    const directory = new MonitoringDirectory(files, path);
    try {
      for (const name of listEnding(directory, DAMAGED)) {
        problems.add(directory.spoolPathOf(name), 0, 0, "it was damaged, and not all of its rows are recovered");
      }
    } catch (error) {
      problems.add(directory.spools, 0, 0, reason(error));
      return undefined;
    }
    for (let attempt = 1;; attempt++) {
      const names = listSpools(directory);
      if (names.length === 0) return undefined;
      const before = new Set(files.list(path));
      const found: [path: string, why: string, damaged: number][] = [];
      const spools = openAll(directory, names, found);
      try {
        const last = readAll(spools, found);
        const cut = cutAppended(directory, spools, last);
        const isWhole = listSpools(directory).every((name) => names.includes(name)) && cut !== undefined;
        if (!isWhole && attempt < MAX_ATTEMPTS) continue;
        for (const [path, why, damaged] of found) problems.add(path, 0, damaged, why);
        if (!isWhole) {
          problems.add(directory.spools, 0, 0, "it changes faster than it can be read: rows may be missing");
        }
        return new SpoolSnapshot(
          before,
          spools,
          last,
          cut ?? { bounds: new Map(), first: new Map(), unpublished: new Set() },
        );
      } finally {
        for (const spool of spools) spool.close();
      }
    }
  }

  /** Whether a file is of the snapshot, to which it may have come too late. */
  includes(name: string): boolean {
    if (this.#before.has(name)) return true;
    const [, channelKey = "", sequence] = OWN_FILE.exec(name) ?? [];
    if (Number(sequence) > (this.#last.get(channelKey) ?? Infinity)) return false;
    return !this.#later.has(`${channelKey}-${sequence}`);
  }

  /** What spools add to the files of these names. */
  rowsBeside(names: Iterable<string>): SpoolRows[] {
    const stems = new Set<string>();
    for (const name of names) {
      const [, channelKey, sequence] = OWN_FILE.exec(name) ?? [];
      if (sequence !== undefined) stems.add(`${channelKey}-${sequence}`);
    }
    return this.#rows.filter(({ segment }) => !stems.has(stemOf(segment)));
  }
}

function listSpools(directory: MonitoringDirectory): string[] {
  return listEnding(directory, ".spool");
}

function listEnding(directory: MonitoringDirectory, end: string): string[] {
  const names = unlessGone(() => directory.files.list(directory.spools)) ?? [];
  return names.filter((name) => name.endsWith(end)).sort();
}

function openAll(
  directory: MonitoringDirectory,
  names: readonly string[],
  found: [string, string, number][],
): OpenSpool[] {
  return names.flatMap((name) => {
    const path = directory.spoolPathOf(name);
    const spool = openOne(directory.files, path, name);
    if (typeof spool === "string") found.push([path, spool, 0]);
    return spool instanceof OpenSpool ? [spool] : [];
  });
}

function openOne(files: Files, path: string, name: string): OpenSpool | string | undefined {
  try {
    return OpenSpool.open(files, path, name);
  } catch (error) {
    return reason(error);
  }
}

/** Reads all spools, those of a channelKey from the last to the first; returns the last sequence of each channelKey that counts. */
function readAll(spools: readonly OpenSpool[], found: [string, string, number][]): Map<string, number> {
  const sequences = new Map(spools.map((spool) => [spool, sequenceOf(spool.header())]));
  const last = new Map<string, number>();
  for (const spool of [...spools].sort((a, b) => sequences.get(b)! - sequences.get(a)!)) {
    const why = spool.read();
    if (why !== undefined) found.push([spool.path, why, 0]);
    if (spool.segment === undefined) continue;
    const { sequence } = spool.segment;
    const known = last.get(spool.channelKey);
    if (known === undefined) last.set(spool.channelKey, sequence);
    else if (sequence > known) spool.segment = undefined; // filled anew since the other was read
    if (spool.damaged > 0 && spool.segment !== undefined) {
      found.push([spool.path, "rows in it are damaged", spool.damaged]);
    }
  }
  return last;
}

function sequenceOf(header: SegmentHeader | string): number {
  return typeof header === "string" ? 0 : header.sequence;
}
