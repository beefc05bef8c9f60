import type { DuckDBConnection } from "@duckdb/node-api";
import { DuckDB } from "../../../analysis/duckdb/duckdb.ts";
import { literal } from "../../../analysis/duckdb/sql.ts";
import { unlessGone } from "../../../files/directory.ts";
import { temporaryPathBeside } from "../../../files/names.ts";
import { FileError, type Runtime } from "../../../runtime.ts";
import { StoreError } from "../../../stores/store_error.ts";
import { publishNew } from "../new_file.ts";
import { closeDatabase } from "./close_database.ts";
import { LOCKED, storeErrorOf } from "./failures.ts";

/** What the file is called in SQL while it is open. */
export const CATALOG = "store";

/** Memory and threads: programs record beside it. */
const LIMITS = { memoryLimit: "128MB", threads: 1 } as const;

/** ms for which another process may have the file open before this one tries again later, and between two attempts. */
const LOCK_PATIENCE = 1_000;
const LOCK_INTERVAL = 50;

/** Resolves when the last work on a file has ended, by its path. */
const turns = new Map<string, Promise<void>>();

/**
 * A file of DuckDB, which is open only while somebody works with it: only one process may have it
 * open. DuckDB's lock does not keep two databases of one process apart, and closing one would give
 * back the lock of the other, so that those take turns here.
 */
export class DuckDBFile {
  readonly #runtime: Runtime;
  readonly #path: string;
  readonly #name: string;
  #database: DuckDB | undefined;

  /** Opens nothing yet. `name` is its address for people. */
  constructor(runtime: Runtime, path: string, name: string) {
    this.#runtime = runtime;
    this.#path = path;
    this.#name = name;
  }

  /** Whether there is a file. */
  get isThere(): boolean {
    return this.#runtime.files.status(this.#path) !== undefined;
  }

  /** The directory for temporary files while somebody works with it. */
  get temporary(): string {
    return this.#database?.temporary ?? "";
  }

  /**
   * Opens the file, runs `work`, and closes it.
   *
   * @throws {KymoError} `"missing-package"` without DuckDB.
   * @throws {StoreError}
   */
  async use<Result>(work: (connection: DuckDBConnection) => Promise<Result>): Promise<Result> {
    if (!this.isThere) {
      throw new StoreError("target", "ENOENT", `Cannot ship to ${this.#name}: the file is not there any more`);
    }
    return await this.#use(this.#path, work);
  }

  /**
   * Makes the file with what `work` puts there, whole or not at all. A file that is there is not
   * replaced.
   *
   * @throws As {@linkcode use}.
   */
  async make(work: (connection: DuckDBConnection) => Promise<void>): Promise<void> {
    const { files, isolateId } = this.#runtime;
    // An empty file, which DuckDB makes first, is no database.
    const temporary = temporaryPathBeside(this.#path, isolateId());
    try {
      await this.#use(temporary, work);
      publishNew(files, temporary, this.#path);
    } catch (error) {
      if (!(error instanceof FileError && error.code === "EEXIST")) throw this.#errorOf(error);
    } finally {
      unlessGone(() => files.remove(temporary));
    }
  }

  /** Closes the database that opens it. What is running goes on, for the time of a batch. */
  async close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    await closeDatabase(database, this.#runtime.timers);
  }

  async #use<Result>(path: string, work: (connection: DuckDBConnection) => Promise<Result>): Promise<Result> {
    const key = this.#runtime.files.realPath(path) ?? path;
    const result = (turns.get(key) ?? Promise.resolve()).then(() => this.#attached(path, work));
    const turn = result.then(() => {}, () => {});
    turns.set(key, turn);
    try {
      return await result;
    } catch (error) {
      throw this.#errorOf(error);
    } finally {
      if (turns.get(key) === turn) turns.delete(key);
    }
  }

  async #attached<Result>(path: string, work: (connection: DuckDBConnection) => Promise<Result>): Promise<Result> {
    const database = this.#database ??= await DuckDB.open(LIMITS, this.#runtime, { purpose: "ship to DuckDB" });
    return await database.exclusively(async (connection) => {
      await this.#attach(connection, path);
      let isDone = false;
      try {
        const result = await work(connection);
        // In the file itself, and on the disk: its name is there, that of its log may not be.
        await connection.run(`CHECKPOINT ${CATALOG}`);
        isDone = true;
        return result;
      } finally {
        if (!isDone) await unlessFails(() => connection.run("ROLLBACK"));
        if (!await unlessFails(() => connection.run(`DETACH ${CATALOG}`))) void this.close();
      }
    });
  }

  /** Opens the file; waits a little for another shipper that has it open for a batch. */
  async #attach(connection: DuckDBConnection, path: string): Promise<void> {
    const database = this.#database;
    for (let waited = 0;; waited += LOCK_INTERVAL) {
      try {
        await connection.run(`ATTACH ${literal(path)} AS ${CATALOG} (TYPE duckdb)`);
        return;
      } catch (error) {
        const mayWait = storeErrorOf(error, "").code === LOCKED && waited < LOCK_PATIENCE &&
          this.#database === database;
        if (!mayWait) throw error;
      }
      await this.#runtime.timers.sleep(LOCK_INTERVAL);
    }
  }

  #errorOf(error: unknown): unknown {
    const isOther = error instanceof Error && error.name === "KymoError";
    return isOther ? error : storeErrorOf(error, `Cannot ship to ${this.#name}`);
  }
}

async function unlessFails(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
}
