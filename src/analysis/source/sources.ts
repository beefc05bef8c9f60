import type { DuckDBConnection } from "@duckdb/node-api";
import { fileErrorCode, KymoError, reason } from "../../errors.ts";
import { observationsOf } from "../../segment/observation.ts";
import { type ReportUnreadable, type SpoolRows, SpoolSnapshot } from "../../files/snapshot.ts";
import { release } from "../../files/directory.ts";
import { fileNameOf, parseSegmentFileName } from "../../files/names.ts";
import { outerTimepoints } from "../../csv/outer_rows.ts";
import type { FileHandle, Files } from "../../runtime.ts";
import { CheckedFile, partsOf } from "./checked_file.ts";
import { attempt, findFile, findPlaces, listCsvs } from "./found_files.ts";
import { Problems, type Reading } from "./reading.ts";
import { relationOf } from "./relation.ts";
import { RowTables } from "./row_tables.ts";

/**
 * Where observations come from: one relation of DuckDB for each channel, which holds exactly the whole rows.
 *
 * DuckDB reads CSV fast, but not strictly: it rounds a timepoint of `1.5`, takes an empty measurement for NULL and the first part of a cut PID
 * for the PID, passes over a header that is another, looks only at columns that a query uses, and on several threads it may take what follows
 * a line feed in a label for a row. So it is given only files that a strict reader of our own ({@linkcode RowReader}) has found sound from
 * beginning to end. The whole rows of others go to a table in memory, and what is left of them is told in `reading`.
 *
 * That check costs a third of a simple query, so it runs beside the first query if there is much to check: relations hold all files at first, and {@linkcode check} tells
 * after a query whether its result stands.
 */
export interface Sources {
  /** What was read, and what was not; complete once `check` has resolved. */
  readonly reading: Reading;
  /**
   * By channel: a query in parentheses, to be used after FROM, with the columns Timepoint BIGINT, Measurement DOUBLE, Label VARCHAR and PID BIGINT. The
   * channels never change.
   */
  readonly relations: ReadonlyMap<string, string>;
  /**
   * To be called after each query, with the error if it failed, while no other runs. `true` tells that the relations are others now, so the query is to be done
   * again; `false` that its result, or its error, stands. Files may be taken away, and grow, at any time: that is seen here. Does not throw.
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

/** What is needed to read. */
export interface SourceDeps {
  /** The database. */
  readonly connection: DuckDBConnection;
  /** Files. */
  readonly files: Files;
}

/** How much is checked at once, bytes, and what counts for opening a file: some 40 ms in all. */
const CHECKED_AT_ONCE = 32 * 2 ** 20;
const OPENING = 16 * 1024;

/** How long is checked before the event loop may turn, ms. */
const TURN = 10;

/**
 * Finds what there is to be read: monitoring directories, CSV files, and patterns of them.
 *
 * Of a monitoring directory the spools are read too, whether their programs live or not; see {@linkcode SpoolSnapshot} for what is guaranteed. No
 * lock is taken and nothing is written.
 *
 * @throws {KymoError} if a file or directory is not there, or cannot be read.
 */
export async function openSources(
  source: string | readonly string[],
  deps: SourceDeps,
  bounds: TimeBounds = {},
): Promise<Sources> {
  const { files, connection } = deps;
  const problems = new Problems();
  const found = new Map<string, CheckedFile>();
  const spoolRows = new Map<string, SpoolRows>();
  const places = await findPlaces(typeof source === "string" ? [source] : source, files, expandWith(connection));

  const add = (path: string, bound?: number): void => {
    if (found.has(path)) return;
    const file = findFile(files, path);
    if (typeof file === "string") problems.add(path, 0, 0, file);
    else if (file !== undefined) {
      const checked = new CheckedFile(file, bound);
      if (liesOutside(file.path, files, bounds)) checked.mode = "out";
      found.set(path, checked);
    }
  };
  for (const { path, kind } of places) {
    if (kind === "file") {
      add(path);
      continue;
    }
    const report: ReportUnreadable = (file, rows, why) => problems.add(file, 0, rows, why);
    const snapshot = attempt(path, () => SpoolSnapshot.take(files, path, report));
    const names = listCsvs(files, path).filter((name) => snapshot?.includes(name) ?? true);
    for (const name of names) add(`${path}/${name}`, snapshot?.bounds.get(`${path}/${name}`));
    for (const rows of snapshot?.rowsBeside(names) ?? []) spoolRows.set(rows.path, rows);
  }
  const sources = new CheckedSources(deps, [...found.values()], problems);
  await sources.begin([...spoolRows.values()]);
  return sources;
}

/**
 * Whether a file need not be read. Only of the file of a single segment its first and last row tell that: time never
 * goes back within a segment.
 */
function liesOutside(path: string, files: Files, { from, to }: TimeBounds): boolean {
  if (from === undefined && to === undefined || parseSegmentFileName(fileNameOf(path)) === undefined) return false;
  let file: FileHandle | undefined;
  try {
    file = files.open(path, "read");
    const range = outerTimepoints(file);
    if (range === undefined || range.first > range.last) return false;
    return from !== undefined && range.last < from || to !== undefined && range.first >= to;
  } catch {
    return false; // what is wrong with the file is found when it is read
  } finally {
    if (file !== undefined) release(file);
  }
}

function expandWith(connection: DuckDBConnection): (pattern: string) => Promise<string[]> {
  return async (pattern) => {
    try {
      const result = await connection.runAndReadAll("SELECT file FROM glob($1) ORDER BY file", [pattern]);
      return result.getRows().map(([file]) => String(file));
    } catch (error) {
      throw new KymoError(fileErrorCode(error), `Cannot read: ${JSON.stringify(pattern)}: ${reason(error)}`, {
        cause: error,
      });
    }
  };
}

class CheckedSources implements Sources {
  relations: ReadonlyMap<string, string> = new Map();
  readonly #files: Files;
  readonly #all: readonly CheckedFile[];
  readonly #problems: Problems;
  readonly #tables: RowTables;
  readonly #channels = new Map<string, CheckedFile[]>();
  #spools = 0;
  #checked: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor({ files, connection }: SourceDeps, all: readonly CheckedFile[], problems: Problems) {
    this.#files = files;
    this.#all = all;
    this.#problems = problems;
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
    return { files, spools: this.#spools, unread: this.#problems.rows, problems: [...this.#problems.kept] };
  }

  /** Takes in the rows of spools, and checks the files, or begins to. */
  async begin(spools: readonly SpoolRows[]): Promise<void> {
    for (const { segment, first } of spools) {
      const { channel } = segment.owner;
      if (!this.#channels.has(channel)) this.#channels.set(channel, []);
      await this.#tables.add(channel, (take) => {
        for (const { timepoint, measurement, label, pid } of observationsOf(segment).slice(first)) {
          take(timepoint, measurement, label, pid);
        }
      });
      this.#spools++;
    }
    // Of files that grow DuckDB would read more than counts, so that the query would have to be done again: better wait.
    await this.#check(this.#all.filter(({ isBounded }) => isBounded));
    this.#checked = this.#check(this.#all);
    const unchecked = this.#all.filter(({ mode }) => mode === "unchecked");
    const work = unchecked.reduce((sum, { found }) => sum + found.size + OPENING, 0);
    if (work <= CHECKED_AT_ONCE) await this.check();
    else this.#relate();
  }

  async check(failure?: unknown): Promise<boolean> {
    await this.#checked;
    if (this.#isClosed) return false;
    // A query that failed over files which the check has since found to be otherwise says nothing about what they are read as now.
    const isBlamed = failure !== undefined && !this.#areOthers(this.#relationsNow());
    for (const file of this.#all) file.look(this.#files, this.#problems, isBlamed);
    await this.#check(this.#all);
    for (const file of this.#all) {
      if (file.mode === "damaged") await file.load(this.#files, this.#tables, this.#problems);
    }
    return this.#relate();
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Checks what is not, and lets the event loop turn meanwhile. Does not throw. */
  async #check(some: readonly CheckedFile[]): Promise<void> {
    let turn = performance.now();
    for (const _ of this.#steps(some)) {
      if (performance.now() - turn < TURN) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (this.#isClosed) return;
      turn = performance.now();
    }
  }

  *#steps(some: readonly CheckedFile[]): Generator<void> {
    for (const file of some) {
      if (file.mode !== "unchecked") continue;
      yield* file.check(this.#files, this.#problems);
      yield;
    }
  }

  /** Makes the relations; returns whether one has changed. */
  #relate(): boolean {
    const relations = this.#relationsNow();
    const isChanged = this.#areOthers(relations);
    this.relations = relations;
    return isChanged;
  }

  /** The relations of what is known of the files now. */
  #relationsNow(): ReadonlyMap<string, string> {
    const relations = new Map<string, string>();
    for (const [channel, files] of this.#channels) {
      const table = this.#tables.of(channel);
      relations.set(channel, relationOf(partsOf(files), table === undefined ? [] : [table]));
    }
    return relations;
  }

  /** Whether some relations are others than those that queries use. */
  #areOthers(relations: ReadonlyMap<string, string>): boolean {
    return [...relations].some(([channel, relation]) => this.relations.get(channel) !== relation);
  }
}
