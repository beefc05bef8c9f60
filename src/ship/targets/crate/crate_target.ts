import { identifier, literal } from "../../../analysis/duckdb/sql.ts";
import type { Clock } from "../../../runtime.ts";
import { NANOSECONDS_PER_MS } from "../../../series.ts";
import { StoreError } from "../../../stores/store_error.ts";
import type { Piece, PieceEntry } from "../../pieces/piece.ts";
import { type ProgramFields, programFields } from "../program_fields.ts";
import type { Batch, ChannelCount, Guarantee, ShippedProgram, Source, Target } from "../target.ts";
import { bulkRows } from "./bulk_rows.ts";
import { TABLES, tables } from "./schema.ts";
import { type SqlAnswer, SqlEndpoint, type SqlEndpointOptions } from "./sql_endpoint.ts";

/** How rows get into CrateDB. */
export interface CrateOptions extends SqlEndpointOptions {
  /** The schema of the tables. */
  readonly schema: string;
  /** Who ships, for the ledger. */
  readonly shipper: string;
  readonly clock: Clock;
}

/** The columns of programs beside `id` and `source`, and the fields that they are made of. */
const PROGRAM_COLUMNS: readonly (readonly [column: string, field: keyof ProgramFields])[] = [
  ["pid", "pid"],
  ["isolate", "isolate"],
  ["service", "service"],
  ["instance", "instance"],
  ["host", "host"],
  ["runtime", "runtime"],
  ["runtime_version", "runtimeVersion"],
  ["kind", "kind"],
  ["script", "script"],
  ["started", "started"],
  ["ended", "ended"],
  ["how_ended", "howEnded"],
  ["attributes", "attributes"],
  ["record", "record"],
];

/**
 * CrateDB over HTTP. It has no transactions: each row has a primary key, and is written again if it is
 * not known whether it is there. A piece is noted in the ledger once all of its rows were counted.
 *
 * It was never tried on a real CrateDB, only on a stand-in made after its documentation.
 */
export class CrateTarget implements Target {
  readonly guarantee: Guarantee = { rows: "exactly once in effect", by: "each row has a primary key" };
  readonly name: string;
  readonly #options: CrateOptions;
  readonly #endpoint: SqlEndpoint;
  readonly #schema: string;
  #source: Source | undefined;

  /** Connects to nothing yet. */
  constructor(options: CrateOptions) {
    this.#options = options;
    this.#endpoint = new SqlEndpoint(options);
    this.name = options.name;
    this.#schema = identifier(options.schema);
  }

  async open(source: Source): Promise<void> {
    this.#source = source;
    await this.init();
    const now = Number(this.#options.clock.epoch() / BigInt(NANOSECONDS_PER_MS));
    await this.#endpoint.run(
      `INSERT INTO ${this.#schema}.source (id, path, host, first_seen) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      JSON.stringify([source.id, source.path, source.host ?? null, now]),
    );
    await this.#refresh("shipped");
  }

  async init(): Promise<boolean> {
    const { rows } = await this.#endpoint.run(
      "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_name = ANY(?)",
      JSON.stringify([this.#options.schema, TABLES]),
    );
    if (rows.length === TABLES.length) return false;
    if (rows.length > 0) {
      const there = rows.map(([name]) => String(name)).sort().join(", ");
      throw new StoreError(
        "target",
        "SCHEMA",
        `Cannot ship to ${this.name}: schema ${this.#schema} has only ${there} of the tables that Kymo makes`,
      );
    }
    for (const statement of tables(this.#options.schema)) await this.#endpoint.run(statement);
    return true;
  }

  schema(): Promise<string> {
    return Promise.resolve(tables(this.#options.schema).map((statement) => `${statement};\n`).join("\n"));
  }

  async entries(stems: readonly string[], digests: readonly string[]): Promise<readonly PieceEntry[]> {
    const { rows } = await this.#endpoint.run(
      `SELECT stem, first_row, "rows", bytes, sha256 FROM ${this.#schema}.shipped
       WHERE source = ? AND (stem = ANY(?) OR sha256 = ANY(?)) ORDER BY stem, first_row`,
      JSON.stringify([this.#sourceId, stems, digests]),
    );
    return rows.map(([stem, firstRow, count, bytes, sha256]) => ({
      stem: String(stem),
      firstRow: Number(firstRow),
      rows: Number(count),
      bytes: Number(bytes),
      sha256: String(sha256),
    }));
  }

  async ship({ pieces, programs }: Batch): Promise<"shipped" | "taken"> {
    await this.describe(programs);
    for (const piece of pieces) {
      for (const rows of bulkRows(piece)) await this.#insert(piece, rows);
    }
    await this.#refresh("observation");
    await this.#checkCounts(pieces);
    const { results } = await this.#endpoint.run(
      `INSERT INTO ${this.#schema}.shipped (source, shipper, stem, first_row, "rows", bytes, sha256, channel)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      JSON.stringify(pieces.map(({ stem, firstRow, rows, bytes, sha256, channel }) => [
        this.#sourceId,
        this.#options.shipper,
        stem,
        firstRow,
        rows,
        bytes,
        sha256,
        channel,
      ])),
      { bulk: true },
    );
    await this.#refresh("shipped");
    if (results.length !== pieces.length || results.some(({ rowcount }) => rowcount < 0)) {
      throw new StoreError("passing", "LEDGER", `Cannot ship to ${this.name}: it has not taken the ledger`);
    }
    return results.every(({ rowcount }) => rowcount === 1) ? "shipped" : "taken";
  }

  async describe(programs: readonly ShippedProgram[]): Promise<void> {
    // Without a record nothing better is replaced.
    for (const hasRecord of [false, true]) {
      const some = programs.filter(({ record }) => (record !== undefined) === hasRecord).map(programFields);
      if (some.length === 0) continue;
      const names = PROGRAM_COLUMNS.map(([column]) => column);
      const update = names.map((name) => `${name} = excluded.${name}`).join(", ");
      const values = some.map((fields) => {
        const others = PROGRAM_COLUMNS.map(([, field]) => JSON.stringify(fields[field] ?? null));
        return `[${fields.id},${JSON.stringify(this.#sourceId)},${others.join(",")}]`;
      });
      await this.#endpoint.run(
        `INSERT INTO ${this.#schema}.program (id, source, ${names.join(", ")})
         VALUES (?, ?, ${names.map(() => "?").join(", ")})
         ON CONFLICT ${hasRecord ? `(id) DO UPDATE SET ${update}` : "DO NOTHING"}`,
        `[${values.join(",")}]`,
        { bulk: true },
      );
    }
  }

  async ledgerSize(): Promise<number> {
    const { rows: [[size] = []] } = await this.#endpoint.run(
      `SELECT count(*) FROM ${this.#schema}.shipped WHERE source = ?`,
      JSON.stringify([this.#sourceId]),
    );
    return Number(size);
  }

  async count(): Promise<readonly ChannelCount[]> {
    await this.#refresh("observation");
    const values = JSON.stringify([this.#sourceId]);
    const [shipped, there] = [
      await this.#endpoint.run(
        `SELECT channel, sum("rows") FROM ${this.#schema}.shipped WHERE source = ? GROUP BY channel`,
        values,
      ),
      await this.#endpoint.run(
        `SELECT channel, count(*) FROM ${this.#schema}.observation WHERE source = ? GROUP BY channel`,
        values,
      ),
    ].map(({ rows }) => new Map(rows.map(([channel, rows]) => [String(channel), Number(rows)]))) as [
      Map<string, number>,
      Map<string, number>,
    ];
    return [...new Set([...shipped.keys(), ...there.keys()])].sort().map((channel) => ({
      channel,
      shipped: shipped.get(channel) ?? 0,
      there: there.get(channel) ?? 0,
    }));
  }

  close(): Promise<void> {
    this.#endpoint.close();
    return Promise.resolve();
  }

  get #sourceId(): string {
    if (this.#source === undefined) throw new StoreError("passing", "ENOTCONN", `${this.name} is not open`);
    return this.#source.id;
  }

  /** Writes rows of a piece. Those that were refused are written again, one by one, to know why. */
  async #insert({ stem, channel }: Piece, rows: readonly string[]): Promise<void> {
    const constants = [this.#sourceId, stem, channel].map(literal).join(", ");
    const statement = `INSERT INTO ${this.#schema}.observation
       (source, stem, channel, "row", timepoint, measurement, label, pid, program)
       VALUES (${constants}, ?, ?, CAST(? AS DOUBLE PRECISION), ?, ?, ?) ON CONFLICT DO NOTHING`;
    const { results } = await this.#endpoint.run(statement, `[${rows.join(",")}]`, { bulk: true });
    if (results.length !== rows.length) {
      throw new StoreError(
        "passing",
        "COUNT",
        `${this.name} has answered for ${results.length} rows of ${rows.length}`,
      );
    }
    const refused = rows.filter((_, i) => results[i]!.rowcount < 0);
    for (const row of refused) await this.#insertAlone(statement, row, refused.length < rows.length);
  }

  async #insertAlone(statement: string, row: string, takesOthers: boolean): Promise<void> {
    try {
      await this.#endpoint.run(statement, row);
    } catch (error) {
      // It is the row's fault if others were taken at the same time.
      if (!takesOthers || !(error instanceof StoreError) || error.code === "ECONNECTION") throw error;
      throw new StoreError("data", error.code, error.message, { cause: error });
    }
  }

  /**
   * Sees that all rows of pieces are there.
   *
   * @throws {StoreError} if not.
   */
  async #checkCounts(pieces: readonly Piece[]): Promise<void> {
    const answer = await this.#endpoint.run(
      `SELECT stem, count(*) FROM ${this.#schema}.observation WHERE source = ? AND stem = ANY(?) GROUP BY stem`,
      JSON.stringify([this.#sourceId, [...new Set(pieces.map(({ stem }) => stem))]]),
    );
    const counts = new Map(answer.rows.map(([stem, count]) => [String(stem), Number(count)]));
    for (const piece of pieces) {
      const { stem, firstRow, rows } = piece;
      // Most files are one piece.
      const there = firstRow === 0 && counts.get(stem) === rows ? rows : countOf(await this.#countOf(piece));
      if (there !== rows) {
        throw new StoreError("passing", "COUNT", `${this.name} has ${there} rows of ${rows} of ${stem}`);
      }
    }
  }

  async #countOf({ stem, firstRow, rows }: Piece): Promise<SqlAnswer> {
    return await this.#endpoint.run(
      `SELECT count(*) FROM ${this.#schema}.observation WHERE source = ? AND stem = ? AND "row" >= ? AND "row" < ?`,
      JSON.stringify([this.#sourceId, stem, firstRow, firstRow + rows]),
    );
  }

  async #refresh(table: (typeof TABLES)[number]): Promise<void> {
    await this.#endpoint.run(`REFRESH TABLE ${this.#schema}.${table}`);
  }
}

function countOf({ rows: [row] }: SqlAnswer): number {
  return Number(row?.[0]);
}
