import { reason } from "../../errors.ts";
import { type Files, type Runtime, unlessMissing } from "../../runtime.ts";
import type { Fields } from "../../small_json.ts";
import { parseChannelFolder, parsePartName } from "../../stores/parquet/folder.ts";
import type { StoreAddress } from "../../stores/store_address.ts";
import { StoreError } from "../../stores/store_error.ts";
import { DuckDB } from "../duckdb/duckdb.ts";
import { identifier, literal, pathList, pathLiteral } from "../duckdb/sql.ts";
import { MAX_OTHERS, type ProgramRecords } from "../programs/program_records.ts";
import type { FetchedRows } from "./fetched_rows.ts";
import { programsOf, rowsOf } from "./postgres_sql.ts";
import { recordsOf } from "./results.ts";
import type { Store, StoredSelection } from "./store.ts";

/** ms for which a shipper may have the file open, for a batch each time, and between two attempts. */
const LOCK_PATIENCE = 10_000;
const LOCK_INTERVAL = 50;

/** What DuckDB says of a file that another process has open. */
const IS_LOCKED = /Could not set lock on file/;

const DEFAULT_SCHEMA = "kymo";

/**
 * A file of DuckDB, or a folder of Parquet files, as it is read: by a DuckDB of its own, which closes
 * the file as soon as the rows are copied. The folder has no program records.
 */
export class LocalStore implements Store {
  readonly name: string;
  readonly #database: DuckDB;
  readonly #schema: string;
  readonly #selection: StoredSelection;

  private constructor(name: string, database: DuckDB, schema: string, selection: StoredSelection) {
    this.name = name;
    this.#database = database;
    this.#schema = schema;
    this.#selection = selection;
  }

  /**
   * Opens a file or a folder.
   *
   * @throws {KymoError} `"missing-package"` without DuckDB.
   * @throws {StoreError}
   */
  static async open(address: StoreAddress, runtime: Runtime, selection: StoredSelection): Promise<LocalStore> {
    const { name, path = "", scheme, url } = address;
    if (unlessMissing(() => runtime.files.status(path)) === undefined) {
      throw new StoreError("target", "3D000", `Cannot read from ${name}: it is not there`);
    }
    const schema = scheme === "duckdb" ? url.searchParams.get("schema") || DEFAULT_SCHEMA : DEFAULT_SCHEMA;
    const store = new LocalStore(name, await DuckDB.open({}, runtime, { purpose: "read" }), schema, selection);
    try {
      if (scheme === "duckdb") await store.#attach(path, runtime);
      else await store.#viewFolder(path, runtime.files);
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async fetch(into: FetchedRows): Promise<void> {
    const rows = rowsOf(this.#schema, this.#selection, { withIsolates: true });
    await into.addFile((path) =>
      this.#run(
        `COPY (SELECT timepoint AS Timepoint, measurement AS Measurement, label AS Label, pid AS PID,
           isolate AS Isolate, channel AS Channel FROM (${rows}) AS r ORDER BY Channel, Timepoint)
         TO ${pathLiteral(path)} (FORMAT parquet)`,
      )
    );
  }

  async range(): Promise<{ readonly first: bigint; readonly last: bigint } | undefined> {
    const rows = rowsOf(this.#schema, this.#selection, { withIsolates: false });
    const [[first, last] = []] = await this.#query(`SELECT min(timepoint), max(timepoint) FROM (${rows}) AS r`);
    return typeof first === "bigint" && typeof last === "bigint" ? { first, last } : undefined;
  }

  async records(isolates: readonly string[]): Promise<ProgramRecords> {
    const from = `FROM ${identifier(this.#schema)}.program WHERE record IS NOT NULL`;
    const list = `isolate IN (${["", ...isolates].map(literal).join(", ")})`;
    const others = `${from} AND NOT ${list} AND ${programsOf(this.#selection)}`;
    const own = await this.#query(`SELECT record::VARCHAR ${from} AND ${list}`);
    const more = await this.#query(`SELECT record::VARCHAR ${others} ORDER BY started DESC, id LIMIT ${MAX_OTHERS}`);
    const [[found] = []] = await this.#query(`SELECT count(*) ${others}`);
    const all = [...own, ...more].map(([record]) => JSON.parse(String(record)) as Fields);
    return recordsOf(this.name, all, Number(found) - more.length);
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  /** Opens the file for reading; waits while a shipper has it open. */
  async #attach(path: string, { timers }: Runtime): Promise<void> {
    for (let waited = 0;; waited += LOCK_INTERVAL) {
      try {
        await this.#database.exclusively(async (connection) => {
          await connection.run(`ATTACH ${literal(path)} AS kymo_store (TYPE duckdb, READ_ONLY)`);
          await connection.run("USE kymo_store");
        });
        break;
      } catch (error) {
        const isLocked = IS_LOCKED.test(reason(error));
        if (isLocked && waited < LOCK_PATIENCE) await timers.sleep(LOCK_INTERVAL);
        else throw this.#failure(error, isLocked ? "passing" : "target");
      }
    }
    const found = await this.#query(
      `SELECT table_name FROM duckdb_tables() WHERE database_name = 'kymo_store' AND schema_name = ${
        literal(this.#schema)
      } AND table_name IN ('observation', 'program')`,
    );
    if (found.length < 2) {
      throw new StoreError(
        "target",
        "42P01",
        `Cannot read from ${this.name}: schema ${identifier(this.#schema)} has no tables of kymo ship`,
      );
    }
  }

  /** Makes of the files what `rowsOf` expects: all of a channel are in a folder. */
  async #viewFolder(path: string, files: Files): Promise<void> {
    const list = (folder: string): string[] => unlessMissing(() => files.list(folder)) ?? [];
    const channels = list(path).flatMap((folder) => {
      const channel = parseChannelFolder(folder);
      if (channel === undefined) return [];
      const parts = list(`${path}/${folder}`).flatMap((date) =>
        list(`${path}/${folder}/${date}`).filter((name) => parsePartName(name) !== undefined)
          .map((name) => `${path}/${folder}/${date}/${name}`)
      );
      return parts.length === 0 ? [] : [
        `SELECT timepoint, measurement, label, pid, isolate, service, program, ${literal(channel)} AS channel
         FROM read_parquet(${pathList(parts.sort())}, hive_partitioning = false)`,
      ];
    });
    const none = `SELECT 0::BIGINT AS timepoint, 0::DOUBLE AS measurement, '' AS label, 0::BIGINT AS pid,
      '' AS isolate, '' AS service, 0::BIGINT AS program, '' AS channel WHERE false`;
    const all = channels.length === 0 ? none : channels.join(" UNION ALL ");
    const schema = identifier(this.#schema);
    await this.#run(
      `CREATE SCHEMA ${schema};
       CREATE VIEW ${schema}.observation AS ${all};
       CREATE VIEW ${schema}.program AS
         SELECT program AS id, any_value(isolate) AS isolate, any_value(service) AS service, any_value(pid) AS pid,
           NULL::VARCHAR AS record, NULL::TIMESTAMPTZ AS started, NULL::TIMESTAMPTZ AS ended
         FROM ${schema}.observation GROUP BY program`,
    );
  }

  async #run(sql: string): Promise<void> {
    await this.#query(sql);
  }

  async #query(sql: string): Promise<unknown[][]> {
    try {
      return await this.#database.exclusively(async (connection) => (await connection.runAndReadAll(sql)).getRowsJS());
    } catch (error) {
      throw this.#failure(error, "target");
    }
  }

  #failure(error: unknown, kind: "passing" | "target"): StoreError {
    const [first = ""] = reason(error).split("\n", 1);
    return new StoreError(kind, "DUCKDB", `Cannot read from ${this.name}: ${first}`, { cause: error });
  }
}
