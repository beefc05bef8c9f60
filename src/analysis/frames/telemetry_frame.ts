import { defaultRuntime } from "../../default_runtime.ts";
import { describe, type DescribeOptions, type Description } from "./description.ts";
import type { DuckDB } from "../duckdb/duckdb.ts";
import { exportParquet } from "../duckdb/parquet.ts";
import type { ProcessId } from "../../files/names.ts";
import { processesOf } from "./processes.ts";
import type { Pauses } from "../programs/pauses.ts";
import { restrict, type Selection } from "./selection.ts";
import { IS_NO_SWITCH, type PauseReader } from "./switches.ts";
import type { Table } from "../duckdb/table.ts";
import { TelemetrySeries } from "./telemetry_series.ts";

/**
 * Observations with any labels: those of a channel, or a selection of them. Each query reads them
 * anew.
 */
export class TelemetryFrame {
  readonly #database: DuckDB;
  readonly #readPauses: PauseReader;
  /**
   * SQL of the observations that can follow `FROM` in {@linkcode TelemetryFrame.sql}. The columns
   * are `Timepoint`, `Measurement`, `Label`, `PID`, `Isolate` and `Channel`.
   */
  readonly relation: string;

  /** Called by `TelemetryDB`. */
  constructor(database: DuckDB, relation: string, readPauses: PauseReader) {
    this.#database = database;
    this.#readPauses = readPauses;
    this.relation = relation;
  }

  /**
   * The labels, ascending by code points. Those of the rows that say when recording was off are
   * none: see `TelemetryDB.pauses`.
   */
  async labels(): Promise<string[]> {
    const table = await this.sql(`SELECT DISTINCT Label FROM ${this.relation} WHERE ${IS_NO_SWITCH} ORDER BY Label`);
    return table.rows().map(({ Label }) => Label as string);
  }

  /** The processes, ascending by PID, then isolate. */
  async processes(): Promise<ProcessId[]> {
    return await processesOf(this.#database, this.relation);
  }

  /** The observations with exactly this label (not a pattern); none if there is no such label. */
  timeSeries(label: string): TelemetrySeries {
    return new TelemetrySeries(this.#database, this.relation, label, this.#readPauses);
  }

  /**
   * Selects a part of the observations.
   *
   * @throws {KymoError} `invalid-argument`, if a condition is unknown or has the wrong type.
   *
   * @example
   * ```ts
   * import { TelemetryDB } from "@kymo/kymo/analysis";
   * import { assertEquals } from "@std/assert";
   * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
   *
   * mkdirSync("_where");
   * writeFileSync(
   *   "_where/duration.1.csv",
   *   "Timepoint,Measurement,Label,PID\r\n" +
   *     "1700000000000000001,0.25,/version [GET],42\r\n" +
   *     "1700000000000000002,0.5,/orders [GET],42\r\n" +
   *     "1700000000000000003,1,render,42\r\n",
   * );
   * {
   *   await using db = await TelemetryDB.open("_where");
   *   assertEquals(await db.duration().where({ labels: "* [GET]" }).labels(), ["/orders [GET]", "/version [GET]"]);
   *   assertEquals(await db.duration().where({ labels: ["/orders*", "render"] }).labels(), ["/orders [GET]", "render"]);
   *   assertEquals(await db.duration().where({ from: 1700000000000000003n, pids: [42] }).labels(), ["render"]);
   * }
   * rmSync("_where", { recursive: true });
   * ```
   */
  where(selection: Selection): TelemetryFrame {
    return new TelemetryFrame(this.#database, restrict(this.relation, selection), this.#readPauses);
  }

  /**
   * Statistics of each series, as pandas' `describe` computes them; ascending by label (and
   * process). The rows that say when recording was off are no series.
   *
   * @throws {KymoError} `invalid-argument`, if an option is wrong, such as a quantile above 1.
   */
  async describe(options: DescribeOptions = {}): Promise<Description[]> {
    return await describe(this.#database, `(SELECT * FROM ${this.relation} WHERE ${IS_NO_SWITCH})`, options);
  }

  /**
   * Writes the observations to a Parquet file (zstd compression) with the columns of
   * {@linkcode TelemetryFrame.relation}, and returns their number. An existing file is replaced
   * atomically.
   *
   * @throws {KymoError} `invalid-argument`, if the path is empty; otherwise by what failed, such as
   * `permission-denied` or `io`.
   *
   * @example
   * ```ts
   * import { TelemetryDB } from "@kymo/kymo/analysis";
   * import { assertEquals } from "@std/assert";
   * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
   *
   * mkdirSync("_selected");
   * writeFileSync(
   *   "_selected/duration.1.csv",
   *   "Timepoint,Measurement,Label,PID\r\n1700000000000000001,0.25,work,42\r\n1700000000000000002,0.5,rest,42\r\n",
   * );
   * {
   *   await using db = await TelemetryDB.open("_selected");
   *   assertEquals(await db.duration().where({ labels: "work" }).exportParquet("_selected/work.parquet"), { rows: 1 });
   * }
   * rmSync("_selected", { recursive: true });
   * ```
   */
  async exportParquet(path: string): Promise<{ rows: number }> {
    return await exportParquet(this.#database, this.relation, path, defaultRuntime());
  }

  /** When recording was off, as `TelemetryDB.pauses`. */
  async pauses(): Promise<Pauses> {
    return await this.#readPauses();
  }

  /** Runs a query, as `TelemetryDB.sql` does. */
  async sql(query: string, parameters: readonly unknown[] = []): Promise<Table> {
    return await this.#database.sql(query, parameters);
  }
}
