import type { Timers } from "../../../runtime.ts";
import { Connection, type SqlRow } from "../../../stores/postgres/connection.ts";
import { hypertable, identifier, tables } from "../../../stores/postgres/schema.ts";
import { StoreError } from "../../../stores/store_error.ts";
import { csvRows } from "../../pieces/csv_rows.ts";
import type { Piece, PieceEntry } from "../../pieces/piece.ts";
import type { RowFormat } from "../../pieces/row_format.ts";
import { programFields } from "../program_fields.ts";
import { BINARY_COLUMNS, BINARY_HEADER, BINARY_TRAILER, binaryRows, MAX_PID } from "./binary_rows.ts";
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
  readonly runtimeName: string;
}

/** Any number by which those who make the tables take turns: "kymo" in ASCII. */
const INIT_LOCK = 0x6b796d6f;

/** Bytes of rows from which on a batch goes over two connections. */
const LARGE_BATCH = 2 * 2 ** 20;

/** Pieces that are shipped in a transaction of their own. */
interface Part {
  readonly connection: Connection;
  readonly pieces: readonly Piece[];
}

/** How a part is begun. */
interface BeginOptions {
  /** Those that the store is told of in the same transaction. */
  readonly programs: readonly ShippedProgram[];
  /** How long it may wait for the other part, as PostgreSQL has it. */
  readonly idle: string;
  readonly onSent: () => void;
}

/**
 * PostgreSQL, with or without TimescaleDB. The ledger is written in the transaction of the rows, and
 * before them: its key makes two shippers of one directory wait for each other. The commit is on the
 * disk of the server before it is answered, whatever the server's default is, since the files are
 * removed afterwards.
 *
 * A large batch goes in two transactions over two connections, since the server does the work of each
 * on one processor. Both are committed once both have been taken; if only one of them is, because
 * something fails then, the ledger tells.
 */
export class PostgresTarget implements Target {
  readonly guarantee: Guarantee = { rows: "exactly once", by: "the ledger is in the transaction of the rows" };
  readonly name: string;
  readonly tellsWhenSent = true;
  readonly #options: PostgresOptions;
  readonly #schema: string;
  #connection: Connection | undefined;
  /** For the second half of a large batch: the server works on both at once. */
  #second: Connection | undefined;
  /** Whether the server takes no second connection. */
  #isAlone = false;
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
    this.#isAlone = false;
    await this.init();
    const connection = this.#connected;
    const { id, path, host } = source;
    await connection.query(
      `INSERT INTO ${this.#schema}.source (id, path, host) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`,
      [id, path, host ?? null],
    );
    // As CSV, rows fit columns of any types that can be read from texts.
    this.#format = await this.#hasOwnTypes(connection) ? binaryRows : csvRows;
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
    const rows = await this.#connected.query(
      `SELECT stem, first_row, rows, bytes, encode(sha256, 'hex') AS sha256 FROM ${this.#schema}.shipped
       WHERE source = $1 AND (stem = ANY(SELECT json_array_elements_text($2)) OR
         sha256 = ANY(SELECT decode(d, 'hex') FROM json_array_elements_text($3) AS d))
       ORDER BY stem, first_row`,
      [this.#source!.id, JSON.stringify(stems), JSON.stringify(digests)],
    );
    return rows.map(entryOf);
  }

  async ship({ pieces, programs, onSent }: Batch): Promise<"shipped" | "taken"> {
    this.#refuseLargePid(pieces);
    const parts = await this.#partsOf(pieces);
    if (parts.length > 1) await this.describe(programs); // else two transactions would wait for each other
    let unsent = parts.length;
    const onPartSent = (): void => void (--unsent === 0 && onSent?.());
    const options: BeginOptions = parts.length > 1
      ? { programs: [], idle: "10min", onSent: onPartSent }
      : { programs, idle: "60s", onSent: onPartSent };
    try {
      const noted = await all(parts.map((part) => this.#begin(part, options)));
      if (noted.includes("taken")) {
        await this.#rollBack(parts);
        return "taken";
      }
      // The store has refused none of them.
      await all(parts.map(({ connection }) => connection.commit()));
      return "shipped";
    } catch (error) {
      // Of a connection that is lost the server rolls back by itself, unless it has committed.
      if (!(error instanceof StoreError && error.kind === "passing")) await this.#rollBack(parts);
      throw error;
    }
  }

  async describe(programs: readonly ShippedProgram[]): Promise<void> {
    if (programs.length === 0) return;
    const sorted = [...programs].sort((one, other) => one.id < other.id ? -1 : 1);
    await this.#connected.query(
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
    await this.#connected.query("SELECT 1");
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
    this.#connection = this.#second = undefined;
    await Promise.all(connections.map((connection) => connection?.close()));
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

  /** The pieces, in two parts if they are many and the server takes a second connection. */
  async #partsOf(pieces: readonly Piece[]): Promise<readonly Part[]> {
    const whole = { connection: this.#connected, pieces };
    const half = this.#isAlone ? 0 : middleOf(pieces);
    if (half === 0) return [whole];
    if (this.#second?.isLost === true) await this.#second.close();
    try {
      if (this.#second === undefined || this.#second.isLost) this.#second = await this.#connect();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#isAlone = true;
      return [whole];
    }
    return [
      { ...whole, pieces: pieces.slice(0, half) },
      { connection: this.#second, pieces: pieces.slice(half) },
    ];
  }

  /** Begins a transaction with pieces, and their entries in the ledger before them. */
  async #begin(
    { connection, pieces }: Part,
    { programs, idle, onSent }: BeginOptions,
  ): Promise<"noted" | "taken"> {
    await connection.query(
      "BEGIN; SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '5s'; " +
        `SET LOCAL idle_in_transaction_session_timeout = '${idle}'`,
    );
    const [noted] = await connection.query(
      `WITH noted AS (
         INSERT INTO ${this.#schema}.shipped (source, shipper, stem, first_row, rows, bytes, sha256, channel)
         SELECT $1, $2, stem, first_row, rows, bytes, decode(sha256, 'hex'), channel
         FROM json_to_recordset($3) AS piece
           (stem text, first_row bigint, rows bigint, bytes bigint, sha256 text, channel text)
         ORDER BY stem, first_row
         ON CONFLICT (source, stem, first_row) DO NOTHING RETURNING 1)
       SELECT count(*) AS count FROM noted`,
      [this.#source!.id, this.#options.shipper, entriesInJson(pieces)],
    );
    if (Number(noted?.["count"]) < pieces.length) return "taken";
    await this.describe(programs);
    const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
    const copied = await this.#copy(connection, pieces, onSent);
    if (copied !== rows) throw new StoreError("data", "COUNT", `${this.name} has taken ${copied} rows of ${rows}`);
    return "noted";
  }

  async #copy(connection: Connection, pieces: readonly Piece[], onSent: () => void): Promise<number> {
    const isBinary = this.#format === binaryRows;
    const columns = Object.keys(BINARY_COLUMNS).join(", ");
    const rows = pieces.map(({ content }) => content);
    const copied = await connection.copy(
      `COPY ${this.#schema}.observation (${columns}) FROM STDIN (FORMAT ${isBinary ? "binary" : "csv"})`,
      isBinary ? [BINARY_HEADER, ...rows, BINARY_TRAILER] : rows,
      onSent,
    );
    // From here to the end of the transaction nobody can change them.
    if (isBinary && !await this.#hasOwnTypes(connection)) {
      throw new StoreError("passing", "22P03", `The columns of ${this.name} have other types than before`);
    }
    return copied;
  }

  /** Whether the columns of the rows have the types that Kymo gives them. */
  async #hasOwnTypes(connection: Connection): Promise<boolean> {
    const columns = await connection.query(
      "SELECT attname, format_type(atttypid, NULL) AS type FROM pg_attribute WHERE attrelid = $1::regclass AND attname = ANY($2)",
      [`${this.#schema}.observation`, Object.keys(BINARY_COLUMNS)],
    );
    const types = new Map(columns.map(({ attname, type }) => [attname, type]));
    return Object.entries(BINARY_COLUMNS).every(([name, type]) => types.get(name) === type);
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
      await this.#rollBack([{ connection }]);
      throw error;
    }
  }

  async #rollBack(parts: readonly Pick<Part, "connection">[]): Promise<void> {
    // Of a connection that is lost the transaction is lost too.
    await Promise.allSettled(parts.map(({ connection }) => connection.query("ROLLBACK")));
  }
}

/**
 * Where pieces are divided so that both parts have about as many bytes; 0 if they are few, or one is
 * much larger than the others.
 */
function middleOf(pieces: readonly Piece[]): number {
  const bytes = pieces.reduce((sum, { content }) => sum + content.length, 0);
  if (bytes < LARGE_BATCH) return 0;
  let before = 0;
  let middle = 0;
  while (before < bytes / 2) before += pieces[middle++]!.content.length;
  const last = pieces[middle - 1]!.content.length;
  if (before - bytes / 2 > last / 2) {
    before -= last;
    middle--;
  }
  return Math.min(before, bytes - before) < bytes / 4 ? 0 : middle;
}

/** What all result in, once all have ended. Of several failures, one that is not the fault of the rows. */
async function all<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const failures = (await Promise.allSettled(work)).flatMap((one) => one.status === "rejected" ? [one.reason] : []);
  if (failures.length === 0) return await Promise.all(work);
  throw failures.find((error) => !(error instanceof StoreError && error.kind === "data")) ?? failures[0];
}

async function hasTimescale(connection: Connection): Promise<boolean> {
  return (await connection.query("SELECT 1 FROM pg_extension WHERE extname = $1", ["timescaledb"])).length > 0;
}

/** What the ledger notes, as one text: of an array `pg` makes many. */
function entriesInJson(pieces: readonly Piece[]): string {
  return JSON.stringify(pieces.map(({ stem, firstRow, rows, bytes, sha256, channel }) => (
    { stem, first_row: firstRow, rows, bytes, sha256, channel }
  )));
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
