import type { DuckDBConnection } from "@duckdb/node-api";
import { observationsOf } from "../../segment/observation.ts";
import { type ReportUnreadable, type SpoolRows, SpoolSnapshot } from "../../files/snapshot.ts";
import { release } from "../../files/directory.ts";
import { directoryOf, fileNameOf, parseSegmentFileName } from "../../files/names.ts";
import { CHANNELS } from "../../series.ts";
import { outerTimepoints } from "../../csv/outer_rows.ts";
import type { FileHandle, Files } from "../../runtime.ts";
import { ChannelEvidence } from "./channel_evidence.ts";
import { CheckedFile, partsOf } from "./checked_file.ts";
import { findAlike } from "./copies.ts";
import { readCsvName } from "./file_names.ts";
import { findFile, findPlaces, hasContent, listNames, reportingPath } from "./found_files.ts";
import { type CopiedFile, Problems, type Reading } from "./reading_report.ts";
import { relationOf, RowTables, type TakeRow } from "./duckdb_relation.ts";

/**
 * The observations of some sources: one relation of DuckDB for each channel, which holds exactly
 * the whole rows.
 *
 * DuckDB reads CSV fast, but not strictly: it rounds a timepoint of `1.5`, reads an empty
 * measurement as NULL and the first part of a PID that is cut off as the PID, accepts any header,
 * looks only at the columns that a query uses, and on several threads it may take what follows a
 * line feed in a label for a row. So it is given only files in which the row scanner has found
 * nothing but rows, from beginning to end. The whole rows of other files are loaded into a table in
 * memory, and `reading` reports the rest.
 *
 * Checking ten million rows takes 0.7 s of one processor, querying them 2.8 s of all. To check all
 * files before the first query leaves the other processors idle meanwhile: a summary of these rows
 * took 15 % longer on two processors. So where there is much to check, it is checked beside the
 * first query: relations include all files at first, and {@linkcode Sources.check} tells after each
 * query whether it must be repeated.
 *
 * DuckDB takes 0.1 ms to open a file, for each query anew; the check takes a third of that, and its
 * rows are at hand. So where there are many files, the check loads the small ones into a table.
 */
export interface Sources {
  /** What was read and what was not; complete after `check` has resolved. */
  readonly reading: Reading;
  /**
   * For each channel a query in parentheses that can follow FROM, with the columns Timepoint
   * BIGINT, Measurement DOUBLE, Label VARCHAR, PID BIGINT and Isolate VARCHAR, which is empty where
   * a file's name does not tell it. The channels never change.
   */
  readonly relations: ReadonlyMap<string, string>;
  /**
   * Whether relations may rely on DuckDB's `preserve_insertion_order`. If not, statements that write
   * all rows should run without it: with thousands of files it takes more memory than there is.
   */
  readonly areOrdered: boolean;
  /** The directories of the sources, and those of files among them, which may hold program records. */
  readonly directories: readonly string[];
  /**
   * Waits for the check, and looks whether files were moved, deleted or appended to. Call it after
   * each query, with the error if the query failed, while no query runs. Resolves to `true` if the
   * relations have changed, so that the query must be repeated. Does not throw.
   */
  check(failure?: unknown): Promise<boolean>;
  /** Ends a check that still runs. Does not throw. */
  close(): void;
}

/** The time of interest. Files of single segments that lie wholly outside of it are not read. */
export interface TimeBounds {
  /** The first timepoint, ns since 1970. */
  readonly from?: bigint;
  /** The end, ns since 1970: the first timepoint after it. */
  readonly to?: bigint;
}

/** What `openSources` depends on. */
export interface SourceDeps {
  readonly connection: DuckDBConnection;
  readonly files: Files;
}

/** Up to so many bytes are checked before the first query: some 40 ms. */
const CHECKED_BEFORE = 32 * 2 ** 20;

/** Opening a file takes as long as checking so many bytes. */
const OPENING_BYTES = 16 * 1024;

/** With more files than this, the check loads small ones, … */
const MANY_FILES = 100;

/** … up to so many bytes each: some 150 rows, which take it 0.3 ms, … */
const SMALL_FILE = 8 * 1024;

/** … and up to so many bytes together: about a million rows. */
const ALL_SMALL_FILES = 64 * 2 ** 20;

/** Time after which the check lets the event loop run, ms. */
const TURN = 10;

/**
 * Opens monitoring directories, CSV files, and patterns of them.
 *
 * The spools of monitoring directories are read too, whether their programs live or not; see
 * {@linkcode SpoolSnapshot} for the guarantees. Takes no locks and writes nothing.
 *
 * @throws {KymoError} if a file or directory does not exist or cannot be read.
 */
export async function openSources(
  source: string | readonly string[],
  deps: SourceDeps,
  bounds: TimeBounds = {},
): Promise<Sources> {
  const { files } = deps;
  const problems = new Problems();
  const found = new Map<string, CheckedFile>();
  const spoolRows = new Map<string, SpoolRows>();
  const evidence = new ChannelEvidence(files);
  const places = findPlaces(typeof source === "string" ? [source] : source, files);

  const add = (path: string, bound?: number): void => {
    if (found.has(path)) return;
    const file = findFile(files, path, evidence);
    if (file.ok) {
      const checked = new CheckedFile(file.value, bound);
      if (liesOutside(path, files, bounds)) checked.mode = "out";
      found.set(path, checked);
    } else if (file.kind === "unreadable") {
      problems.add(path, 0, 0, file.reason);
    }
  };
  for (const { path, kind } of places) {
    if (kind === "file") {
      add(path);
      continue;
    }
    const report: ReportUnreadable = (file, rows, why) => problems.add(file, 0, rows, why);
    const snapshot = reportingPath(path, () => SpoolSnapshot.take(files, path, report));
    const { csvs, doubtful } = listNames(files, path);
    const names = csvs.filter((name) => snapshot?.includes(name) ?? true);
    for (const name of names) add(`${path}/${name}`, snapshot?.bounds.get(`${path}/${name}`));
    const originals = names.map((name) => readCsvName(name).original);
    for (const rows of snapshot?.rowsBeside(originals) ?? []) spoolRows.set(rows.path, rows);
    for (const name of doubtful) {
      if (hasContent(files, `${path}/${name}`)) problems.add(`${path}/${name}`, 0, 0, DOUBTFUL);
    }
  }
  const copies = leaveOutCopies(files, [...found.values()], problems);
  const directories = places.map(({ path, kind }) => kind === "directory" ? path : directoryOf(path));
  const sources = new CheckedSources(deps, [...found.values()], { problems, copies }, [...new Set(directories)]);
  await sources.begin([...spoolRows.values()]);
  return sources;
}

/** Why a file is not read whose name does not tell what it is. */
const DOUBTFUL = "its name is that of no recording, rotated or not: name the file itself to read it";

/** Leaves out files all of whose rows are in others, and notes those that only begin alike. */
function leaveOutCopies(files: Files, all: readonly CheckedFile[], problems: Problems): CopiedFile[] {
  const alike = findAlike(files, all.filter(({ mode }) => mode !== "out"));
  return alike.flatMap(({ file, other, isCopy }) => {
    const { path } = file.found;
    if (isCopy) {
      file.mode = "out";
      return [{ file: path, of: other.found.path }];
    }
    const name = fileNameOf(other.found.path);
    problems.add(path, 0, 0, `it begins as ${name} does, and then differs: what is in both counts twice`);
    return [];
  });
}

/**
 * Whether all rows of a file lie outside of the time of interest. Its first and last row tell that
 * only if it is the file of one segment of durations: in other channels a program may give any
 * timepoints.
 */
function liesOutside(path: string, files: Files, { from, to }: TimeBounds): boolean {
  if (from === undefined && to === undefined) return false;
  if (parseSegmentFileName(fileNameOf(path))?.owner.channel !== CHANNELS.duration) return false;
  let file: FileHandle | undefined;
  try {
    file = files.open(path, "read");
    const range = outerTimepoints(file);
    if (range === undefined || range.first > range.last) return false;
    return from !== undefined && range.last < from || to !== undefined && range.first >= to;
  } catch {
    return false; // the check reports it
  } finally {
    if (file !== undefined) release(file);
  }
}

class CheckedSources implements Sources {
  relations: ReadonlyMap<string, string> = new Map();
  readonly directories: readonly string[];
  readonly #files: Files;
  readonly #all: readonly CheckedFile[];
  readonly #problems: Problems;
  readonly #copies: readonly CopiedFile[];
  readonly #tables: RowTables;
  readonly #channels = new Map<string, CheckedFile[]>();
  #spools = 0;
  #checked: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(
    { files, connection }: SourceDeps,
    all: readonly CheckedFile[],
    { problems, copies }: { readonly problems: Problems; readonly copies: readonly CopiedFile[] },
    directories: readonly string[],
  ) {
    this.directories = directories;
    this.#files = files;
    this.#all = all;
    this.#problems = problems;
    this.#copies = copies;
    this.#tables = new RowTables(connection);
    for (const file of all) {
      const { channel } = file.found;
      const group = this.#channels.get(channel);
      if (group === undefined) this.#channels.set(channel, [file]);
      else group.push(file);
    }
  }

  get reading(): Reading {
    const files = this.#all.filter(({ mode }) => mode !== "out").length;
    const { rows: unread, kept } = this.#problems;
    return { files, spools: this.#spools, unread, problems: [...kept], copies: this.#copies };
  }

  /** Loads the rows of spools, and checks the files, or begins to. */
  async begin(spools: readonly SpoolRows[]): Promise<void> {
    for (const { segment, first } of spools) {
      const { channel, isolate } = segment.owner;
      if (!this.#channels.has(channel)) this.#channels.set(channel, []);
      await this.#tables.add(channel, (take) => {
        for (const { timepoint, measurement, label, pid } of observationsOf(segment).slice(first)) {
          take(timepoint, measurement, label, pid, isolate);
        }
      });
      this.#spools++;
    }
    // Without the check, DuckDB would read more of these than is to be read, and the query would be
    // repeated.
    await this.#check(this.#all.filter(({ isBounded }) => isBounded));
    if (this.#hasManyFiles) await this.#loadSmallFiles();
    this.#checked = this.#check(this.#all);
    const unchecked = this.#all.filter(({ mode }) => mode === "unchecked");
    const work = unchecked.reduce((sum, { found }) => sum + found.size + OPENING_BYTES, 0);
    if (work <= CHECKED_BEFORE) await this.check();
    else this.#relate();
  }

  async check(failure?: unknown): Promise<boolean> {
    await this.#checked;
    if (this.#isClosed) return false;
    // If the check has changed the relations since the query began, its failure says nothing about
    // them.
    const isToBlame = failure !== undefined && !this.#differs(this.#relationsNow());
    for (const file of this.#all) file.look(this.#files, this.#problems, isToBlame);
    await this.#check(this.#all);
    for (const file of this.#all) {
      // Of many files DuckDB must not keep the order.
      const isUnordered = file.mode === "limited" && this.#hasManyFiles;
      if (file.mode === "damaged" || isUnordered) await file.load(this.#files, this.#tables, this.#problems);
    }
    return this.#relate();
  }

  close(): void {
    this.#isClosed = true;
  }

  get areOrdered(): boolean {
    return !this.#hasManyFiles;
  }

  get #hasManyFiles(): boolean {
    return this.#all.length > MANY_FILES;
  }

  /** Checks small files, and loads their rows. */
  async #loadSmallFiles(): Promise<void> {
    let room = ALL_SMALL_FILES;
    for (const [channel, files] of this.#channels) {
      const small = files.filter(({ mode, isBounded, found: { grows, size } }) => {
        const isSmall = mode === "unchecked" && !isBounded && !grows && size <= SMALL_FILE && size <= room;
        if (isSmall) room -= size;
        return isSmall;
      });
      if (small.length > 0) await this.#tables.add(channel, (take) => this.#check(small, take));
    }
  }

  /**
   * Checks the files that are not checked, and lets the event loop run meanwhile. If there is a
   * `take`, their rows are given to it. Does not throw.
   */
  async #check(some: readonly CheckedFile[], take?: TakeRow): Promise<void> {
    let turn = performance.now();
    for (const _ of this.#steps(some, take)) {
      if (performance.now() - turn < TURN) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (this.#isClosed) return;
      turn = performance.now();
    }
  }

  *#steps(some: readonly CheckedFile[], take?: TakeRow): Generator<void> {
    for (const file of some) {
      if (file.mode !== "unchecked") continue;
      yield* file.check(this.#files, this.#problems, take);
      yield;
    }
  }

  /** Updates the relations; returns whether any has changed. */
  #relate(): boolean {
    const relations = this.#relationsNow();
    const isChanged = this.#differs(relations);
    this.relations = relations;
    return isChanged;
  }

  /** The relations as the modes of the files are now. */
  #relationsNow(): ReadonlyMap<string, string> {
    const relations = new Map<string, string>();
    for (const [channel, files] of this.#channels) {
      const table = this.#tables.of(channel);
      relations.set(channel, relationOf(partsOf(files), table === undefined ? [] : [table]));
    }
    return relations;
  }

  /** Whether relations differ from those that queries use. */
  #differs(relations: ReadonlyMap<string, string>): boolean {
    return [...relations].some(([channel, relation]) => this.relations.get(channel) !== relation);
  }
}
