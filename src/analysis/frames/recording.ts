import type { DuckDBConnection } from "@duckdb/node-api";
import { KymoError, quote } from "../../errors.ts";
import type { ProcessId } from "../../files/names.ts";
import { type Check, checkGiven, isOneOf } from "../../options.ts";
import type { Files, Runtime } from "../../runtime.ts";
import { DUCKDB_CHECKS, type DuckDBOptions } from "../duckdb/duckdb.ts";
import { joinRecords, type ProgramRecords, readProgramRecords } from "../programs/program_records.ts";
import { isOfProgram, SourcesOfPrograms } from "../programs/sources_of_programs.ts";
import { openSources } from "../source/open_sources.ts";
import type { Sources } from "../source/reopened_sources.ts";
import type { TimeBounds } from "../source/time_window.ts";
import { isStoreAddress } from "../../stores/readable_address.ts";
import { openStore, whileReadingStore } from "../stored/open_store.ts";
import type { StoredSelection } from "../stored/store.ts";
import { CombinedSources, StoredSources } from "../stored/stored_sources.ts";
import { isIsolates, isLabels, isPids, isTimepoint } from "./selection.ts";

/**
 * Limits of DuckDB, and what is read.
 *
 * A time, labels, PIDs, isolates and channels say what queries will not ask for: from a database only
 * rows that meet them are fetched, while files are read all the same, except for those that lie wholly
 * outside of the time. To have only such rows in a result, select them with `where`.
 */
export interface OpenOptions extends DuckDBOptions, TimeBounds {
  /**
   * Only rows of programs whose service has such a name: a name or a pattern with `*` and `?`, or
   * several. It holds for files too, by the program records beside them.
   */
  readonly program?: string | readonly string[];
  /** Labels or patterns, as in `where`. */
  readonly labels?: string | readonly string[];
  /**
   * Which rows of the channel `runtime` are fetched from a database: all, since they may explain the
   * others; those with such labels; or none. Those that say when recording was off always are.
   *
   * @default "all"
   */
  readonly runtime?: "all" | "selected" | "switches";
  /** PIDs. */
  readonly pids?: readonly number[];
  /** Isolates, as in file names. */
  readonly isolates?: readonly string[];
  /** Channels. */
  readonly channels?: readonly string[];
}

const CHECKS: Readonly<Record<keyof OpenOptions, Check>> = {
  ...DUCKDB_CHECKS,
  from: isTimepoint,
  to: isTimepoint,
  program: isLabels,
  labels: isLabels,
  runtime: isOneOf("all", "selected", "switches"),
  pids: isPids,
  isolates: isIsolates,
  channels: isLabels,
};

/** What is read, as it was asked for. */
export interface CheckedOptions {
  readonly sources: readonly string[];
  readonly limits: DuckDBOptions;
  readonly selection: StoredSelection;
}

/** @throws {KymoError} `"invalid-argument"` if a source or an option is wrong. */
export function checkOpenOptions(source: unknown, options: OpenOptions): CheckedOptions {
  const sources = [source].flat();
  if (!sources.every((path) => typeof path === "string" && path !== "")) {
    throw new KymoError(
      "invalid-argument",
      `Cannot read: the source must be a path, or an array of paths: ${quote(source)}`,
    );
  }
  const { memoryLimit, threads, program, labels, ...rest } = checkGiven<OpenOptions>("Cannot analyse", options, CHECKS);
  return {
    sources: sources as string[],
    limits: { ...memoryLimit !== undefined && { memoryLimit }, ...threads !== undefined && { threads } },
    selection: {
      ...rest,
      ...program !== undefined && { program: [program].flat() },
      ...labels !== undefined && { labels: [labels].flat() },
    },
  };
}

/** The sources of a recording: files, or what was fetched from databases. */
export class Recording {
  readonly sources: Sources;
  /** Whether earlier rows were left out. */
  readonly isPart: boolean;
  readonly #files: Files;
  readonly #program: readonly string[] | undefined;
  readonly #stored: readonly StoredSources[];

  private constructor(sources: Sources, stored: readonly StoredSources[], selection: StoredSelection, files: Files) {
    this.sources = sources;
    this.isPart = selection.from !== undefined;
    this.#files = files;
    this.#program = selection.program;
    this.#stored = stored;
  }

  /**
   * Opens paths, and fetches what is selected from databases.
   *
   * @throws {KymoError}
   */
  static async open(
    { sources, selection }: CheckedOptions,
    { connection, temporary }: { readonly connection: DuckDBConnection; readonly temporary: string },
    runtime: Runtime,
  ): Promise<Recording> {
    const { files } = runtime;
    const { from, to, program } = selection;
    const isStore = (source: string): boolean => isStoreAddress(source, files);
    const [addresses, paths] = [sources.filter(isStore), sources.filter((one) => !isStore(one))];
    const stored: StoredSources[] = [];
    for (const address of addresses) {
      const store = await openStore(address, runtime, selection);
      try {
        stored.push(await whileReadingStore(() => StoredSources.fetch(store, { connection, files, temporary })));
      } finally {
        await store.close();
      }
    }
    const all: Sources[] = [...stored];
    if (paths.length > 0 || stored.length === 0) {
      const bounds = { ...from !== undefined && { from }, ...to !== undefined && { to } };
      const found = await openSources(paths, { connection, files, temporary }, bounds);
      all.push(program === undefined ? found : new SourcesOfPrograms(found, program, files));
    }
    return new Recording(all.length === 1 ? all[0]! : new CombinedSources(all), stored, selection, files);
  }

  /** The program records of files as they are now, and those that were fetched. */
  programRecords(processes: readonly ProcessId[]): ProgramRecords {
    const read = readProgramRecords(this.#files, this.sources.directories, processes);
    const all = joinRecords([...this.#stored.map(({ records }) => records), read]);
    const patterns = this.#program;
    if (patterns === undefined) return all;
    return { ...all, byProcess: new Map([...all.byProcess].filter(([, record]) => isOfProgram(record, patterns))) };
  }
}
