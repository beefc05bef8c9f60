import type { Clock, Timers } from "../../../runtime.ts";
import { Connection, type SqlRow } from "../../../stores/postgres/connection.ts";
import { hypertable, identifier, tables } from "../../../stores/postgres/schema.ts";
import { StoreError } from "../../../stores/store_error.ts";
import { csvRows } from "../../pieces/csv_rows.ts";
import type { Piece, PieceEntry } from "../../pieces/piece.ts";
import type { RowFormat } from "../../pieces/row_format.ts";
import { BATCH_PIECES } from "../../pieces/sizes.ts";
import { programFields } from "../program_fields.ts";
import { binaryRows, MAX_PID } from "./binary_rows.ts";
import { hasOwnTypes, type RowTables, RowTransaction } from "./row_transaction.ts";
import type { Batch, ChannelCount, Guarantee, ShippedProgram, Source, Target } from "../target.ts";

/** How rows get into PostgreSQL. */
export interface PostgresOptions {
  /** The address, with the password if there is one. */
  readonly url: string;
  /** The address for people. */
  readonly name: string;
  /** The schema of the tables. */
  readonly schema: string;
  /** Who ships, for the ledger. */
  readonly shipper: string;
  /** ms after which an answer that has not come never will. */
  readonly patience: number;
  readonly timers: Timers;
  readonly clock: Pick<Clock, "now">;
  readonly runtimeName: string;
}

/** Any number by which those who make the tables take turns: "kymo" in ASCII. */
const INIT_LOCK = 0x6b796d6f;

/** Bytes of rows, or pieces, from which on a batch may wait for others before it is committed. */
const LARGE_BATCH = { bytes: 2 ** 20, pieces: BATCH_PIECES };

/**
 * PostgreSQL, with or without TimescaleDB. The ledger is written in the transaction of the rows, and
 * before them: its key makes two shippers of one directory wait for each other. The commit is on the
 * disk of the server before it is answered, whatever the server's default is, since the files are
 * removed afterwards.
 *
 * Large batches share transactions. While one of these is open, a second connection answers questions.
 */
export class PostgresTarget implements Target {
  readonly guarantee: Guarantee = { rows: "exactly once", by: "the ledger is in the transaction of the rows" };
  readonly name: string;
  readonly tellsWhenSent = true;
  readonly #options: PostgresOptions;
  readonly #schema: string;
  #connection: Connection | undefined;
  /** Answers questions while rows are on their way over the first; `undefined` if the server takes no other. */
  #second: Promise<Connection | undefined> | undefined;
  /** To be committed, perhaps with further batches. */
  #open: RowTransaction | undefined;
  /** Ends what is connected or connecting. */
  #closing = new AbortController();
  #source: Source | undefined;
  /** Binary, unless somebody has given the columns other types. */
  #format: RowFormat = binaryRows;

  /** Connects to nothing yet. */
  constructor(options: PostgresOptions) {
    this.#options = options;
    this.name = options.name;
    this.#schema = identifier(options.schema);
  }

  get rowFormat(): RowFormat {
    return this.#format;
  }

  get isLost(): boolean {
    return this.#connection?.isLost === true;
  }

  async open(source: Source): Promise<void> {
    await this.close();
    this.#source = source;
    await this.init();
    const connection = this.#connected;
    const { id, path, host } = source;
    await connection.query(
      `INSERT INTO ${this.#schema}.source (id, path, host) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`,
      [id, path, host ?? null],
    );
    // As CSV, rows fit columns of any types that can be read from texts.
    this.#format = await hasOwnTypes(connection, this.#schema) ? binaryRows : csvRows;
  }

  async init(): Promise<boolean> {
    this.#connection ??= await this.#connect();
    if (await this.#isMade()) return false;
    await this.#make();
    return true;
  }

  async schema(): Promise<string> {
    const { schema } = this.#options;
    const connection = this.#connection ?? await this.#connect();
    try {
      return tables(schema) + (await hasTimescale(connection) ? hypertable(schema) : "");
    } finally {
      if (connection !== this.#connection) await connection.close();
    }
  }

  async entries(stems: readonly string[], digests: readonly string[]): Promise<readonly PieceEntry[]> {
    const rows = await (await this.#asked()).query(
      `SELECT stem, first_row, rows, bytes, encode(sha256, 'hex') AS sha256 FROM ${this.#schema}.shipped
       WHERE source = $1 AND (stem = ANY(SELECT json_array_elements_text($2)) OR
         sha256 = ANY(SELECT decode(d, 'hex') FROM json_array_elements_text($3) AS d))
       ORDER BY stem, first_row`,
      [this.#source!.id, JSON.stringify(stems), JSON.stringify(digests)],
    );
    return rows.map(entryOf);
  }

  async ship({ pieces, programs, onSent, mayStayOpen }: Batch): Promise<"shipped" | "taken" | "sent"> {
    this.#refuseLargePid(pieces);
    try {
      await this.describe(programs); // in the transaction it would make the second connection wait
      if (this.#open !== undefined) {
        this.#open.add(pieces);
        await this.#open.send(pieces, onSent);
        return this.#open.isFull ? await this.finish() : "sent";
      }
      const isLarge = mayStayOpen && (bytesOf(pieces) >= LARGE_BATCH.bytes || pieces.length >= LARGE_BATCH.pieces);
      if (isLarge && (this.#second === undefined || (await this.#second)?.isLost)) this.#second = this.#connectSecond();
      this.#open = new RowTransaction(this.#connected, this.#tables, this.#options.clock);
      if (await this.#open.begin(pieces) === "taken") {
        await this.giveUp();
        return "taken";
      }
      await this.#open.send(pieces, onSent);
      return isLarge && await this.#second !== undefined ? "sent" : await this.finish();
    } catch (error) {
      // Of a connection that is lost the server rolls back by itself, unless it has committed.
      if (!(error instanceof StoreError && error.kind === "passing")) await this.giveUp();
      throw error;
    }
  }

  async finish(): Promise<"shipped" | "taken"> {
    const open = this.#open!;
    if (await open.end() === "taken") {
      await this.giveUp();
      return "taken";
    }
    await open.commit();
    this.#open = undefined;
    return "shipped";
  }

  async giveUp(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.rollBack();
  }

  async describe(programs: readonly ShippedProgram[]): Promise<void> {
    if (programs.length === 0) return;
    const sorted = [...programs].sort((one, other) => one.id < other.id ? -1 : 1);
    await (await this.#asked()).query(
      `INSERT INTO ${this.#schema}.program (id, source, pid, isolate, service, instance, host, runtime,
         runtime_version, kind, script, started, ended, how_ended, attributes, record)
       SELECT (p->>'id')::bigint, $1, (p->>'pid')::bigint, p->>'isolate', p->>'service', p->>'instance',
         p->>'host', p->>'runtime', p->>'runtimeVersion', p->>'kind', p->>'script',
         (p->>'started')::timestamptz, (p->>'ended')::timestamptz, p->>'howEnded', p->'attributes', p->'record'
       FROM jsonb_array_elements($2::jsonb) AS p
       ON CONFLICT (id) DO UPDATE SET service = excluded.service, instance = excluded.instance,
         host = excluded.host, ended = excluded.ended, how_ended = excluded.how_ended,
         attributes = excluded.attributes, record = excluded.record, started = excluded.started,
         runtime = excluded.runtime, runtime_version = excluded.runtime_version, kind = excluded.kind,
         script = excluded.script
       WHERE excluded.record IS NOT NULL AND program.record IS DISTINCT FROM excluded.record`,
      [this.#source!.id, JSON.stringify(sorted.map(programFields))],
    );
  }

  /** A server that is restored cuts its connections. */
  async ledgerSize(): Promise<undefined> {
    await (await this.#asked()).query("SELECT 1");
  }

  async count(): Promise<readonly ChannelCount[]> {
    const rows = await this.#connected.query(
      `SELECT channel, coalesce(shipped, 0) AS shipped, coalesce(there, 0) AS there FROM
         (SELECT channel, sum(rows) AS shipped FROM ${this.#schema}.shipped WHERE source = $1 GROUP BY channel) AS s
         FULL JOIN
         (SELECT channel, count(*) AS there FROM ${this.#schema}.observation
          WHERE program IN (SELECT id FROM ${this.#schema}.program WHERE source = $1) GROUP BY channel) AS o
         USING (channel) ORDER BY channel`,
      [this.#source!.id],
    );
    return rows.map(({ channel, shipped, there }) => ({
      channel: String(channel),
      shipped: Number(shipped),
      there: Number(there),
    }));
  }

  async close(): Promise<void> {
    const connections = [this.#connection, this.#second];
    this.#connection = this.#second = this.#open = undefined;
    await Promise.all(connections.map(async (connection) => await (await connection)?.close()));
    this.#closing.abort();
    this.#closing = new AbortController();
  }

  async #connect(): Promise<Connection> {
    const { signal } = this.#closing;
    const connection = await Connection.open({
      ...this.#options,
      signal,
      action: "ship to",
      application: "kymo ship",
    });
    if (!signal.aborted) return connection;
    await connection.close();
    throw new StoreError("passing", "ECANCELED", `Cannot connect to ${this.name}: it was closed meanwhile`);
  }

  /** A second connection is convenient, and not needed. */
  async #connectSecond(): Promise<Connection | undefined> {
    try {
      return await this.#connect();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return undefined;
    }
  }

  /** What answers now: not what sends rows, unless there is nothing else. */
  async #asked(): Promise<Connection> {
    return (this.#open === undefined ? undefined : await this.#second) ?? this.#connected;
  }

  get #connected(): Connection {
    if (this.#connection === undefined) throw new StoreError("passing", "ENOTCONN", `${this.name} is not connected`);
    return this.#connection;
  }

  /** A column of 4 bytes has no room for it, as the server would say of a text. */
  #refuseLargePid(pieces: readonly Piece[]): void {
    for (const { programs } of pieces) {
      const program = programs.find(({ pid }) => pid > MAX_PID);
      if (program === undefined) continue;
      throw new StoreError("data", "22003", `PID ${program.pid} is out of range for type integer of ${this.name}`);
    }
  }

  get #tables(): RowTables {
    const { shipper } = this.#options;
    return { schema: this.#schema, name: this.name, source: this.#source!.id, shipper, format: this.#format };
  }

  async #isMade(): Promise<boolean> {
    const tableNames = ["source", "program", "observation", "shipped"];
    const rows = await this.#connected.query(
      "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relname = ANY($2)",
      [this.#options.schema, tableNames],
    );
    if (rows.length > 0 && rows.length < tableNames.length) {
      const there = rows.map(({ relname }) => String(relname)).sort().join(", ");
      throw new StoreError(
        "target",
        "SCHEMA",
        `Cannot ship to ${this.name}: schema ${this.#schema} has only ${there} of the tables that Kymo makes`,
      );
    }
    return rows.length === tableNames.length;
  }

  /** Makes the tables; who comes second finds them there. */
  async #make(): Promise<void> {
    const connection = this.#connected;
    await connection.query("BEGIN");
    try {
      await connection.query("SELECT pg_advisory_xact_lock($1)", [INIT_LOCK]);
      if (!await this.#isMade()) await connection.query(await this.schema());
      await connection.query("COMMIT");
    } catch (error) {
      await rollBack(connection);
      throw error;
    }
  }
}

/** Of a connection that is lost the transaction is lost too. */
async function rollBack(connection: Connection): Promise<void> {
  await connection.query("ROLLBACK").catch(() => {});
}

function bytesOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { content }) => sum + content.length, 0);
}

async function hasTimescale(connection: Connection): Promise<boolean> {
  return (await connection.query("SELECT 1 FROM pg_extension WHERE extname = $1", ["timescaledb"])).length > 0;
}

/** `bigint` comes as text, as a double would round it; these are small enough. */
function entryOf({ stem, first_row, rows, bytes, sha256 }: SqlRow): PieceEntry {
  return {
    stem: String(stem),
    firstRow: Number(first_row),
    rows: Number(rows),
    bytes: Number(bytes),
    sha256: String(sha256),
  };
}
