import type {
  DuckDBConnection,
  DuckDBExtractedStatements,
  DuckDBInstance,
  DuckDBPreparedStatement,
} from "@duckdb/node-api";
import { KymoError, type KymoErrorCode, quote, reason } from "../../errors.ts";
import { type Check, checkGiven, isWholeNumber } from "../../options.ts";
import type { Runtime, Timers } from "../../runtime.ts";
import { exceedsConfinement } from "./confined_sql.ts";
import { readTable } from "./read_table.ts";
import { absent, loadPackage } from "../../optional_package.ts";
import { type Parameter, toParameter } from "./parameters.ts";
import { SpillDirectory } from "./spill_directory.ts";
import { literal } from "./sql.ts";
import type { Table } from "./table.ts";

type DuckDBModule = typeof import("@duckdb/node-api");

/** Called for the analysis only: a program that only records never loads the package. */
const importDuckDB = (): Promise<DuckDBModule> => import("@duckdb/node-api").catch(absent);

/** What {@linkcode DuckDB.open} is for, and where the package comes from. */
export interface DuckDBUse {
  /** As in "Cannot analyse". */
  readonly purpose?: string;
  readonly importModule?: () => Promise<DuckDBModule>;
}

/** Limits of DuckDB. */
export interface DuckDBOptions {
  /**
   * Memory for tables, sorting and grouping: a number followed by `KB`, `MB`, `GB`, `TB`, `KiB`,
   * `MiB`, `GiB` or `TiB`. What does not fit spills to files in `/var/tmp`. Exact quantiles take 8
   * to 16 bytes per observation beyond it. Less than 128 MB is too little to read CSV.
   *
   * @default "512MB"
   */
  readonly memoryLimit?: string;
  /**
   * Threads, which share the memory evenly; an integer from 1 to 1024.
   *
   * @default one per processor, at most 16
   */
  readonly threads?: number;
}

/** What the package says of a query without a statement, and of nothing else. */
const NO_STATEMENT = "Error in native callback";

/** The package puts this before the messages of DuckDB's parser. */
const PARSER_PREFIX = "Failed to extract statements: ";

/**
 * The default limit of threads: with more, each would find too little memory for what it is
 * reading.
 */
const DEFAULT_MAX_THREADS = 16;

/**
 * ms between two turns of the event loop, at least, while a database is open. From Deno 2.7.14 to
 * 2.8.3 a timer may never fire while DuckDB is loaded, unless another one does: half of all summaries
 * never ended.
 */
const WAKE_INTERVAL = 20;

/**
 * Tells whether a query has read something that has changed since; the query's failure, if it
 * failed, is given.
 */
type IsStale = (failure?: unknown) => Promise<boolean>;

/** How one query is run. */
export interface QueryOptions {
  /** Interrupts the query, which then fails. */
  readonly signal?: AbortSignal;
}

/** What a query may do in a confined database: nothing that reads or writes a file by itself, or changes settings. */
const CONFINED = [
  ...["SELECT", "EXPLAIN", "CREATE", "CREATE_FUNC", "DROP", "ALTER", "INSERT", "UPDATE", "DELETE", "ANALYZE"],
  ...["TRANSACTION", "RELATION"],
] as const;

/** A DuckDB in memory. Queries run one after the other, each on all threads. */
export class DuckDB {
  readonly #module: DuckDBModule;
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #spill: SpillDirectory;
  /** Resolves when the last query in the queue has ended. */
  #queue: Promise<void> = Promise.resolve();
  #isClosed = false;
  readonly #stopWaking: () => void;
  #isStale: IsStale = () => Promise.resolve(false);
  #isOrdered = (): boolean => true;
  #isConfined = false;
  /** Interrupts the query that runs. */
  #signal: AbortSignal | undefined;

  private constructor(
    module: DuckDBModule,
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    spill: SpillDirectory,
    timers: Timers,
  ) {
    this.#module = module;
    this.#instance = instance;
    this.#connection = connection;
    this.#spill = spill;
    this.#stopWaking = timers.every(WAKE_INTERVAL, () => {
      // Again and again: DuckDB forgets what comes before a statement runs.
      if (this.#signal?.aborted) this.#connection.interrupt();
    });
  }

  /**
   * Opens an empty database.
   *
   * @throws {KymoError} `"missing-package"` if the package is not installed or cannot be loaded;
   * `"permission-denied"` on Deno without `--allow-ffi`; `"invalid-argument"` if an option is
   * wrong.
   */
  static async open(
    options: DuckDBOptions,
    runtime: Runtime,
    { purpose = "analyse", importModule = importDuckDB }: DuckDBUse = {},
  ): Promise<DuckDB> {
    const settings = toSettings(options);
    const module = await loadPackage("@duckdb/node-api", purpose, runtime.name, importModule);
    const spill = new SpillDirectory(runtime);
    try {
      const instance = await module.DuckDBInstance.create(":memory:", { ...settings, temp_directory: spill.path });
      const connection = await instance.connect();
      // Progress is counted, and not drawn by DuckDB itself.
      await connection.run("SET enable_progress_bar = true");
      await connection.run("SET enable_progress_bar_print = false");
      await connection.run("SET progress_bar_time = 0");
      if (options.threads === undefined) await limitThreads(connection);
      return new DuckDB(module, instance, connection, spill, runtime.timers);
    } catch (error) {
      spill.remove();
      const first = firstLine(error);
      throw new KymoError(failureCode(first), `Cannot ${purpose}: ${first}`, { cause: error });
    }
  }

  /**
   * Sets what tells whether the data changed. After a SELECT, `isStale` is called, and the SELECT
   * repeated while it returns `true`. Before any other statement it is called once, and the
   * statement is never repeated. No query runs during a call. `isOrdered` tells whether the order of
   * rows must be kept while they are written.
   */
  guard(isStale: IsStale, isOrdered: () => boolean = () => true): void {
    this.#isStale = isStale;
    this.#isOrdered = isOrdered;
  }

  /**
   * From now on queries read no files but those in these directories, and write none at all; settings are
   * locked. Statements of other kinds than queries, and changes of tables in memory, are refused.
   */
  async confine(directories: readonly string[]): Promise<void> {
    const allowed = [...directories, this.temporary].map((path) => literal(`${path.replace(/\/$/, "")}/`));
    await this.exclusively(async (connection) => {
      await connection.run(`SET allowed_directories = [${allowed.join(", ")}]`);
      await connection.run("SET autoinstall_known_extensions = false");
      await connection.run("SET enable_external_access = false");
      await connection.run("SET lock_configuration = true");
    });
    this.#isConfined = true;
  }

  /**
   * @throws {KymoError} if the database is confined, and a query may not run in it; `type` is that of its
   * statement, if that is prepared. Some statements write as soon as they are parsed or prepared.
   */
  #refuseUnconfined(query: string, type?: number): void {
    if (!this.#isConfined) return;
    const { StatementType } = this.#module;
    const isRefused = type === undefined
      ? exceedsConfinement(query)
      : !CONFINED.some((kind) => StatementType[kind] === type);
    if (!isRefused) return;
    throw new KymoError(
      "query-failed",
      `Cannot query: ${quote(query.trim())}: it may write files, change settings or run a text`,
    );
  }

  /** Runs `work` while no query runs: each takes all threads and memory. */
  exclusively<Result>(work: (connection: DuckDBConnection) => Promise<Result>): Promise<Result> {
    if (this.#isClosed) return Promise.reject(new KymoError("invalid-state", "Cannot query: the database is closed"));
    const result = this.#queue.then(() => work(this.#connection));
    this.#queue = result.then(() => {}, () => {});
    return result;
  }

  /**
   * Runs a query, or several that are separated by semicolons, and reads the whole result of the
   * last, which takes the parameters. `isCopy` says that it writes rows to a file: it may be repeated
   * like a SELECT, and change their order.
   *
   * @throws {KymoError} `"invalid-argument"` if there is no query or a parameter has no type in
   * SQL; `"query-failed"` if DuckDB refuses the query; `"io"` or `"out-of-memory"` if a file cannot
   * be read or written, or memory or disk do not suffice; `"invalid-state"` if the database is
   * closed.
   */
  async sql(
    query: string,
    parameters: readonly unknown[] = [],
    { isCopy = false, ...options }: QueryOptions & { readonly isCopy?: boolean } = {},
  ): Promise<Table> {
    const { signal } = options;
    const given = parameters.map((parameter) => toParameter(parameter, this.#module));
    return await this.exclusively(async (connection) => {
      this.#signal = signal;
      try {
        this.#refuseUnconfined(query);
        const statements = await extract(connection, query);
        const last = statements.count - 1;
        const run = (index: number, parameters: readonly Parameter[]): Promise<Table> => {
          signal?.throwIfAborted();
          return this.#run(connection, { query, statements, index }, parameters, { ...options, isCopy });
        };
        for (let i = 0; i < last; i++) await run(i, []);
        return await run(last, given);
      } catch (error) {
        if (signal?.aborted) throw new KymoError("query-failed", "Cannot query: it was interrupted", { cause: error });
        throw queryError(error, query);
      } finally {
        this.#signal = undefined;
      }
    });
  }

  /**
   * Runs the statement number `index` of a query. A statement that may be repeated is repeated
   * until the data did not change while it ran.
   */
  async #run(
    connection: DuckDBConnection,
    { query, statements, index }: {
      readonly query: string;
      readonly statements: DuckDBExtractedStatements;
      readonly index: number;
    },
    parameters: readonly Parameter[],
    { isCopy, signal }: QueryOptions & { readonly isCopy: boolean },
  ): Promise<Table> {
    const { SELECT } = this.#module.StatementType;
    for (let isFirst = true;; isFirst = false) {
      let mayRepeat = true; // a statement that cannot be prepared has changed nothing
      let statement: DuckDBPreparedStatement | undefined;
      let table: Table | undefined;
      let failure: unknown;
      try {
        // An extracted statement can be prepared only once. Another extraction of PIVOT has other names in it.
        statement = await (isFirst ? statements : await extract(connection, query)).prepare(index);
        mayRepeat = isCopy || statement.statementType === SELECT;
        this.#refuseUnconfined(query, statement.statementType);
        if (!mayRepeat) await this.#isStale();
        statement.bind(parameters.map(({ value }) => value), parameters.map(({ type }) => type));
        const bound = statement;
        const read = async (): Promise<Table> => await readTable(await bound.run());
        table = isCopy && !this.#isOrdered() ? await withoutOrder(connection, read) : await read();
      } catch (error) {
        failure = error;
      } finally {
        statement?.destroySync();
      }
      if (mayRepeat && !signal?.aborted && await this.#isStale(failure)) continue;
      if (table === undefined) throw failure;
      return table;
    }
  }

  /**
   * How far the running query has come, from 0 to 1; 0 if no query runs, or if that is not known.
   */
  get progress(): number {
    return this.#isClosed ? 0 : Math.max(0, this.#connection.progress.percentage) / 100;
  }

  /** The path of the directory for temporary files, which goes with the database. */
  get temporary(): string {
    return this.#spill.path;
  }

  /** Closes the database after the queries in the queue. Further calls do nothing. */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#queue = this.#queue.then(() => {
        this.#stopWaking();
        this.#connection.closeSync();
        this.#instance.closeSync();
        this.#spill.remove();
      });
    }
    return this.#queue;
  }
}

/**
 * Runs `work`, which writes rows in any order. To keep it, DuckDB holds on to a block of memory for
 * each file that it reads: 500 MB are too little for 6,000 files, and with 3,000 it takes ten times as
 * long.
 */
export async function withoutOrder<Result>(connection: DuckDBConnection, work: () => Promise<Result>): Promise<Result> {
  await connection.run("SET preserve_insertion_order = false");
  try {
    return await work();
  } finally {
    await connection.run("SET preserve_insertion_order = true");
  }
}

const isSize: Check = (value) =>
  typeof value === "string" && /^[0-9]+(\.[0-9]+)? *[KMGT]i?B$/i.test(value)
    ? undefined
    : 'must be a size such as "512MB"';

/** The checks of the options. */
export const DUCKDB_CHECKS = { memoryLimit: isSize, threads: isWholeNumber(1, 1024) } as const;

/** The options by the names of DuckDB's settings. */
function toSettings(options: DuckDBOptions): Record<string, string> {
  const { memoryLimit = "512MB", threads } = checkGiven<DuckDBOptions>("Cannot analyse", options, DUCKDB_CHECKS);
  return { memory_limit: memoryLimit, ...threads === undefined ? {} : { threads: String(threads) } };
}

/** The statements of a query. */
async function extract(connection: DuckDBConnection, query: string): Promise<DuckDBExtractedStatements> {
  try {
    return await connection.extractStatements(query);
  } catch (error) {
    if (reason(error) !== NO_STATEMENT) throw error;
    throw new KymoError("invalid-argument", `Cannot query: there is no statement: ${quote(query)}`, { cause: error });
  }
}

async function limitThreads(connection: DuckDBConnection): Promise<void> {
  const result = await connection.runAndReadAll("SELECT current_setting('threads')::INTEGER");
  if (result.value(0, 0) as number > DEFAULT_MAX_THREADS) await connection.run(`SET threads = ${DEFAULT_MAX_THREADS}`);
}

/**
 * What DuckDB threw, in one line. The query is quoted unless the disk or the memory is to blame.
 */
function queryError(error: unknown, query: string): KymoError {
  if (error instanceof KymoError) return error;
  const first = firstLine(error);
  const code = failureCode(first);
  const what = code === "query-failed" ? `${quote(query.trim())}: ${first}` : first;
  return new KymoError(code, `Cannot query: ${what}`, { cause: error });
}

/** The code of a failure of DuckDB, whose messages begin with their kind. */
function failureCode(message: string): KymoErrorCode {
  if (message.startsWith("IO Error")) return "io";
  return message.startsWith("Out of Memory Error") ? "out-of-memory" : "query-failed";
}

/** DuckDB's messages go on with candidates, hints and the position in the query. */
function firstLine(error: unknown): string {
  return reason(error).replace(PARSER_PREFIX, "").split("\n", 1)[0]!;
}
