import type { Reading } from "../source/reading_report.ts";
import type { Sources } from "../source/reopened_sources.ts";
import { COLUMNS } from "../duckdb/sql.ts";
import type { ProgramRecords } from "../programs/program_records.ts";
import { type FetchedDeps, FetchedRows } from "./fetched_rows.ts";
import type { Store } from "./store.ts";

/** Rows that were fetched from a store. They do not change any more. */
export class StoredSources implements Sources {
  readonly reading: Reading = { files: 0, spools: 0, databases: 1, unread: 0, problems: [], copies: [], gone: [] };
  readonly areOrdered = true;
  readonly directories: readonly string[] = [];
  readonly relations: ReadonlyMap<string, string>;
  /** The records of the programs. */
  readonly records: ProgramRecords;

  private constructor(relations: ReadonlyMap<string, string>, records: ProgramRecords) {
    this.relations = relations;
    this.records = records;
  }

  /**
   * Fetches the rows of a store.
   *
   * @throws {StoreError}
   */
  static async fetch(store: Store, deps: FetchedDeps): Promise<StoredSources> {
    const rows = new FetchedRows(deps);
    await store.fetch(rows);
    await rows.finish();
    return new StoredSources(await rows.relations(), await store.records(await rows.isolates()));
  }

  check(): Promise<boolean> {
    return Promise.resolve(false);
  }

  close(): void {
    // The files go with the directory for temporary files.
  }
}

/** The observations of several sources together. */
export class CombinedSources implements Sources {
  readonly #all: readonly Sources[];

  /** At least one. */
  constructor(all: readonly Sources[]) {
    this.#all = all;
  }

  get reading(): Reading {
    const readings = this.#all.map(({ reading }) => reading);
    const sum = (of: (reading: Reading) => number): number => readings.reduce((total, one) => total + of(one), 0);
    return {
      files: sum(({ files }) => files),
      spools: sum(({ spools }) => spools),
      databases: sum(({ databases }) => databases),
      unread: sum(({ unread }) => unread),
      problems: readings.flatMap(({ problems }) => problems),
      copies: readings.flatMap(({ copies }) => copies),
      gone: readings.flatMap(({ gone }) => gone),
    };
  }

  get relations(): ReadonlyMap<string, string> {
    const all = new Map<string, string[]>();
    for (const { relations } of this.#all) {
      for (const [channel, relation] of relations) all.set(channel, [...all.get(channel) ?? [], relation]);
    }
    return new Map(
      Array.from(all, ([channel, some]): [string, string] => [
        channel,
        some.length === 1 ? some[0]! : `(${some.map((one) => `SELECT ${COLUMNS} FROM ${one}`).join(" UNION ALL ")})`,
      ]),
    );
  }

  get areOrdered(): boolean {
    return this.#all.every(({ areOrdered }) => areOrdered);
  }

  get directories(): readonly string[] {
    return this.#all.flatMap(({ directories }) => directories);
  }

  async check(failure?: unknown): Promise<boolean> {
    let isChanged = false;
    for (const sources of this.#all) if (await sources.check(failure)) isChanged = true;
    return isChanged;
  }

  close(): void {
    for (const sources of this.#all) sources.close();
  }
}
