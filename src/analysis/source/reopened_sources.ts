import type { Reading } from "./reading_report.ts";
import type { ListedPlaces } from "./listed_places.ts";

/** Sources as they were opened once; see `Sources`, which has the same members, but for the last two. */
export interface OpenedSources {
  readonly reading: Reading;
  readonly relations: ReadonlyMap<string, string>;
  readonly areOrdered: boolean;
  readonly directories: readonly string[];
  check(failure?: unknown): Promise<boolean>;
  close(): void;
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
export class ReopenedSources implements Omit<OpenedSources, "hasLost" | "drop"> {
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
