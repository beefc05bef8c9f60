import { checkGiven } from "../../options.ts";
import { fileErrorCode, KymoError, quote, reason } from "../../errors.ts";
import { defaultRuntime } from "../../default_runtime.ts";
import { DuckDB, DUCKDB_CHECKS, type DuckDBOptions } from "../duckdb/duckdb.ts";
import type { Reading } from "../source/reading.ts";
import { openSources, type Sources, type TimeBounds } from "../source/sources.ts";
import type { Table } from "../duckdb/table.ts";
import { isTimepoint } from "./selection.ts";
import { TelemetryFrame } from "./telemetry_frame.ts";
import type { TelemetrySeries } from "./telemetry_series.ts";
import { OBSERVATIONS, Views } from "./views.ts";

/** Limits of DuckDB, and the time of interest. */
export interface OpenOptions extends DuckDBOptions, TimeBounds {}
import { CHANNELS, SERIES } from "../../series.ts";

/**
 * What was recorded, as a database. Files are read when a query needs them, and again for the next one, unless they are
 * {@linkcode TelemetryDB.load loaded}.
 *
 * @example Summaries of all durations, and by PID
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
 *   for (const { label, pid, count, mean } of await db.duration().describe({ byPid: true })) {
 *     console.log(label, pid, count, mean); // /version [GET] 42 1 0.25, and so on
 *   }
 * }
 * rmSync("_summaries", { recursive: true });
 * ```
 */
export class TelemetryDB {
  readonly #database: DuckDB;
  readonly #sources: Sources;
  readonly #views: Views;

  private constructor(database: DuckDB, sources: Sources, views: Views) {
    this.#database = database;
    this.#sources = sources;
    this.#views = views;
  }

  /**
   * Opens a monitoring directory, in either layout and with the spools of running programs in it, a CSV
   * file, a pattern of files such as `"runs/*.csv"`, or several of these. Files of the Python original are
   * read too. A directory in which nothing was recorded has no observations, which is no error.
   *
   * @throws {KymoError} `"missing-package"` without the package `@duckdb/node-api`; `"permission-denied"` on
   * Deno without `--allow-ffi`; `"not-found"` and other codes of files if a source cannot be read;
   * `"invalid-argument"` if a source or an option is wrong.
   */
  static async open(source: string | readonly string[], options: OpenOptions = {}): Promise<TelemetryDB> {
    if (![source].flat().every((path) => typeof path === "string" && path !== "")) {
      throw new KymoError(
        "invalid-argument",
        `Cannot read: the source must be a path, or an array of paths: ${quote(source)}`,
      );
    }
    const { from, to, ...limits } = checkGiven<OpenOptions>("Cannot analyse", options, {
      ...DUCKDB_CHECKS,
      from: isTimepoint,
      to: isTimepoint,
    });
    const bounds = { ...from === undefined ? {} : { from }, ...to === undefined ? {} : { to } };
    const runtime = defaultRuntime();
    const database = await DuckDB.open(limits, runtime);
    try {
      return await database.exclusively(async (connection) => {
        const found = await openSources(source, { connection, files: runtime.files }, bounds);
        try {
          const views = await Views.create(connection, found);
          database.guard((failure) => views.areStale(connection, failure));
          return new TelemetryDB(database, found, views);
        } catch (error) {
          found.close();
          throw error;
        }
      });
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** What was read, and what was not. Of large recordings it is complete after the first query, since files are checked beside that. */
  get reading(): Reading {
    return this.#sources.reading;
  }

  /** The channels of the files, ascending. */
  channels(): string[] {
    return [...this.#sources.relations.keys()].sort();
  }

  /** The observations of the files with that channel; none if there are no such files. */
  frame(channel: string): TelemetryFrame {
    return new TelemetryFrame(this.#database, this.#views.of(channel));
  }

  /** All observations. */
  all(): TelemetryFrame {
    return new TelemetryFrame(this.#database, OBSERVATIONS);
  }

  /** Durations, seconds. */
  duration(): TelemetryFrame {
    return this.frame(CHANNELS.duration);
  }

  /** What was sampled of the runtime. */
  runtime(): TelemetryFrame {
    return this.frame(CHANNELS.runtime);
  }

  /** What the program itself observed, in its own units. */
  custom(): TelemetryFrame {
    return this.frame(CHANNELS.custom);
  }

  /** How many garbage collections there have been since recording began. */
  gcCollections(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.gcCollections);
  }

  /** What they have freed since recording began, bytes. Objects, in files of the Python original. */
  gcCollected(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.gcCollected);
  }

  /** Objects that could not be collected; only the Python original can tell. */
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

  /** The largest resident set size up to then, bytes. */
  maxRss(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.maxRss);
  }

  /** The part of the heap in use, bytes. */
  heapUsed(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.heapUsed);
  }

  /** The whole heap, bytes. */
  heapTotal(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.heapTotal);
  }

  /** Memory that the heap holds outside itself, bytes. */
  external(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.external);
  }

  /** How late the event loop was, seconds. */
  eventLoopLag(): TelemetrySeries {
    return this.runtime().timeSeries(SERIES.eventLoopLag);
  }

  /**
   * Runs any query of DuckDB and reads its result. There are the views `observations`, of everything, and one for each channel: `duration`,
   * `runtime` and `custom` always, others with files, if need be in double quotes. (A channel that differs from another only in case, or that is
   * `observations`, has none.) Their columns are `Timepoint` (BIGINT, ns since 1970), `Measurement` (DOUBLE), `Label` (VARCHAR), `PID` (BIGINT)
   * and `Channel` (VARCHAR). To DuckDB, NaN equals itself and is larger than any number.
   *
   * @param query SQL; of several statements the last one's result is returned.
   * @param parameters The values of `$1`, `$2`, …: null, booleans, numbers, bigints, strings, and arrays of one of these.
   *
   * @throws {KymoError} if the query or a parameter is wrong.
   * @throws {KymoError} if something cannot be read or written, or memory and disk do not suffice.
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
  async sql(query: string, parameters: readonly unknown[] = []): Promise<Table> {
    return await this.#database.sql(query, parameters);
  }

  /**
   * Reads all files now, so that queries need not: worth it for more than two or three. Takes 50 to 60 bytes of memory per observation, or of disk
   * beyond the limit. Frames and series made before are read from there too. Calling it again does nothing.
   *
   * @throws {KymoError} if something cannot be read, or memory and disk do not suffice; nothing has changed then.
   */
  async load(): Promise<void> {
    await this.#database.exclusively((connection) => this.#views.load(connection)).catch((error) => {
      throw error instanceof KymoError
        ? error
        : new KymoError(fileErrorCode(error), `Cannot load: ${reason(error)}`, { cause: error });
    });
  }

  /**
   * Writes all observations to a Parquet file (compressed by zstd) with the columns of the view `observations`, and returns how many there are.
   * A file that is there is replaced, by a whole one or not at all.
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

  /** How far the query that runs has come, from 0 to 1; 0 if none does. */
  get progress(): number {
    return this.#database.progress;
  }

  /** Closes the database, once the queries that were asked for are done; any later one is refused. Calling it again does nothing. */
  close(): void {
    void this[Symbol.asyncDispose]();
  }

  /** As {@linkcode TelemetryDB.close}; resolves when it is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.close();
    this.#sources.close(); // not before: the results of the last queries are checked with them
  }
}
