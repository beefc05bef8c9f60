/**
 * Rows that were fetched from a store, as files that DuckDB reads as often as it wants.
 *
 * They come as CSV, which is written to a file for temporary use. Each 64 MiB of it become a Parquet
 * file, while the store waits: that takes a fifth of the room, and DuckDB reads it ten times as fast.
 * So what is selected may be far larger than the memory.
 *
 * @module
 */

import type { DuckDBConnection } from "@duckdb/node-api";
import { release, writeAll } from "../../files/directory.ts";
import type { FileHandle, Files } from "../../runtime.ts";
import { CSV_DIALECT, literal, pathList, pathLiteral, TYPED_COLUMNS } from "../duckdb/sql.ts";

/** Bytes of CSV that become a Parquet file. */
const CSV_BYTES = 64 * 2 ** 20;

/** Numbers the files of this program, since several stores may share a directory. */
let made = 0;

/**
 * Rows of CSV without a header, each ended by LF, with the columns timepoint, measurement,
 * label, PID, isolate and channel.
 */
export interface FetchedBlock {
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** Whether fields hold line feeds. */
  readonly lineFeeds: boolean;
}

/** What the rows depend on. */
export interface FetchedDeps {
  readonly connection: DuckDBConnection;
  readonly files: Files;
  /** A directory for temporary files that only this user may read. */
  readonly temporary: string;
}

/** The columns of the rows. */
const COLUMNS = `{${`${TYPED_COLUMNS}, Channel VARCHAR`.replace(/(\w+) (\w+)/g, "'$1': '$2'")}}`;

/** A file of CSV that is being written. */
interface WrittenCsv {
  readonly path: string;
  readonly handle: FileHandle;
  bytes: number;
  lineFeeds: boolean;
}

/** Takes rows, and says how DuckDB reads them. */
export class FetchedRows {
  readonly #deps: FetchedDeps;
  readonly #paths: string[] = [];
  #csv: WrittenCsv | undefined;
  /** How many rows were fetched. */
  rows = 0;

  /** Nothing is written yet. */
  constructor(deps: FetchedDeps) {
    this.#deps = deps;
  }

  /**
   * Adds rows.
   *
   * @throws {FileError} if they cannot be written, such as on a full disk.
   */
  async add({ bytes, rows, lineFeeds }: FetchedBlock): Promise<void> {
    const csv = this.#csv ??= this.#create();
    writeAll(csv.handle, bytes);
    csv.bytes += bytes.length;
    csv.lineFeeds ||= lineFeeds;
    this.rows += rows;
    if (csv.bytes >= CSV_BYTES) await this.finish();
  }

  /**
   * Adds rows that `write` writes to a Parquet file, ordered by channel and timepoint, with the columns
   * of a relation and the channel.
   */
  async addFile(write: (path: string) => Promise<void>): Promise<void> {
    const path = `${this.#deps.temporary}/stored-${++made}.parquet`;
    await write(path);
    this.#paths.push(path);
  }

  /** Makes what was added readable. */
  async finish(): Promise<void> {
    const csv = this.#csv;
    if (csv === undefined) return;
    this.#csv = undefined;
    release(csv.handle);
    const path = `${this.#deps.temporary}/stored-${++made}.parquet`;
    const options = [
      "header = false",
      // Told, since DuckDB would take the first one that it finds, which may be a CRLF within a label.
      "new_line = '\\n'",
      ...CSV_DIALECT,
      `columns = ${COLUMNS}`,
      ...csv.lineFeeds ? ["parallel = false"] : [],
    ];
    const rows = `read_csv(${pathList([csv.path])}, ${options.join(", ")})`;
    await this.#deps.connection.run(
      `COPY (FROM ${rows} ORDER BY Channel, Timepoint) TO ${pathLiteral(path)} (FORMAT parquet)`,
    );
    this.#paths.push(path);
    this.#deps.files.remove(csv.path);
  }

  /** A query for each channel, that can follow FROM. */
  async relations(): Promise<ReadonlyMap<string, string>> {
    if (this.#paths.length === 0) return new Map();
    const all = `read_parquet(${pathList(this.#paths)}, hive_partitioning = false)`;
    const found = await this.#deps.connection.runAndReadAll(`SELECT DISTINCT Channel FROM ${all} ORDER BY Channel`);
    return new Map(
      found.getRows().map(([channel]) => {
        const name = String(channel);
        return [name, `(SELECT * EXCLUDE (Channel) FROM ${all} WHERE Channel = ${literal(name)})`];
      }),
    );
  }

  /** The isolates that the rows have. */
  async isolates(): Promise<readonly string[]> {
    if (this.#paths.length === 0) return [];
    const all = `read_parquet(${pathList(this.#paths)}, hive_partitioning = false)`;
    const found = await this.#deps.connection.runAndReadAll(`SELECT DISTINCT Isolate FROM ${all}`);
    return found.getRows().map(([isolate]) => String(isolate)).filter((isolate) => isolate !== "");
  }

  #create(): WrittenCsv {
    const path = `${this.#deps.temporary}/stored-${++made}.csv`;
    return { path, handle: this.#deps.files.create(path), bytes: 0, lineFeeds: false };
  }
}
