import type { Reading } from "./reading_report.ts";
import type { ListedPlaces } from "./listed_places.ts";

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
 * rows are at hand. So where there are many files, the check joins the small ones of each process to
 * one (`joined_files.ts`), and loads those of processes with few files into a table.
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

/** Sources as they were opened once. */
export interface OpenedSources extends Sources {
  /** Whether files are gone that were there when the sources were listed. */
  readonly hasLost: boolean;
  /** Removes the tables that it has made. */
  drop(): Promise<void>;
}

/** What {@linkcode ReopenedSources} depends on. */
export interface ReopeningDeps {
  /** Lists the sources as they are now. */
  readonly list: () => ListedPlaces;
  /** Opens the sources with these compacted files, and otherwise as they were listed first. */
  readonly open: (compacted: readonly string[]) => Promise<OpenedSources>;
}

/**
 * Sources that are opened again when files of theirs have been compacted since they were listed.
 *
 * A compaction publishes a compacted file before it removes the inputs of that. So if a listed file
 * is gone and no compacted file has come since, somebody has moved or deleted it: it is left out, and
 * reported. Otherwise everything is opened again with the compacted files that are there now, in which
 * the rows of the lost file are, if it was compacted. All else stays as it was listed first, also the
 * rows of spools that were read then, unless a compacted file names the file of their segment.
 */
export class ReopenedSources implements Sources {
  readonly #deps: ReopeningDeps;
  #current: OpenedSources;
  #compacted: readonly string[];
  #isClosed = false;

  private constructor(deps: ReopeningDeps, current: OpenedSources, compacted: readonly string[]) {
    this.#deps = deps;
    this.#current = current;
    this.#compacted = compacted;
  }

  /** Opens sources that were just listed. */
  static async open({ compacted }: ListedPlaces, deps: ReopeningDeps): Promise<ReopenedSources> {
    const sources = new ReopenedSources(deps, await deps.open(compacted), compacted);
    await sources.#reopen();
    return sources;
  }

  get reading(): Reading {
    return this.#current.reading;
  }

  get relations(): ReadonlyMap<string, string> {
    return this.#current.relations;
  }

  get areOrdered(): boolean {
    return this.#current.areOrdered;
  }

  get directories(): readonly string[] {
    return this.#current.directories;
  }

  async check(failure?: unknown): Promise<boolean> {
    const isChanged = await this.#current.check(failure);
    return await this.#reopen() || isChanged;
  }

  close(): void {
    this.#isClosed = true;
    this.#current.close();
  }

  /** Opens the sources again as long as files of theirs have been compacted; returns whether they had. */
  async #reopen(): Promise<boolean> {
    let isReopened = false;
    while (this.#current.hasLost && !this.#isClosed) {
      const compacted = this.#compactedNow();
      const known = new Set(this.#compacted);
      if (compacted.every((path) => known.has(path))) break;
      this.#current.close();
      await this.#current.drop();
      this.#current = await this.#deps.open(compacted);
      this.#compacted = compacted;
      isReopened = true;
    }
    return isReopened;
  }

  /** The compacted files that are there; those known if a source cannot be listed any more. */
  #compactedNow(): readonly string[] {
    try {
      return this.#deps.list().compacted;
    } catch {
      return this.#compacted;
    }
  }
}
