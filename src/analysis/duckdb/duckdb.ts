import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { fileErrorCode, KymoError, quote, reason } from "../../errors.ts";
import { type Check, checkGiven } from "../../options.ts";
import type { Runtime } from "../../runtime.ts";
import { readTable } from "./read_table.ts";
import { loadPackage } from "./optional_package.ts";
import { toParameter } from "./parameters.ts";
import { SpillDirectory } from "./spill_directory.ts";
import type { Table } from "./table.ts";

type DuckDBModule = typeof import("@duckdb/node-api");

/** Loads the package, which whoever only records never does. */
const importDuckDB = (): Promise<DuckDBModule> => import("@duckdb/node-api");

/** What DuckDB may take. */
export interface DuckDBOptions {
  /**
   * Memory for tables, sorting and grouping: a number and `KB`, `MB`, `GB`, `TB`, `KiB`, `MiB`, `GiB` or `TiB`. What does not fit goes to files in
   * `/var/tmp`. Exact quantiles take 8 to 16 bytes per observation beyond it. Default `"512MB"`; less than 128 MB is too little to read CSV.
   */
  readonly memoryLimit?: string;
  /** Threads, each of which takes its part of the memory; a whole number from 1 to 1024. Default: one per processor, 16 at most. */
  readonly threads?: number;
}

/** Threads, unless another number is asked for: more would find too little memory for what each is reading. */
const USUAL_THREADS = 16;

/** A DuckDB in memory. Queries run one after the other, each on all threads. */
export class DuckDB {
  readonly #module: DuckDBModule;
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #spill: SpillDirectory;
  /** Resolves when the last query that was asked for is done. */
  #queue: Promise<void> = Promise.resolve();
  #isClosed = false;
  #isStale = (_failure?: unknown): Promise<boolean> => Promise.resolve(false);

  private constructor(
    module: DuckDBModule,
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    spill: SpillDirectory,
  ) {
    this.#module = module;
    this.#instance = instance;
    this.#connection = connection;
    this.#spill = spill;
  }

  /**
   * Opens an empty database.
   *
   * @throws {KymoError} if the package is missing, or an option is wrong.
   * @throws {KymoError} if the package cannot be loaded, as on Deno without `--allow-ffi`.
   */
  static async open(options: DuckDBOptions, runtime: Runtime, importModule = importDuckDB): Promise<DuckDB> {
    const settings = toSettings(options);
    const module = await loadPackage("@duckdb/node-api", "analyse", runtime.name, importModule);
    const spill = new SpillDirectory(runtime);
    try {
      const instance = await module.DuckDBInstance.create(":memory:", { ...settings, temp_directory: spill.path });
      const database = new DuckDB(module, instance, await instance.connect(), spill);
      // Counted, and not drawn by DuckDB itself.
      for (
        const setting of ["enable_progress_bar = true", "enable_progress_bar_print = false", "progress_bar_time = 0"]
      ) {
        await database.sql(`SET ${setting}`);
      }
      if (options.threads === undefined) await database.#limitThreads();
      return database;
    } catch (error) {
      spill.remove();
      throw new KymoError(fileErrorCode(error), `Cannot analyse: ${firstLine(error)}`, { cause: error });
    }
  }

  /**
   * Has `isStale` asked after each query whether its result, or its failure, does not stand because what it read from turned out to be something
   * else: then it is done again. Called while no query runs.
   */
  guard(isStale: (failure?: unknown) => Promise<boolean>): void {
    this.#isStale = isStale;
  }

  /** Does some work that has the connection to itself, so that queries do not meet: each takes all threads and memory. */
  exclusively<Result>(work: (connection: DuckDBConnection) => Promise<Result>): Promise<Result> {
    if (this.#isClosed) return Promise.reject(new KymoError("invalid-state", "Cannot query: the database is closed"));
    const result = this.#queue.then(() => work(this.#connection));
    this.#queue = result.then(() => {}, () => {});
    return result;
  }

  /**
   * Runs a query, or several that are separated by semicolons, and reads the whole result of the last.
   *
   * @throws {KymoError} if the query or a parameter is wrong, or the database is closed.
   * @throws {KymoError} if a file cannot be read or written, or memory or disk do not suffice.
   */
  async sql(query: string, parameters: readonly unknown[] = []): Promise<Table> {
    const given = parameters.map((parameter) => toParameter(parameter, this.#module));
    return await this.exclusively(async (connection) => {
      if (query.replaceAll(NO_SQL, "").trim() === "" && !/['"]/.test(query)) {
        throw new KymoError("invalid-argument", `Cannot query: there is no statement: ${quote(query)}`);
      }
      const isRepeatable = onlyReads(query);
      if (!isRepeatable) await this.#isStale();
      for (;;) {
        const outcome = await connection.run(query, given.map(({ value }) => value), given.map(({ type }) => type))
          .then(readTable)
          .catch((error) => toQueryError(error, query));
        const failure = outcome instanceof Error ? outcome.cause : undefined;
        if (isRepeatable && await this.#isStale(failure)) continue;
        if (outcome instanceof Error) throw outcome;
        return outcome;
      }
    });
  }

  async #limitThreads(): Promise<void> {
    const [setting] = (await this.sql("SELECT current_setting('threads') AS threads")).rows();
    if ((setting?.threads as bigint) > USUAL_THREADS) await this.sql(`SET threads = ${USUAL_THREADS}`);
  }

  /** How far the query that runs has come, from 0 to 1; 0 if none does, or if that is not known. */
  get progress(): number {
    return this.#isClosed ? 0 : Math.max(0, this.#connection.progress.percentage) / 100;
  }

  /** Closes the database, once the queries that were asked for are done. Calling it again does nothing. */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#queue = this.#queue.then(() => {
        this.#connection.closeSync();
        this.#instance.closeSync();
        this.#spill.remove();
      });
    }
    return this.#queue;
  }
}

/** A check of a size in DuckDB's words. */
const isSize: Check = (value) =>
  typeof value === "string" && /^[0-9]+(\.[0-9]+)? *[KMGT]i?B$/i.test(value)
    ? undefined
    : 'must be a size such as "512MB"';

/** A check of a number of threads. */
const isThreads: Check = (value) =>
  Number.isInteger(value) && value as number >= 1 && value as number <= 1024
    ? undefined
    : "must be a whole number from 1 to 1024";

/** The options in DuckDB's words. */
function toSettings(options: DuckDBOptions): Record<string, string> {
  const { memoryLimit = "512MB", threads } = checkGiven<DuckDBOptions>("Cannot analyse", options, {
    memoryLimit: isSize,
    threads: isThreads,
  });
  return { memory_limit: memoryLimit, ...threads === undefined ? {} : { threads: String(threads) } };
}

/** What of a query is no SQL: texts, names in quotes, comments. */
const NO_SQL = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\//g;

/** Whether a query may as well be done twice: a single statement that changes nothing in the database. When in doubt it may not. */
function onlyReads(query: string): boolean {
  const sql = query.replaceAll(NO_SQL, "''");
  return /^\s*(SELECT|FROM|WITH|COPY\s*\()/i.test(sql) && !/;|\b(INSERT|UPDATE|DELETE|MERGE|nextval)\b/i.test(sql);
}

/** Why a query failed, in one line: the world's fault, or the query's. */
function toQueryError(error: unknown, query: string): Error {
  const first = firstLine(error);
  return /^(IO|Out of Memory|FATAL|INTERNAL) Error/.test(first)
    ? new KymoError("io", `Cannot query: ${first}`, { cause: error })
    : new KymoError("query-failed", `Cannot query: ${quote(query.trim())}: ${first}`, { cause: error });
}

/** DuckDB goes on with candidates, hints and the place in the query. */
function firstLine(error: unknown): string {
  return reason(error).split("\n", 1)[0]!;
}
