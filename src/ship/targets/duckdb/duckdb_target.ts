import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import { identifier } from "../../../analysis/duckdb/sql.ts";
import { KymoError, quotePath } from "../../../errors.ts";
import { fileNameOf } from "../../../files/names.ts";
import type { Runtime } from "../../../runtime.ts";
import { StoreError } from "../../../stores/store_error.ts";
import type { PieceEntry } from "../../pieces/piece.ts";
import { programFields } from "../program_fields.ts";
import type { Batch, ChannelCount, Guarantee, ShippedProgram, Source, Target } from "../target.ts";
import { withPieces } from "./csv_pieces.ts";
import { CATALOG, DuckDBFile } from "./duckdb_file.ts";
import { TABLES, tables } from "./schema.ts";

/** How rows get into a file of DuckDB. */
export interface DuckDBTargetOptions {
  /** Its absolute path. */
  readonly path: string;
  /** Its address for people. */
  readonly name: string;
  /** The schema of the tables. */
  readonly schema: string;
  /** Who ships, for the ledger. */
  readonly shipper: string;
}

/** Types of the fields of a piece in JSON. */
const PIECE_FIELDS = "stem VARCHAR, first_row BIGINT, rows BIGINT, bytes BIGINT, sha256 VARCHAR, channel VARCHAR";

const PROGRAM_FIELDS = "id BIGINT, pid BIGINT, isolate VARCHAR, service VARCHAR, instance VARCHAR, host VARCHAR, " +
  'runtime VARCHAR, "runtimeVersion" VARCHAR, kind VARCHAR, script VARCHAR, started TIMESTAMPTZ, ' +
  'ended TIMESTAMPTZ, "howEnded" VARCHAR, attributes JSON, record JSON';

/**
 * A file of DuckDB. The ledger is written in the transaction of the rows. Since only one process has
 * the file open at a time, and one transaction, no other shipper comes between.
 */
export class DuckDBTarget implements Target {
  readonly guarantee: Guarantee = { rows: "exactly once", by: "the ledger is in the transaction of the rows" };
  readonly name: string;
  readonly #options: DuckDBTargetOptions;
  readonly #runtime: Runtime;
  readonly #file: DuckDBFile;
  readonly #schema: string;
  #source: Source | undefined;

  /**
   * Opens nothing yet.
   *
   * @throws {KymoError} `"invalid-argument"` if SQL could not tell the file from its schema.
   */
  constructor(runtime: Runtime, options: DuckDBTargetOptions) {
    const { path, name, schema } = options;
    if (fileNameOf(path).replace(/\.[^.]*$/, "").toLowerCase() === schema.toLowerCase()) {
      throw new KymoError(
        "invalid-argument",
        `Cannot ship: ${quotePath(path)}: DuckDB could not tell the file from the schema ${schema} in it; give it ` +
          `another name, or the schema as in duckdb:${fileNameOf(path)}?schema=main`,
      );
    }
    this.#options = options;
    this.#runtime = runtime;
    this.#file = new DuckDBFile(runtime, path, name);
    this.name = name;
    this.#schema = `${CATALOG}.${identifier(schema)}`;
  }

  async open(source: Source): Promise<void> {
    this.#source = source;
    await this.init();
    await this.#file.use(async (connection) => {
      await connection.run(
        `INSERT INTO ${this.#schema}.source (id, path, host) VALUES ($1::UUID, $2, $3) ON CONFLICT (id) DO NOTHING`,
        [source.id, source.path, source.host ?? null],
      );
    });
  }

  async init(): Promise<boolean> {
    const make = async (connection: DuckDBConnection): Promise<void> => {
      await connection.run("BEGIN");
      await connection.run(`USE ${CATALOG}; ${await this.schema()}; USE memory`);
      await connection.run("COMMIT");
    };
    if (!this.#file.isThere) {
      await this.#file.make(make);
      return true;
    }
    return await this.#file.use(async (connection) => {
      if (await this.#isMade(connection)) return false;
      await make(connection);
      return true;
    });
  }

  schema(): Promise<string> {
    return Promise.resolve(tables(this.#options.schema));
  }

  async entries(stems: readonly string[], digests: readonly string[]): Promise<readonly PieceEntry[]> {
    const rows = await this.#query(
      `SELECT stem, first_row, rows, bytes, lower(hex(sha256)) FROM ${this.#schema}.shipped
       WHERE source = $1::UUID AND (stem IN (SELECT unnest(from_json($2::JSON, '["VARCHAR"]')))
         OR sha256 IN (SELECT unhex(unnest(from_json($3::JSON, '["VARCHAR"]')))))
       ORDER BY stem, first_row`,
      [this.#sourceId, JSON.stringify(stems), JSON.stringify(digests)],
    );
    return rows.map(([stem, firstRow, rows, bytes, sha256]) => ({
      stem: String(stem),
      firstRow: Number(firstRow),
      rows: Number(rows),
      bytes: Number(bytes),
      sha256: String(sha256),
    }));
  }

  async ship({ pieces, rows, programs }: Batch): Promise<"shipped" | "taken"> {
    return await this.#file.use(async (connection) => {
      await connection.run("BEGIN");
      const noted = await rowsChanged(
        connection,
        `INSERT INTO ${this.#schema}.shipped (source, shipper, stem, first_row, rows, bytes, sha256, channel)
         SELECT $1::UUID, $2, p.stem, p.first_row, p.rows, p.bytes, unhex(p.sha256), p.channel
         FROM ${fromJson("$3", PIECE_FIELDS)}
         ON CONFLICT (source, stem, first_row) DO NOTHING`,
        [this.#sourceId, this.#options.shipper, JSON.stringify(pieces.map(pieceFields))],
      );
      if (noted < pieces.length) {
        await connection.run("ROLLBACK");
        return "taken";
      }
      await this.#describe(connection, programs);
      const { files } = this.#runtime;
      const taken = await withPieces(files, this.#file.temporary, pieces, (relation) =>
        rowsChanged(
          connection,
          `INSERT INTO ${this.#schema}.observation (timepoint, measurement, label, pid, channel, program)
           SELECT timepoint, measurement, label, pid, channel, program FROM ${relation}`,
        ));
      if (taken !== rows) throw new StoreError("data", "COUNT", `${this.name} has taken ${taken} rows of ${rows}`);
      await connection.run("COMMIT");
      return "shipped";
    });
  }

  async describe(programs: readonly ShippedProgram[]): Promise<void> {
    if (programs.length === 0) return;
    await this.#file.use((connection) => this.#describe(connection, programs));
  }

  async ledgerSize(): Promise<number> {
    const [[size] = []] = await this.#query(
      `SELECT count(*) FROM ${this.#schema}.shipped WHERE source = $1::UUID`,
      [this.#sourceId],
    );
    return Number(size);
  }

  async count(): Promise<readonly ChannelCount[]> {
    const rows = await this.#query(
      `SELECT channel, coalesce(shipped, 0), coalesce(there, 0) FROM
         (SELECT channel, sum(rows) AS shipped FROM ${this.#schema}.shipped
          WHERE source = $1::UUID GROUP BY channel) AS s
         FULL JOIN
         (SELECT channel, count(*) AS there FROM ${this.#schema}.observation
          WHERE program IN (SELECT id FROM ${this.#schema}.program WHERE source = $1::UUID) GROUP BY channel) AS o
         USING (channel) ORDER BY channel`,
      [this.#sourceId],
    );
    return rows.map(([channel, shipped, there]) => ({
      channel: String(channel),
      shipped: Number(shipped),
      there: Number(there),
    }));
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  get #sourceId(): string {
    if (this.#source === undefined) throw new StoreError("passing", "ENOTCONN", `${this.name} is not open`);
    return this.#source.id;
  }

  async #query(sql: string, values: DuckDBValue[]): Promise<unknown[][]> {
    return await this.#file.use(async (connection) => (await connection.runAndReadAll(sql, values)).getRowsJS());
  }

  async #isMade(connection: DuckDBConnection): Promise<boolean> {
    const result = await connection.runAndReadAll(
      `SELECT table_name FROM duckdb_tables() WHERE database_name = '${CATALOG}' AND schema_name = $1
         AND table_name IN (${TABLES.map((name) => `'${name}'`).join(", ")}) ORDER BY table_name`,
      [this.#options.schema],
    );
    const there = result.getRowsJS().map(([name]) => String(name));
    if (there.length > 0 && there.length < TABLES.length) {
      throw new StoreError(
        "target",
        "SCHEMA",
        `Cannot ship to ${this.name}: schema ${identifier(this.#options.schema)} has only ${there.join(", ")} of the ` +
          "tables that Kymo makes",
      );
    }
    return there.length === TABLES.length;
  }

  async #describe(connection: DuckDBConnection, programs: readonly ShippedProgram[]): Promise<void> {
    if (programs.length === 0) return;
    await connection.run(
      `INSERT INTO ${this.#schema}.program (id, source, pid, isolate, service, instance, host, runtime,
         runtime_version, kind, script, started, ended, how_ended, attributes, record)
       SELECT p.id, $1::UUID, p.pid, p.isolate, p.service, p.instance, p.host, p.runtime, p."runtimeVersion", p.kind,
         p.script, p.started, p.ended, p."howEnded", p.attributes, p.record
       FROM ${fromJson("$2", PROGRAM_FIELDS)}
       ON CONFLICT (id) DO UPDATE SET service = excluded.service, instance = excluded.instance,
         host = excluded.host, ended = excluded.ended, how_ended = excluded.how_ended,
         attributes = excluded.attributes, record = excluded.record, started = excluded.started,
         runtime = excluded.runtime, runtime_version = excluded.runtime_version, kind = excluded.kind,
         script = excluded.script
       WHERE excluded.record IS NOT NULL`,
      [this.#sourceId, JSON.stringify(programs.map(programFields))],
    );
  }
}

/** SQL of the objects in a JSON array that can follow FROM, as `p`. */
function fromJson(parameter: string, fields: string): string {
  const types = fields.split(", ").map((field) => field.replace(/"?(\w+)"? (\w+)/, '"$1":"$2"')).join(",");
  return `(SELECT unnest(from_json(${parameter}::JSON, '[{${types}}]')) AS p)`;
}

async function rowsChanged(connection: DuckDBConnection, sql: string, values?: DuckDBValue[]): Promise<number> {
  return (await connection.run(sql, values)).rowsChanged;
}

function pieceFields({ stem, firstRow, rows, bytes, sha256, channel }: Batch["pieces"][number]): object {
  return { stem, first_row: firstRow, rows, bytes, sha256, channel };
}
