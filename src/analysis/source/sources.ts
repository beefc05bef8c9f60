import type { DuckDBConnection } from "@duckdb/node-api";
import type { CompactedFile } from "../compacted/compacted_files.ts";
import { observationsOf } from "../../segment/observation.ts";
import type { SpoolRows } from "../../files/snapshot.ts";
import type { Files } from "../../runtime.ts";
import { type CheckedFile, partsOf } from "./checked_file.ts";
import type { CopiedFile, Problems, Reading } from "./reading_report.ts";
import { JoinedFiles, MANY_FILES } from "./joined_files.ts";
import { relationOf, RowTables, type TakeRow } from "./duckdb_relation.ts";
import type { OpenedSources, Sources } from "./reopened_sources.ts";

/** What `openSources` depends on. */
export interface SourceDeps {
  readonly connection: DuckDBConnection;
  readonly files: Files;
  /** A directory for temporary files that only this user may read. Without it, no files are joined. */
  readonly temporary?: string;
}

/** Up to so many bytes are checked before the first query: some 40 ms. */
const CHECKED_BEFORE = 32 * 2 ** 20;

/** Opening a file takes as long as checking so many bytes. */
const OPENING_BYTES = 16 * 1024;

/** Of many files, the check loads small ones that were not joined: up to so many bytes each: some 150 rows, which take it 0.3 ms, … */
const SMALL_FILE = 8 * 1024;

/** … and up to so many bytes together: about a million rows. */
const ALL_SMALL_FILES = 64 * 2 ** 20;

/** Time after which the check lets the event loop run, ms. */
const TURN = 10;

/** What was found of some sources. */
export interface FoundFiles {
  readonly csvs: readonly CheckedFile[];
  readonly compacted: readonly CompactedFile[];
  /** Whether files are gone that were listed. */
  readonly hasLost: boolean;
}

/** Sources that were opened once; {@linkcode CheckedSources.begin} comes first. */
export class CheckedSources implements Sources, OpenedSources {
  relations: ReadonlyMap<string, string> = new Map();
  readonly directories: readonly string[];
  readonly #files: Files;
  readonly #all: readonly CheckedFile[];
  /** Those to look after: not those of many that are left out or loaded for good. */
  #rest: readonly CheckedFile[];
  /** Compacted files; those that have been moved or deleted since are taken out. */
  #compacted: readonly CompactedFile[];
  #hasLost: boolean;
  readonly #problems: Problems;
  readonly #copies: readonly CopiedFile[];
  readonly #tables: RowTables;
  readonly #joined: JoinedFiles | undefined;
  readonly #channels = new Map<string, CheckedFile[]>();
  #spools = 0;
  #checked: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(
    { files, connection, temporary }: SourceDeps,
    { csvs, compacted, hasLost }: FoundFiles,
    { problems, copies }: { readonly problems: Problems; readonly copies: readonly CopiedFile[] },
    directories: readonly string[],
  ) {
    this.directories = directories;
    this.#files = files;
    this.#all = csvs;
    this.#rest = csvs;
    this.#compacted = compacted.filter(({ sha256 }) => sha256 !== undefined);
    this.#hasLost = hasLost;
    this.#problems = problems;
    this.#copies = copies;
    this.#tables = new RowTables(connection);
    this.#joined = temporary === undefined ? undefined : new JoinedFiles(files, temporary);
    for (const file of csvs) {
      const { channel } = file.found;
      const group = this.#channels.get(channel);
      if (group === undefined) this.#channels.set(channel, [file]);
      else group.push(file);
    }
    for (const { channel } of compacted) if (!this.#channels.has(channel)) this.#channels.set(channel, []);
  }

  get hasLost(): boolean {
    return this.#hasLost || this.#rest.some(({ isGone }) => isGone);
  }

  async drop(): Promise<void> {
    await this.#tables.drop();
    this.#joined?.drop();
  }

  get reading(): Reading {
    const files = this.#all.filter(({ mode }) => mode !== "out").length + this.#compacted.length;
    const { rows: unread, kept, gone } = this.#problems;
    const counts = { files, spools: this.#spools, databases: 0, unread };
    return { ...counts, problems: [...kept], copies: this.#copies, gone: [...gone] };
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
    if (this.#hasManyFiles) {
      if (this.#joined !== undefined) await this.#inTurns(this.#joined.join(this.#all));
      await this.#loadSmallFiles();
      this.#settle();
    }
    this.#checked = this.#check(this.#rest);
    const unchecked = this.#rest.filter(({ mode }) => mode === "unchecked");
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
    for (const file of this.#rest) file.look(this.#files, this.#problems, isToBlame);
    if (isToBlame) this.#lookAtCompacted();
    await this.#check(this.#rest);
    for (const file of this.#rest) {
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

  /** Forgets the files that nobody reads any more: to pass 200,000 takes some ms, after each query. */
  #settle(): void {
    const isRead = ({ mode }: CheckedFile): boolean => mode !== "loaded" && mode !== "out";
    this.#hasLost ||= this.#all.some(({ isGone }) => isGone);
    this.#rest = this.#all.filter(isRead);
    for (const [channel, files] of this.#channels) this.#channels.set(channel, files.filter(isRead));
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
    await this.#inTurns(this.#steps(some, take));
  }

  /** Does some work, and lets the event loop run meanwhile. */
  async #inTurns(work: Iterable<void>): Promise<void> {
    let turn = performance.now();
    for (const _ of work) {
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

  /** Leaves out compacted files that have been moved, replaced or deleted, since a query has failed. */
  #lookAtCompacted(): void {
    this.#compacted = this.#compacted.filter(({ path, identity, rows }) => {
      if (this.#files.status(path)?.identity === identity) return true;
      this.#problems.gone.push({ file: path, rows });
      this.#hasLost = true;
      return false;
    });
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
      const compacted = this.#compacted.filter((file) => file.channel === channel);
      const parts = [...partsOf(files), ...this.#joined?.of(channel) ?? []];
      relations.set(channel, relationOf(parts, table === undefined ? [] : [table], compacted));
    }
    return relations;
  }

  /** Whether relations differ from those that queries use. */
  #differs(relations: ReadonlyMap<string, string>): boolean {
    return [...relations].some(([channel, relation]) => this.relations.get(channel) !== relation);
  }
}
