import { type DuckDBBlobValue, type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { openSources } from "../../../src/analysis/source/open_sources.ts";
import type { Sources } from "../../../src/analysis/source/reopened_sources.ts";
import type { SourceDeps } from "../../../src/analysis/source/sources.ts";
import { defaultRuntime } from "../../../src/default_runtime.ts";
import type { Files } from "../../../src/runtime.ts";
import { scratchDirectory } from "../scratch_directory.ts";
import { rowText } from "./row_oracle.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** An in-memory database that reads sources. Disposing closes it. */
export class Reader implements Disposable {
  readonly connection: DuckDBConnection;
  /** Where the sources that it opens put temporary files. */
  readonly temporary: ReturnType<typeof scratchDirectory> = scratchDirectory();

  private constructor(connection: DuckDBConnection) {
    this.connection = connection;
  }

  static async create(): Promise<Reader> {
    return new Reader(await (await DuckDBInstance.create(":memory:")).connect());
  }

  /** What sources depend on, with other files if they are given. */
  deps(files: Files = defaultRuntime().files): SourceDeps {
    return { connection: this.connection, files, temporary: this.temporary.path };
  }

  open(source: string | readonly string[]): Promise<Sources> {
    return openSources(source, this.deps());
  }

  /**
   * All rows of a channel as texts, sorted. Runs the query again as long as the sources require it.
   */
  async rows(sources: Sources, channel: string): Promise<string[]> {
    const [all] = await this.query(
      sources,
      // Labels come as bytes, since the client strips byte-order marks.
      () => `SELECT Timepoint, Measurement, encode(Label), PID FROM ${sources.relations.get(channel)}`,
    );
    return (all as [bigint, number, DuckDBBlobValue, bigint][]).map(([timepoint, measurement, label, pid]) =>
      rowText(timepoint, measurement, utf8.decode(label.bytes), Number(pid))
    ).sort();
  }

  /** The rows of a query, and how often it was run. */
  async query(sources: Sources, sql: () => string): Promise<[rows: unknown[][], times: number]> {
    for (let times = 1;; times++) {
      let rows: unknown[][] = [];
      let failure: unknown;
      try {
        rows = (await this.connection.runAndReadAll(sql())).getRows();
      } catch (error) {
        failure = error;
      }
      if (await sources.check(failure)) continue;
      if (failure !== undefined) throw failure;
      return [rows, times];
    }
  }

  [Symbol.dispose](): void {
    this.connection.closeSync();
    this.temporary[Symbol.dispose]();
  }
}
