import { fileErrorCode, KymoError, reason } from "../../errors.ts";
import { defaultRuntime } from "../../default_runtime.ts";
import { DuckDB, type QueryOptions } from "../duckdb/duckdb.ts";
import type { Reading } from "../source/reading_report.ts";
import type { Table } from "../duckdb/table.ts";
import { checkOpenOptions, type OpenOptions, Recording } from "./recording.ts";
import { TelemetryFrame } from "./telemetry_frame.ts";
import type { TelemetrySeries } from "./telemetry_series.ts";
import type { ProcessId } from "../../files/names.ts";
import { CHANNELS, SERIES } from "../../series.ts";
import type { ProgramRecords } from "../programs/program_records.ts";
import type { Pauses } from "../programs/pauses.ts";
import { ChannelViews, OBSERVATIONS } from "./channel_views.ts";
import { readPauses } from "./switches.ts";

/** What a database is made of. */
interface Opened {
  readonly database: DuckDB;
  readonly recording: Recording;
  readonly views: ChannelViews;
}

/**
 * A recording as a database. Each query reads the files that it needs, unless they are
 * {@linkcode TelemetryDB.load loaded}.
 *
 * @example Summaries of all durations, and by process
 * ```ts
 * import { TelemetryDB } from "@kymo/kymo/analysis";
 * import { assertEquals } from "@std/assert";
 * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
 *
 * mkdirSync("_summaries");
 * writeFileSync(
 *   "_summaries/duration.1.csv",
 *   "Timepoint,Measurement,Label,PID\r\n" +
 *     "1700000000000000001,0.25,/version [GET],42\r\n" +
 *     "1700000000500000000,0.75,/version [GET],43\r\n",
 * );
 * {
 *   await using db = await TelemetryDB.open("_summaries");
 *   assertEquals(await db.duration().labels(), ["/version [GET]"]);
 *   const [version] = await db.duration().describe();
 *   assertEquals([version?.count, version?.mean], [2, 0.5]);
 *   for (const { label, pid, count, mean } of await db.duration().describe({ byProcess: true })) {
 *     console.log(label, pid, count, mean); // /version [GET] 42 1 0.25, and so on
 *   }
 * }
 * rmSync("_summaries", { recursive: true });
 * ```
 */
export class TelemetryDB {
  readonly #database: DuckDB;
  readonly #recording: Recording;
  readonly #views: ChannelViews;

  /** Called by {@linkcode TelemetryDB.open}, also of a subclass, whose constructor passes `opened` on. */
  protected constructor(opened: unknown) {
    const { database, recording, views } = opened as Opened;
    this.#database = database;
    this.#recording = recording;
    this.#views = views;
  }

  /**
   * Opens a monitoring directory, in either layout and with the spools of running programs in it, a
   * CSV file, a pattern of files such as `"runs/*.csv"`, or several of these. Files of the Python
   * original are read too, and so are the Parquet files of `kymo compact`: each row once, also while
   * files are compacted. A directory in which nothing was recorded has no observations, which is no
   * error.
   *
   * A source may also be the address of a database that `kymo ship` has filled:
   * `postgres://user@host/database`, with `?schema=name` unless the schema is `kymo`, which needs the
   * package `pg`; `clickhouse://user@host/database`; or a file of DuckDB (a path that ends with
   * `.duckdb`, `.ddb` or `.db`, or `duckdb:path`) or a folder of Parquet files (its path, or
   * `parquet:folder`), which has no program records. The rows that the options select are fetched, as
   * they are there at that moment; later queries ask nobody. The password is the one in the address,
   * else `PGPASSWORD` or that of `~/.pgpass`, or `CLICKHOUSE_PASSWORD`; no error shows it.
   *
   * @throws {KymoError} `"missing-package"` without the package `@duckdb/node-api`;
   * `"permission-denied"` on Deno without `--allow-ffi`; `"not-found"` and other codes of files if
   * a source cannot be read; `"invalid-argument"` if a source or an option is wrong. Of databases:
   * `"missing-package"` without `pg`; `"permission-denied"` for a wrong password or a missing right;
   * `"not-found"` if there is no such database, or no table of Kymo in it; `"io"` if it cannot be
   * reached, or the connection breaks.
   *
   * @example From a database, the last hour of one service
   * ```ts ignore
   * import { TelemetryDB } from "@kymo/kymo/analysis";
   *
   * const hour = 3_600_000_000_000n;
   * await using db = await TelemetryDB.open("postgres://reader@db.example.com/telemetry", {
   *   program: "orders",
   *   labels: "/orders*",
   *   from: BigInt(Date.now()) * 1_000_000n - hour,
   * });
   * console.log(await db.duration().describe({ quantiles: [0.5, 0.99] }));
   * console.log(await db.rss().data());
   * ```
   */
  static async open<DB extends TelemetryDB = TelemetryDB>(
    this: { readonly prototype: DB },
    source: string | readonly string[],
    options: OpenOptions = {},
  ): Promise<DB> {
    const checked = checkOpenOptions(source, options);
    const runtime = defaultRuntime();
    const database = await DuckDB.open(checked.limits, runtime);
    try {
      return await database.exclusively(async (connection) => {
        const { temporary } = database;
        const recording = await Recording.open(checked, { connection, temporary }, runtime);
        try {
          const views = await ChannelViews.create(connection, recording.sources);
          database.guard((failure) => views.areStale(connection, failure), () => views.areOrdered);
          // The constructor is protected, so that it does not show in the type.
          return new (this as unknown as new (opened: Opened) => DB)({ database, recording, views });
        } catch (error) {
          recording.sources.close();
          throw error;
        }
      });
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /**
   * What was read and what was not. Complete after the first query: large recordings are checked
   * while it runs.
   */
  get reading(): Reading {
    return this.#recording.sources.reading;
  }

  /** The channels of the files, sorted. */
  channels(): string[] {
    return [...this.#recording.sources.relations.keys()].sort();
  }

  /**
   * The program records of the directories that were opened, as they are now: who recorded, and how
   * it ended. Those of `processes` are read, and up to 1,000 others.
   */
  programRecords(processes: readonly ProcessId[] = []): ProgramRecords {
    return this.#recording.programRecords(processes);
  }

  /** The observations of a channel; none if it has no files. */
  frame(channel: string): TelemetryFrame {
    return new TelemetryFrame(this.#database, this.#views.of(channel), this.#readPauses);
  }

  /** All observations. */
  all(): TelemetryFrame {
    return new TelemetryFrame(this.#database, OBSERVATIONS, this.#readPauses);
  }

  /**
   * When recording was switched off, by process and series. Nothing is known of these times: they
   * are neither quiet, nor had a program died.
   *
   * A program says so in rows of the channel `runtime`, labelled `recording`, `recording channel
   * <name>` or `recording label <pattern>`: 0 is off from here, 1 on again. They are rows as all
   * others for SQL and export, and no series for `labels` and `describe`. If the database was
   * opened with `from`, a process that is switched on first was off before, unless other rows of it
   * come earlier.
   *
   * @param earlier When processes recorded their first rows that were not read: timepoints by
   * `<pid>-<isolate>`, or the PID alone if the isolate is not known.
   *
   * @example
   * ```ts
   * import { TelemetryDB } from "@kymo/kymo/analysis";
   * import { assertEquals } from "@std/assert";
   * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
   *
   * mkdirSync("_pauses");
   * writeFileSync(
   *   "_pauses/runtime.1.csv",
   *   "Timepoint,Measurement,Label,PID\r\n1700000000000000000,0,recording,42\r\n1700000060000000000,1,recording,42\r\n",
   * );
   * {
   *   await using db = await TelemetryDB.open("_pauses");
   *   const pauses = await db.pauses();
   *   const [pause] = pauses.of({ pid: 42, isolate: "" });
   *   assertEquals(pause, { from: 1700000000000000000n, to: 1700000060000000000n });
   *   assertEquals(pauses.of({ pid: 42, isolate: "" }, { channel: "duration", label: "work" }), [pause!]);
   * }
   * rmSync("_pauses", { recursive: true });
   * ```
   */
  async pauses(earlier: ReadonlyMap<string, bigint> = new Map()): Promise<Pauses> {
    return await this.#readPauses(earlier);
  }

  /** Bound, so that frames and series can take it along. */
  readonly #readPauses = (earlier: ReadonlyMap<string, bigint> = new Map()): Promise<Pauses> =>
    readPauses({
      database: this.#database,
      isPart: this.#recording.isPart,
      earlier,
      records: () => this.programRecords().byProcess.values(),
    });

  /** Durations, seconds. */
  duration(): TelemetryFrame {
    return this.frame(CHANNELS.duration);
  }

  /** Samples of the runtime. */
  runtime(): TelemetryFrame {
    return this.frame(CHANNELS.runtime);
  }

  /** Numbers of the program, in units of its own. */
  custom(): TelemetryFrame {
    return this.frame(CHANNELS.custom);
  }

  /** Number of garbage collections since recording began. */
  gcCollections(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.gcCollections);
  }

  /** Bytes they have freed since recording began; in files of the Python original, objects. */
  gcCollected(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.gcCollected);
  }

  /** Objects that could not be collected; only in files of the Python original. */
  gcUncollectable(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.gcUncollectable);
  }

  /** The pause of each collection, seconds. */
  gcPause(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.gcPause);
  }

  /** CPU time in user code since the process began, seconds. */
  userTime(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.userTime);
  }

  /** CPU time in the kernel since the process began, seconds. */
  systemTime(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.systemTime);
  }

  /** Resident set size, bytes. */
  rss(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.rss);
  }

  /** The largest resident set size so far, bytes. */
  maxRss(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.maxRss);
  }

  /** Used JavaScript heap, bytes. */
  heapUsed(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.heapUsed);
  }

  /** JavaScript heap, bytes. */
  heapTotal(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.heapTotal);
  }

  /** Memory outside the heap that belongs to its objects, bytes. */
  external(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.external);
  }

  /** Event-loop lag, seconds. */
  eventLoopLag(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.eventLoopLag);
  }

  /**
   * Runs a query in DuckDB's SQL and returns its result.
   *
   * The view `observations` has all observations. Each channel with files has a view of its own,
   * `duration`, `runtime` and `custom` have one always; names that are not identifiers need double
   * quotes. (A channel that differs from another only in case, or whose name is `observations`, has
   * no view.) The columns are `Timepoint` (BIGINT, ns since 1970), `Measurement` (DOUBLE), `Label`
   * (VARCHAR), `PID` (BIGINT), `Isolate` (VARCHAR: with the PID it is one process; empty where the
   * name of a file does not tell it, as in layout `append`) and `Channel` (VARCHAR). In DuckDB, NaN
   * equals itself and is larger than any number.
   *
   * A SELECT is repeated if a file changed while it ran. Other statements run once.
   *
   * @param query One or more statements; returns the result of the last.
   * @param parameters The values of `$1`, `$2`, …: null, booleans, numbers, bigints, strings, and
   * arrays of one of these.
   * @param options A signal that interrupts the query.
   *
   * @throws {KymoError} `"query-failed"` if DuckDB refuses the query, or it was interrupted; `"invalid-argument"` if there
   * is none, or for a parameter of another type; `"io"` or `"out-of-memory"` if a file cannot be
   * read or written, or memory and disk do not suffice; `"invalid-state"` if the database is
   * closed.
   *
   * @example
   * ```ts
   * import { TelemetryDB } from "@kymo/kymo/analysis";
   * import { assertEquals } from "@std/assert";
   * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
   *
   * mkdirSync("_sql");
   * writeFileSync("_sql/custom.1.csv", "Timepoint,Measurement,Label,PID\r\n1700000000000000001,17,queue length,42\r\n");
   * {
   *   await using db = await TelemetryDB.open("_sql");
   *   const table = await db.sql("SELECT Timepoint, Measurement FROM custom WHERE Label = $1", ["queue length"]);
   *   assertEquals(table.rows(), [{ Timepoint: 1700000000000000001n, Measurement: 17 }]);
   *   assertEquals(table.columns().Measurement, new Float64Array([17]));
   * }
   * rmSync("_sql", { recursive: true });
   * ```
   */
  async sql(query: string, parameters: readonly unknown[] = [], options: QueryOptions = {}): Promise<Table> {
    return await this.#database.sql(query, parameters, options);
  }

  /**
   * Confines SQL that others wrote: from now on `sql` reads no files but those in the directories of the
   * recording, and writes none. COPY, ATTACH, SET and the like are refused, and functions that change
   * settings or run a text, such as `query`; tables in memory may be made.
   * `load` and `exportParquet` fail, too.
   *
   * @example
   * ```ts
   * import { TelemetryDB } from "@kymo/kymo/analysis";
   * import { assertRejects } from "@std/assert";
   *
   * await using db = await TelemetryDB.open([]);
   * await db.confine();
   * await assertRejects(() => db.sql("COPY (SELECT 1) TO 'a.csv'"));
   * await assertRejects(() => db.sql("FROM read_text('/etc/passwd')"));
   * ```
   */
  async confine(): Promise<void> {
    await this.#database.confine(this.#recording.sources.directories);
  }

  /**
   * Loads all files into memory, which pays for more than two or three queries. Takes 50 to 60
   * bytes per observation, on disk if they exceed the memory limit. Existing frames and series use
   * the copy too. Further calls do nothing.
   *
   * @throws {KymoError} if something cannot be read, or memory and disk do not suffice. Nothing has
   * changed then.
   */
  async load(): Promise<void> {
    await this.#database.exclusively((connection) => this.#views.load(connection)).catch((error) => {
      throw error instanceof KymoError
        ? error
        : new KymoError(fileErrorCode(error), `Cannot load: ${reason(error)}`, { cause: error });
    });
  }

  /**
   * Writes all observations to a Parquet file (compressed with zstd) with the columns of the view
   * `observations`, and returns their number. Replaces an existing file once the new one is whole.
   *
   * @throws {KymoError} if it cannot be written.
   *
   * @example
   * ```ts
   * import { TelemetryDB } from "@kymo/kymo/analysis";
   * import { assertEquals } from "@std/assert";
   * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
   *
   * mkdirSync("_parquet");
   * writeFileSync("_parquet/duration.1.csv", "Timepoint,Measurement,Label,PID\r\n1700000000000000001,0.25,work,42\r\n");
   * {
   *   await using db = await TelemetryDB.open("_parquet");
   *   assertEquals(await db.exportParquet("_parquet/all.parquet"), { rows: 1 });
   *   const table = await db.sql("SELECT Label, Channel FROM '_parquet/all.parquet'");
   *   assertEquals(table.rows(), [{ Label: "work", Channel: "duration" }]);
   * }
   * rmSync("_parquet", { recursive: true });
   * ```
   */
  async exportParquet(path: string): Promise<{ rows: number }> {
    return await this.all().exportParquet(path);
  }

  /** How far the running query has come, from 0 to 1; 0 if no query runs. */
  get progress(): number {
    return this.#database.progress;
  }

  /**
   * Closes the database after the queries in the queue; later ones fail. Further calls do nothing.
   */
  close(): void {
    void this[Symbol.asyncDispose]();
  }

  /** Closes the database, as {@linkcode TelemetryDB.close}; resolves when it is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.close();
    this.#recording.sources.close(); // last, since the check of the queries in the queue needs them
  }
}
