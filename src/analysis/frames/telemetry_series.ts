import { KymoError, quote } from "../../errors.ts";
import { describe, type DescribeOptions, type Description } from "./description.ts";
import type { DuckDB } from "../duckdb/duckdb.ts";
import { resample, type Resampled, type ResampleOptions } from "./resampling.ts";
import type { ProcessId } from "../../files/names.ts";
import { processesOf } from "./processes.ts";
import { restrict, type SeriesSelection, toSelection } from "./selection.ts";
import { literal } from "../duckdb/sql.ts";
import type { PauseReader } from "./switches.ts";
import type { Table } from "../duckdb/table.ts";

/**
 * The observations of a series, in parallel arrays: sorted by timepoint, then PID, then
 * measurement.
 */
export interface SeriesData {
  /** Timepoints, ns since 1970. */
  readonly timepoints: BigInt64Array;
  /** Measurements, in the unit of the series. */
  readonly measurements: Float64Array;
  /** PIDs of the processes that measured. */
  readonly pids: Uint32Array;
}

/** The observations with one label. Each query reads them anew. */
export class TelemetrySeries {
  readonly #database: DuckDB;
  readonly #readPauses: PauseReader;
  /** Label of all observations. */
  readonly label: string;
  /**
   * SQL of the observations that can follow `FROM` in {@linkcode TelemetrySeries.sql}. The columns
   * are `Timepoint`, `Measurement`, `Label`, `PID`, `Isolate` and `Channel`.
   */
  readonly relation: string;

  /** Called by `TelemetryFrame`. */
  constructor(database: DuckDB, relation: string, label: string, readPauses: PauseReader) {
    if (typeof label !== "string") {
      throw new KymoError("invalid-argument", `Cannot select: ${quote(label)}: a label must be a string`);
    }
    this.#database = database;
    this.#readPauses = readPauses;
    this.label = label;
    this.relation = `(SELECT * FROM ${relation} WHERE Label = ${literal(label)})`;
  }

  /** The processes, ascending by PID, then isolate. */
  async processes(): Promise<ProcessId[]> {
    return await processesOf(this.#database, this.relation);
  }

  /**
   * Selects a part of the observations.
   *
   * @throws {KymoError} `invalid-argument`, if a condition is unknown or has the wrong type.
   */
  where(selection: SeriesSelection): TelemetrySeries {
    return new TelemetrySeries(
      this.#database,
      restrict(this.relation, toSelection(selection)),
      this.label,
      this.#readPauses,
    );
  }

  /**
   * Reads the observations, or a selection of them, into memory: 20 bytes each.
   *
   * @throws {KymoError} `invalid-argument`, if a condition is unknown or has the wrong type.
   *
   * @example
   * ```ts
   * import { TelemetryDB } from "@kymo/kymo/analysis";
   * import { assertEquals } from "@std/assert";
   * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
   *
   * mkdirSync("_data");
   * writeFileSync(
   *   "_data/runtime.1.csv",
   *   "Timepoint,Measurement,Label,PID\r\n1700000000000000001,1e6,max rss,42\r\n1700000000000000001,2e6,max rss,43\r\n",
   * );
   * {
   *   await using db = await TelemetryDB.open("_data");
   *   assertEquals((await db.maxRss().processes()).map(({ pid }) => pid), [42, 43]);
   *   const { timepoints, measurements } = await db.maxRss().data({ pid: 43 });
   *   assertEquals([timepoints[0], measurements[0]], [1700000000000000001n, 2e6]);
   * }
   * rmSync("_data", { recursive: true });
   * ```
   */
  async data(selection: SeriesSelection = {}): Promise<SeriesData> {
    const relation = restrict(this.relation, toSelection(selection));
    const table = await this.sql(
      `SELECT Timepoint, Measurement, PID::UINTEGER AS PID FROM ${relation} ORDER BY Timepoint, PID, Measurement`,
    );
    const { Timepoint, Measurement, PID } = table.columns();
    return {
      timepoints: Timepoint as BigInt64Array,
      measurements: Measurement as Float64Array,
      pids: PID as Uint32Array,
    };
  }

  /**
   * Statistics of the series or of each process (ascending by PID, then isolate), as pandas'
   * `describe` computes them; empty if there are no observations.
   *
   * @throws {KymoError} `invalid-argument`, if an option is wrong, such as a quantile above 1.
   */
  async describe(options: DescribeOptions = {}): Promise<Description[]> {
    return await describe(this.#database, this.relation, options);
  }

  /**
   * Exact quantiles, interpolated linearly between the two nearest observations; NaN if there are
   * none.
   *
   * @throws {KymoError} `invalid-argument`, if a quantile is not from 0 to 1.
   */
  async quantiles(of: readonly number[]): Promise<number[]> {
    const [description] = await this.describe({ quantiles: of });
    return description?.quantiles.map(({ value }) => value) ?? of.map(() => NaN);
  }

  /**
   * Statistics of each interval from the first observation to the last, including empty intervals
   * between them. An interval in which recording was off all the time has no count: it is NaN, and
   * not zero. Intervals begin at integer multiples of their length since 1970. (pandas counts from
   * the midnight before the first observation: the same for lengths that divide a day.)
   *
   * @param interval An integer number of `ns`, `us`, `ms`, `s`, `m`, `h` or `d`, such as `"1s"` or
   * `"500ms"`; or nanoseconds as a bigint.
   *
   * @throws {KymoError} `invalid-argument`, if the interval or an option is wrong, or for more than
   * 10 million intervals.
   *
   * @example
   * ```ts
   * import { TelemetryDB } from "@kymo/kymo/analysis";
   * import { assertEquals } from "@std/assert";
   * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
   *
   * mkdirSync("_resample");
   * writeFileSync(
   *   "_resample/duration.1.csv",
   *   "Timepoint,Measurement,Label,PID\r\n" +
   *     "1700000000100000000,0.25,work,42\r\n1700000000200000000,0.75,work,42\r\n1700000002000000000,1,work,42\r\n",
   * );
   * {
   *   await using db = await TelemetryDB.open("_resample");
   *   const perSecond = await db.duration().timeSeries("work").resample("1s", { quantiles: [0.5] });
   *   assertEquals(perSecond.timepoints[0], 1700000000000000000n);
   *   assertEquals(perSecond.count, new Float64Array([2, 0, 1]));
   *   assertEquals(perSecond.sum, new Float64Array([1, 0, 1]));
   *   assertEquals(perSecond.mean, new Float64Array([0.5, NaN, 1]));
   *   assertEquals(perSecond.quantiles[0]?.values, new Float64Array([0.5, NaN, 1]));
   * }
   * rmSync("_resample", { recursive: true });
   * ```
   */
  async resample(interval: string | bigint, options: ResampleOptions = {}): Promise<Resampled> {
    return await resample(
      { database: this.#database, relation: this.relation, label: this.label, readPauses: this.#readPauses },
      interval,
      options,
    );
  }

  /** Runs a query, as `TelemetryDB.sql` does. */
  async sql(query: string, parameters: readonly unknown[] = []): Promise<Table> {
    return await this.#database.sql(query, parameters);
  }
}
