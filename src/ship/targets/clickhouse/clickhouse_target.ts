import type { Timers } from "../../../runtime.ts";
import {
  type ServerAbilities,
  serverAbilities,
  type TableAbilities,
  tableAbilities,
  tokenSetting,
} from "../../../stores/clickhouse/abilities.ts";
import type { ClickHouseLocation } from "../../../stores/clickhouse/clickhouse_address.ts";
import { ClickHouseConnection } from "../../../stores/clickhouse/connection.ts";
import { COLUMNS, TABLES, tables } from "../../../stores/clickhouse/schema.ts";
import { identifier, literal, literals } from "../../../stores/clickhouse/sql.ts";
import { StoreError } from "../../../stores/store_error.ts";
import type { Piece, PieceEntry } from "../../pieces/piece.ts";
import { reserveBatchId } from "../new_batch.ts";
import { programFields } from "../program_fields.ts";
import type { Batch, BegunBatch, ChannelCount, Guarantee, RevocableTarget, ShippedProgram, Source } from "../target.ts";
import { type DayRows, rowsByDay } from "./rows.ts";

/** How rows get into ClickHouse. */
export interface ClickHouseOptions extends ClickHouseLocation {
  /** Who ships, for the ledger. */
  readonly shipper: string;
  /** ms after which an answer that has not come never will. */
  readonly patience: number;
  readonly timers: Timers;
}

/** ms between two looks at rows that are being removed. */
const REMOVAL_INTERVAL = 100;

/** What was asked of a server and its table. */
interface Opened {
  readonly source: Source;
  readonly server: ServerAbilities;
  readonly table: TableAbilities;
}

/**
 * ClickHouse, which has no transactions: but the rows of one insertion of one day are one part, which
 * is there or not. So a batch is inserted day by day, and each of its rows has its number. What is
 * there of a batch is counted by that number, and what was begun stands in the journal of the shipper
 * (`batches/journal.ts`).
 *
 * Two things tell an insertion that comes twice. The **token**: the server drops an insertion with a
 * token that it has had, also one that was under way when the connection was lost. It remembers the
 * latest ones only. The **count**, before a batch is sent again: it knows what came at any time
 * before, but not what is still under way. After rows were removed their token is still known: so
 * what was revoked is shipped as another batch.
 */
export class ClickHouseTarget implements RevocableTarget {
  readonly guarantee: Guarantee = {
    rows: "exactly once, by one shipper",
    by: "a journal, and the rows are counted by batch",
  };
  readonly tellsWhenSent = true;
  readonly name: string;
  readonly #options: ClickHouseOptions;
  readonly #connection: ClickHouseConnection;
  readonly #database: string;
  #opened: Opened | undefined;
  /** The rows of the batch that is to be sent next. */
  #prepared: { readonly id: string; readonly days: readonly DayRows[] } | undefined;

  /** Connects to nothing yet. */
  constructor(options: ClickHouseOptions) {
    this.#options = options;
    this.name = options.name;
    this.#database = identifier(options.database);
    this.#connection = new ClickHouseConnection({ ...options, action: "ship to" });
  }

  async open(source: Source): Promise<void> {
    await this.close();
    await this.init();
    const server = await serverAbilities(this.#connection);
    const table = await tableAbilities(this.#connection, server, this.#options.database, "observation");
    if (table === undefined) throw this.#lacks("observation");
    this.#opened = { source, server, table };
    const known = await this.#connection.query(
      `SELECT 1 FROM ${this.#database}.source WHERE id = ${literal(source.id)} LIMIT 1`,
    );
    if (known.length === 0) {
      await this.#insertJson("source", [{ id: source.id, path: source.path, host: source.host ?? "" }]);
    }
  }

  async init(): Promise<boolean> {
    const there = await this.#columns();
    const need: Readonly<Record<string, readonly string[]>> = { observation: COLUMNS, shipped: ["batch", "sha256"] };
    for (const table of TABLES) {
      const columns = there.get(table);
      const missing = columns && (need[table] ?? ["id"]).filter((column) => !columns.has(column));
      if (missing && missing.length > 0) {
        throw this.#lacks(`${table}.${missing[0]}`);
      }
    }
    if (TABLES.every((table) => there.has(table))) return false;
    for (const statement of await this.#statements()) await this.#connection.query(statement);
    return true;
  }

  async schema(): Promise<string> {
    return (await this.#statements()).map((statement) => `${statement};\n`).join("\n");
  }

  async entries(stems: readonly string[], digests: readonly string[]): Promise<readonly PieceEntry[]> {
    const rows = await this.#connection.query(
      `SELECT stem, first_row, rows, bytes, sha256 FROM (
         SELECT stem, toString(first_row) AS first_row, toString(rows) AS rows, toString(bytes) AS bytes, sha256
         FROM ${this.#database}.shipped FINAL
         WHERE source = ${literal(this.#open.source.id)} AND (stem IN ${literals(stems)} OR sha256 IN ${
        literals(digests)
      })
       ) ORDER BY stem, toUInt64(first_row)`,
      this.#open.table.counting,
    );
    return rows.map(([stem, firstRow, count, bytes, sha256]) => ({
      stem: String(stem),
      firstRow: Number(firstRow),
      rows: Number(count),
      bytes: Number(bytes),
      sha256: String(sha256),
    }));
  }

  prepare(pieces: readonly Piece[]): void {
    const id = reserveBatchId(pieces);
    this.#prepared = { id, days: rowsByDay(pieces, numberOf({ id })) };
  }

  async ship(batch: Batch): Promise<"shipped"> {
    const days = this.#prepared?.id === batch.id ? this.#prepared.days : rowsByDay(batch.pieces, numberOf(batch));
    this.#prepared = undefined;
    await this.describe(batch.programs);
    const { table } = this.#open;
    // What the server says that it has written are also rows that it has dropped for their token.
    let isCounted = table.dropsRepeats && !batch.isAgain;
    for (const { day, rows, csv } of days) {
      const queryId = `${queryIdOf(batch)}-${day}`;
      const written = await this.#connection.insert({
        statement: `INSERT INTO ${this.#database}.observation (${COLUMNS.join(", ")}) FORMAT CSV`,
        rows: csv,
        isData: true,
        queryId,
        settings: { ...table.inserting, ...tokenSetting(table, queryId) },
        onSent: batch.onSent,
      });
      if (written !== rows) isCounted = false;
    }
    if (!isCounted) {
      const there = await this.#countOf(batch);
      if (there !== batch.rows) {
        // More of them: the request came twice, as fetch of Deno repeats one whose connection was cut.
        const kind = there > batch.rows ? "passing" : "data";
        throw new StoreError(kind, "COUNT", `${this.name} has ${there} rows of ${batch.rows} that it was given`);
      }
    }
    await this.note(batch);
    return "shipped";
  }

  async note(batch: BegunBatch): Promise<void> {
    const { source: { id: source } } = this.#open;
    const { shipper } = this.#options;
    await this.#insertJson(
      "shipped",
      batch.pieces.map(({ stem, firstRow, rows, bytes, sha256, channel }) => ({
        source,
        stem,
        first_row: firstRow,
        rows,
        bytes,
        sha256,
        channel,
        batch: numberOf(batch),
        shipper,
      })),
    );
  }

  async settle(batch: BegunBatch): Promise<number> {
    const isOfBatch = `query_id LIKE ${literal(`${queryIdOf(batch)}-%`)}`;
    try {
      await this.#connection.query(`KILL QUERY WHERE ${isOfBatch} SYNC`);
    } catch (error) {
      if (!(error instanceof StoreError && error.kind === "target")) throw error; // it may not; then it waits
    }
    const running = await this.#connection.query(`SELECT query_id FROM system.processes WHERE ${isOfBatch}`);
    if (running.length > 0) {
      throw new StoreError("passing", "RUNNING", `${this.name} still runs an insertion that was cut`);
    }
    return await this.#countOf(batch);
  }

  async revoke(batch: BegunBatch): Promise<void> {
    if (await this.settle(batch) === 0) return;
    await this.#remove(`batch = ${numberOf(batch)}`, () => this.#countOf(batch));
  }

  async revokeUnknown(): Promise<void> {
    const source = literal(this.#open.source.id);
    const d = this.#database;
    const isUnknown = `program IN (SELECT id FROM ${d}.program WHERE source = ${source})
      AND batch NOT IN (SELECT batch FROM ${d}.shipped WHERE source = ${source})`;
    const batches = await this.#connection.query(
      `SELECT toString(batch), toString(count()) FROM ${d}.observation WHERE ${isUnknown} GROUP BY batch`,
      this.#open.table.counting,
    );
    const [batch] = batches;
    if (batch === undefined) return;
    if (batches.length > 1) {
      throw new StoreError(
        "target",
        "LEDGER",
        `Cannot ship to ${this.name}: its table shipped lacks ${batches.length} batches that are in observation, ` +
          "and there is no journal here of what was shipped",
      );
    }
    const [number = 0n, rows = 0n] = batch.map((field) => BigInt(String(field)));
    const id = number.toString(16).padStart(16, "0");
    await this.revoke({ id, rows: Number(rows), pieces: [] });
  }

  async describe(programs: readonly ShippedProgram[]): Promise<void> {
    if (programs.length === 0) return;
    const { source, server } = this.#open;
    const time = (text: string | undefined): string | null =>
      text === undefined ? null : text.replace("T", " ").slice(0, server.hasDateTime64 ? 23 : 19);
    await this.#insertJson(
      "program",
      programs.map((program) => {
        const fields = programFields(program);
        return {
          id: fields.id,
          source: source.id,
          pid: fields.pid,
          isolate: fields.isolate,
          service: fields.service ?? "",
          instance: fields.instance ?? "",
          host: fields.host ?? "",
          runtime: fields.runtime ?? "",
          runtime_version: fields.runtimeVersion ?? "",
          kind: fields.kind ?? "",
          script: fields.script ?? "",
          started: time(fields.started),
          ended: time(fields.ended),
          how_ended: fields.howEnded ?? "",
          attributes: fields.attributes === undefined ? "" : JSON.stringify(fields.attributes),
          record: fields.record === undefined ? "" : JSON.stringify(fields.record),
          // What is known of a program only grows: its record, and then its end.
          version: (fields.started === undefined ? 0 : 1) + (fields.ended === undefined ? 0 : 1),
        };
      }),
    );
  }

  async ledgerSize(): Promise<number> {
    const [[size] = []] = await this.#connection.query(
      `SELECT toString(count()) FROM ${this.#database}.shipped FINAL
       WHERE source = ${literal(this.#open.source.id)}`,
      this.#open.table.counting,
    );
    return Number(size);
  }

  async count(): Promise<readonly ChannelCount[]> {
    const source = literal(this.#open.source.id);
    const d = this.#database;
    const [shipped, there] = await Promise.all([
      this.#connection.query(
        `SELECT channel, toString(sum(rows)) FROM ${d}.shipped FINAL WHERE source = ${source} GROUP BY channel`,
      ),
      this.#connection.query(
        `SELECT channel, toString(count()) FROM ${d}.observation
         WHERE program IN (SELECT id FROM ${d}.program WHERE source = ${source}) GROUP BY channel`,
        this.#open.table.counting,
      ),
    ]);
    const rowsOf = (rows: readonly (readonly unknown[])[], channel: string): number =>
      Number(rows.find(([one]) => one === channel)?.[1] ?? 0);
    const channels = [...new Set([...shipped, ...there].map(([channel]) => String(channel)))].sort();
    return channels.map((channel) => ({ channel, shipped: rowsOf(shipped, channel), there: rowsOf(there, channel) }));
  }

  async close(): Promise<void> {
    this.#opened = undefined;
    await Promise.resolve();
  }

  get #open(): Opened {
    if (this.#opened === undefined) throw new StoreError("passing", "ENOTCONN", `${this.name} is not connected`);
    return this.#opened;
  }

  async #statements(): Promise<readonly string[]> {
    return tables(this.#options.database, await serverAbilities(this.#connection));
  }

  /** The columns of the tables that are there. */
  async #columns(): Promise<Map<string, Set<string>>> {
    const rows = await this.#connection.query(
      `SELECT table, name FROM system.columns WHERE database = ${literal(this.#options.database)}
       AND table IN ${literals(TABLES)}`,
    );
    const columns = new Map<string, Set<string>>();
    for (const [table, name] of rows) {
      const key = String(table);
      columns.set(key, (columns.get(key) ?? new Set()).add(String(name)));
    }
    return columns;
  }

  #lacks(what: string): StoreError {
    return new StoreError(
      "target",
      "SCHEMA",
      `Cannot ship to ${this.name}: database ${this.#database} has tables that Kymo did not make: ${what} is missing`,
    );
  }

  /** The rows that are there of a batch. */
  async #countOf(batch: BegunBatch): Promise<number> {
    const { table: { counting } } = this.#open;
    const [[there] = []] = await this.#connection.query(
      `SELECT toString(count()) FROM ${this.#database}.observation 
       WHERE batch = ${numberOf(batch)}`,
      counting,
    );
    return Number(there);
  }

  /** Removes rows, and waits until they are gone. */
  async #remove(condition: string, countThere: () => Promise<number>): Promise<void> {
    const { table: { local }, server } = this.#open;
    const table = local === undefined
      ? `${this.#database}.observation`
      : `${local.table} ON CLUSTER ${identifier(local.cluster)}`;
    const settings = server.settings.has("mutations_sync") ? { mutations_sync: "2" } : {};
    await this.#connection.query(`ALTER TABLE ${table} DELETE WHERE ${condition}`, settings);
    const { patience, timers } = this.#options;
    for (let waited = 0; await countThere() > 0; waited += REMOVAL_INTERVAL) {
      if (waited > patience) {
        throw new StoreError("passing", "ETIMEDOUT", `${this.name} has not removed rows for ${patience / 1000} s`);
      }
      await timers.sleep(REMOVAL_INTERVAL);
    }
  }

  /** Inserts objects into a table that keeps the latest one of each key: twice is like once. */
  async #insertJson(table: (typeof TABLES)[number], objects: readonly object[]): Promise<void> {
    const { table: { inserting } } = this.#open;
    const columns = Object.keys(objects[0]!).join(", ");
    await this.#connection.insert({
      statement: `INSERT INTO ${this.#database}.${table} (${columns}) FORMAT JSONEachRow`,
      rows: new TextEncoder().encode(objects.map((object) => `${JSON.stringify(object)}\n`).join("")),
      isData: false,
      settings: inserting,
    });
  }
}

/** The number of a batch as its rows have it. */
function numberOf({ id }: Pick<BegunBatch, "id">): string {
  return String(BigInt(`0x${id}`));
}

/** What the ids of its queries begin with. */
function queryIdOf({ id }: Pick<BegunBatch, "id">): string {
  return `kymo-${id}`;
}
