import type { DuckDBConnection } from "@duckdb/node-api";
import { fileErrorCode, KymoError, reason } from "../../errors.ts";
import type { Sources } from "../source/reopened_sources.ts";
import { withoutOrder } from "../duckdb/duckdb.ts";
import { COLUMNS, identifier, literal, NO_ROWS } from "../duckdb/sql.ts";
import { CHANNELS } from "../../series.ts";
import { IS_SWITCH_LABEL, SWITCHES } from "./switches.ts";

/** The channels that have a view even without files. */
const USUAL_CHANNELS = Object.values(CHANNELS);

/** The name of the view of all channels. */
const ALL_CHANNELS = "observations";

/** The view of all channels, whatever the search path is. */
export const OBSERVATIONS = `main.${ALL_CHANNELS}`;

/**
 * The views that queries read: for each channel `kymo.source_<number>`, and one with the name of
 * the channel unless that is taken (to DuckDB, names that differ only in case are the same); and
 * one of all channels. They show the sources, or after {@linkcode ChannelViews.load} tables with a
 * copy of them.
 */
export class ChannelViews {
  readonly #sources: Sources;
  /** The channels of the files, and the usual ones. */
  readonly #channels: readonly string[];
  #isLoaded = false;

  private constructor(sources: Sources) {
    this.#sources = sources;
    this.#channels = [...new Set([...sources.relations.keys(), ...USUAL_CHANNELS])];
  }

  /** Creates the views of some sources. */
  static async create(connection: DuckDBConnection, sources: Sources): Promise<ChannelViews> {
    await connection.run("CREATE SCHEMA kymo");
    const views = new ChannelViews(sources);
    await views.#showSources(connection);
    const taken = new Set(["", ALL_CHANNELS]);
    for (const [index, channel] of views.#channels.entries()) {
      const name = channel.toLowerCase();
      if (taken.has(name)) continue;
      taken.add(name);
      await views.#create(connection, `CREATE VIEW ${identifier(channel)} AS FROM kymo.source_${index}`);
    }
    const all = views.#channels.map((_, index) => `FROM kymo.source_${index}`).join(" UNION ALL ");
    await views.#create(connection, `CREATE VIEW ${OBSERVATIONS} AS ${all}`);
    await connection.run(
      `CREATE VIEW ${SWITCHES} AS SELECT ${COLUMNS} FROM ${
        views.of(CHANNELS.runtime)
      } WHERE Measurement IN (0, 1) AND ${IS_SWITCH_LABEL}`,
    );
    return views;
  }

  /** Creates a view of the sources, which are shown anew if files of theirs are gone by now. */
  async #create(connection: DuckDBConnection, sql: string): Promise<void> {
    for (;;) {
      try {
        await connection.run(sql);
        return;
      } catch (error) {
        if (!await this.#sources.check(error)) throw error;
        await this.#showSources(connection);
      }
    }
  }

  /** The view of a channel, as SQL that can follow FROM. */
  of(channel: string): string {
    const index = this.#channels.indexOf(channel);
    return index < 0 ? NO_ROWS : `kymo.source_${index}`;
  }

  /**
   * Whether the sources have changed, so that what was just read must be read again, also if that
   * failed. The views show the changed sources then.
   *
   * @throws {KymoError} if they cannot be shown.
   */
  async areStale(connection: DuckDBConnection, failure?: unknown): Promise<boolean> {
    if (this.#isLoaded || !await this.#sources.check(failure)) return false;
    await this.#showSources(connection);
    return true;
  }

  /** Whether the order of rows must be kept while they are written: see {@linkcode withoutOrder}. */
  get areOrdered(): boolean {
    return this.#isLoaded || this.#sources.areOrdered;
  }

  /** Copies the sources into tables, and shows these: all of them, or none if one fails. */
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
    const copy = async (): Promise<void> => {
      for (const [index, table] of tables.entries()) {
        await connection.run(`CREATE OR REPLACE TABLE ${table} AS SELECT ${COLUMNS} FROM kymo.source_${index}`);
      }
    };
    await (this.areOrdered ? copy() : withoutOrder(connection, copy));
  }

  /**
   * Shows the sources. DuckDB refuses to create a view of files that were deleted; then these are
   * left out.
   */
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

  /** Shows relations, given as SQL that can follow FROM. */
  async #show(connection: DuckDBConnection, rowsOf: (channel: string, index: number) => string): Promise<void> {
    for (const [index, channel] of this.#channels.entries()) {
      await connection.run(
        `CREATE OR REPLACE VIEW kymo.source_${index} AS ` +
          `SELECT ${COLUMNS}, ${literal(channel)} AS Channel FROM ${rowsOf(channel, index)}`,
      );
    }
  }
}
