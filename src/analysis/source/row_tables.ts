import type { DuckDBConnection } from "@duckdb/node-api";
import { TYPED_COLUMNS } from "../duckdb/sql.ts";

const SCHEMA = "kymo_source";

/** How many tables were made: sources that share a database do not share tables. */
let made = 0;

/** Takes rows, one after the other. */
export type TakeRow = (timepoint: bigint, measurement: number, label: string, pid: number) => void;

/** Tables in DuckDB of rows that it cannot read by itself, one for each channel that has any. */
export class RowTables {
  readonly #connection: DuckDBConnection;
  readonly #names = new Map<string, string>();

  /** Makes nothing yet. */
  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** The table of a channel, if it has one. */
  of(channel: string): string | undefined {
    const name = this.#names.get(channel);
    return name === undefined ? undefined : `${SCHEMA}.${name}`;
  }

  /** Adds rows of a channel: those that `give` gives. If that throws, those it gave before stay. */
  async add(channel: string, give: (take: TakeRow) => Promise<void> | void): Promise<void> {
    const appender = await this.#connection.createAppender(await this.#nameOf(channel), SCHEMA);
    try {
      await give((timepoint, measurement, label, pid) => {
        appender.appendBigInt(timepoint);
        appender.appendDouble(measurement);
        appender.appendVarchar(label);
        appender.appendBigInt(BigInt(pid));
        appender.endRow();
      });
    } finally {
      appender.closeSync();
    }
  }

  async #nameOf(channel: string): Promise<string> {
    const known = this.#names.get(channel);
    if (known !== undefined) return known;
    const name = `rows_${++made}`;
    await this.#connection.run(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
    await this.#connection.run(`CREATE TABLE ${SCHEMA}.${name} (${TYPED_COLUMNS})`);
    this.#names.set(channel, name);
    return name;
  }
}
