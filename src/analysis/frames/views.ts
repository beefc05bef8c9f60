import type { DuckDBConnection } from "@duckdb/node-api";
import { fileErrorCode, KymoError, reason } from "../../errors.ts";
import type { Sources } from "../source/sources.ts";
import { COLUMNS, identifier, literal, NO_ROWS } from "../duckdb/sql.ts";
import { CHANNELS } from "../../series.ts";

/** The channels that have a view even where there are no files. */
const USUAL_CHANNELS = Object.values(CHANNELS);

/** The view of everything. */
export const OBSERVATIONS = "observations";

/**
 * The views that queries read: one for each channel, under a name of ours and, unless that is taken, under the channel itself; and one of everything.
 * (To DuckDB names are the same that differ only in case.) They show what the sources hold, or, once that is loaded, tables with a copy of it.
 */
export class Views {
  readonly #sources: Sources;
  /** With the usual ones, whether there are files or not. */
  readonly #channels: readonly string[];
  #isLoaded = false;

  private constructor(sources: Sources) {
    this.#sources = sources;
    this.#channels = [...new Set([...sources.relations.keys(), ...USUAL_CHANNELS])];
  }

  /** Makes the views of some sources. */
  static async create(connection: DuckDBConnection, sources: Sources): Promise<Views> {
    await connection.run("CREATE SCHEMA kymo");
    const views = new Views(sources);
    await views.#showSources(connection);
    const taken = new Set(["", OBSERVATIONS]);
    for (const [index, channel] of views.#channels.entries()) {
      const name = channel.toLowerCase();
      if (taken.has(name)) continue;
      taken.add(name);
      await connection.run(`CREATE VIEW ${identifier(channel)} AS FROM kymo.source_${index}`);
    }
    const all = views.#channels.map((_, index) => `FROM kymo.source_${index}`).join(" UNION ALL ");
    await connection.run(`CREATE VIEW ${OBSERVATIONS} AS ${all}`);
    return views;
  }

  /** The name of the view of a channel, as SQL that can follow FROM. */
  of(channel: string): string {
    const index = this.#channels.indexOf(channel);
    return index < 0 ? NO_ROWS : `kymo.source_${index}`;
  }

  /**
   * Whether what was just read, or why that failed, does not stand: then the views show something else now, and it is to be read again.
   *
   * @throws {KymoError} if something else cannot be shown.
   */
  async areStale(connection: DuckDBConnection, failure?: unknown): Promise<boolean> {
    if (this.#isLoaded || !await this.#sources.check(failure)) return false;
    await this.#showSources(connection);
    return true;
  }

  /** Copies what the views show into tables, and lets them show these; all of them or none. */
  async load(connection: DuckDBConnection): Promise<void> {
    if (this.#isLoaded) return;
    const tables = this.#channels.map((_, index) => `kymo.loaded_${index}`);
    try {
      for (;;) {
        const failure = await this.#copy(connection, tables).catch((error) => error);
        if (await this.areStale(connection, failure)) continue;
        if (failure === undefined) break;
        throw failure;
      }
      await this.#show(connection, (_, index) => tables[index]!);
      this.#isLoaded = true;
    } catch (error) {
      for (const table of tables) await connection.run(`DROP TABLE IF EXISTS ${table}`);
      throw error;
    }
  }

  async #copy(connection: DuckDBConnection, tables: readonly string[]): Promise<void> {
    for (const [index, table] of tables.entries()) {
      await connection.run(`CREATE OR REPLACE TABLE ${table} AS SELECT ${COLUMNS} FROM kymo.source_${index}`);
    }
  }

  /** Lets the views show the sources. A view is not made of files that are gone; those are seen then. */
  async #showSources(connection: DuckDBConnection): Promise<void> {
    for (;;) {
      try {
        return await this.#show(connection, (channel) => this.#sources.relations.get(channel) ?? NO_ROWS);
      } catch (error) {
        if (!await this.#sources.check(error)) {
          throw new KymoError(fileErrorCode(error), `Cannot read: ${reason(error).split("\n", 1)[0]}`, {
            cause: error,
          });
        }
      }
    }
  }

  /** Lets the views show the rows that are in SQL which can follow FROM. */
  async #show(connection: DuckDBConnection, rowsOf: (channel: string, index: number) => string): Promise<void> {
    for (const [index, channel] of this.#channels.entries()) {
      await connection.run(
        `CREATE OR REPLACE VIEW kymo.source_${index} AS ` +
          `SELECT ${COLUMNS}, ${literal(channel)} AS Channel FROM ${rowsOf(channel, index)}`,
      );
    }
  }
}
