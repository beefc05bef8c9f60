import type { Connection, RowCopy } from "../../../stores/postgres/connection.ts";
import type { Clock } from "../../../runtime.ts";
import { NANOSECONDS_PER_SECOND } from "../../../series.ts";
import { StoreError } from "../../../stores/store_error.ts";
import type { Piece } from "../../pieces/piece.ts";
import type { RowFormat } from "../../pieces/row_format.ts";
import { BINARY_COLUMNS, BINARY_HEADER, BINARY_TRAILER, binaryRows } from "./binary_rows.ts";

/** The tables that rows go into. */
export interface RowTables {
  /** The schema as an SQL identifier. */
  readonly schema: string;
  /** The address for people. */
  readonly name: string;
  /** The id of the directory. */
  readonly source: string;
  /** Who ships, for the ledger. */
  readonly shipper: string;
  readonly format: RowFormat;
}

/** What a transaction has at most before it is committed. */
const MOST_BYTES = 96 * 2 ** 20;
const MOST_PIECES = 1_000;
const MOST_TIME = 2 * NANOSECONDS_PER_SECOND;

/**
 * A transaction in which pieces are shipped, together with their entries in the ledger. All rows go
 * into one `COPY`: for each the server takes buffers that its process has not mapped yet, up to 16 MB,
 * and a million rows in ten of them take 1.5 times the CPU time of those in one.
 *
 * The first pieces are noted in the ledger before any rows: its key makes two shippers of one directory
 * wait for each other. Pieces that are added later, while the `COPY` runs, are noted after it.
 */
export class RowTransaction {
  readonly #connection: Connection;
  readonly #tables: RowTables;
  readonly #clock: Pick<Clock, "now">;
  readonly #began: number;
  #copy: RowCopy | undefined;
  #pieces = 0;
  #rows = 0;
  #bytes = 0;
  /** The entries of pieces that are not noted yet, as JSON. */
  readonly #later: string[] = [];

  /** Begins nothing yet. */
  constructor(connection: Connection, tables: RowTables, clock: Pick<Clock, "now">) {
    this.#connection = connection;
    this.#tables = tables;
    this.#clock = clock;
    this.#began = clock.now();
  }

  /** Whether it is to be committed. */
  get isFull(): boolean {
    const isLong = this.#clock.now() - this.#began >= MOST_TIME;
    return isLong || this.#pieces >= MOST_PIECES || this.#bytes >= MOST_BYTES;
  }

  /**
   * Begins with pieces, whose rows are not sent yet. `"taken"` if another shipper has noted one of them.
   *
   * @throws {StoreError}
   */
  async begin(pieces: readonly Piece[]): Promise<"noted" | "taken"> {
    await this.#connection.query(
      "BEGIN; SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '5s'; " +
        "SET LOCAL idle_in_transaction_session_timeout = '60s'",
    );
    return await this.#note(pieces.map(entryInJson));
  }

  /** Adds pieces to those with which it was begun. Their rows are not sent yet. */
  add(pieces: readonly Piece[]): void {
    for (const piece of pieces) this.#later.push(entryInJson(piece));
  }

  /**
   * Sends the rows of pieces. Resolves once their memory may be used again; `onSent` is called as soon
   * as nothing but the network is waited for.
   *
   * @throws {StoreError}
   */
  async send(pieces: readonly Piece[], onSent?: () => void): Promise<void> {
    const { schema } = this.#tables;
    const rows = pieces.map(({ content }) => content);
    const isBegun = this.#copy !== undefined;
    this.#copy ??= this.#connection.copyIn(
      `COPY ${schema}.observation (${Object.keys(BINARY_COLUMNS).join(", ")}) ` +
        `FROM STDIN (FORMAT ${this.#isBinary ? "binary" : "csv"})`,
    );
    for (const piece of pieces) {
      this.#pieces++;
      this.#rows += piece.rows;
      this.#bytes += piece.content.length;
    }
    await this.#copy.send(this.#isBinary && !isBegun ? [BINARY_HEADER, ...rows] : rows, onSent);
  }

  /**
   * All rows were sent: the store must have taken them, and notes the pieces that were added. `"taken"`
   * if another shipper has noted one of them meanwhile.
   *
   * @throws {StoreError}
   */
  async end(): Promise<"noted" | "taken"> {
    const copy = this.#copy!;
    const { name, schema } = this.#tables;
    if (this.#isBinary) await copy.send([BINARY_TRAILER]);
    const copied = await copy.end();
    if (copied !== this.#rows) {
      throw new StoreError("data", "COUNT", `${name} has taken ${copied} rows of ${this.#rows}`);
    }
    // From here to the end of the transaction nobody can change them.
    if (this.#isBinary && !await hasOwnTypes(this.#connection, schema)) {
      throw new StoreError("passing", "22P03", `The columns of ${name} have other types than before`);
    }
    return this.#later.length === 0 ? "noted" : await this.#note(this.#later);
  }

  /**
   * Commits.
   *
   * @throws {StoreError}
   */
  async commit(): Promise<void> {
    await this.#connection.commit();
  }

  /** Rolls back. Does not throw: of a connection that is lost the transaction is lost too. */
  async rollBack(): Promise<void> {
    try {
      await this.#copy?.giveUp();
      await this.#connection.query("ROLLBACK");
    } catch {
      // It is lost.
    }
  }

  get #isBinary(): boolean {
    return this.#tables.format === binaryRows;
  }

  /** Notes entries in the ledger, as one text: of an array `pg` makes many. */
  async #note(entries: readonly string[]): Promise<"noted" | "taken"> {
    const { schema, source, shipper } = this.#tables;
    const [noted] = await this.#connection.query(
      `WITH noted AS (
         INSERT INTO ${schema}.shipped (source, shipper, stem, first_row, rows, bytes, sha256, channel)
         SELECT $1, $2, stem, first_row, rows, bytes, decode(sha256, 'hex'), channel
         FROM json_to_recordset($3) AS piece
           (stem text, first_row bigint, rows bigint, bytes bigint, sha256 text, channel text)
         ORDER BY stem, first_row
         ON CONFLICT (source, stem, first_row) DO NOTHING RETURNING 1)
       SELECT count(*) AS count FROM noted`,
      [source, shipper, `[${entries.join(",")}]`],
    );
    return Number(noted?.["count"]) < entries.length ? "taken" : "noted";
  }
}

/** Whether the columns of the rows in a schema have the types that Kymo gives them. */
export async function hasOwnTypes(connection: Connection, schema: string): Promise<boolean> {
  const columns = await connection.query(
    "SELECT attname, format_type(atttypid, NULL) AS type FROM pg_attribute WHERE attrelid = $1::regclass AND attname = ANY($2)",
    [`${schema}.observation`, Object.keys(BINARY_COLUMNS)],
  );
  const types = new Map(columns.map(({ attname, type }) => [attname, type]));
  return Object.entries(BINARY_COLUMNS).every(([name, type]) => types.get(name) === type);
}

function entryInJson({ stem, firstRow, rows, bytes, sha256, channel }: Piece): string {
  return JSON.stringify({ stem, first_row: firstRow, rows, bytes, sha256, channel });
}
