import type { DuckDBConnection } from "@duckdb/node-api";
import { DuckDB } from "../../../analysis/duckdb/duckdb.ts";
import { literal, pathList, pathLiteral } from "../../../analysis/duckdb/sql.ts";
import { writeVerified } from "../../../analysis/duckdb/verified_parquet.ts";
import { takeLock } from "../../../control/lock_file.ts";
import { KymoError } from "../../../errors.ts";
import { accessInDirectory, release, unlessGone } from "../../../files/directory.ts";
import { directoryOf, fileNameOf } from "../../../files/names.ts";
import { type FileAccess, FileError, type FileHandle, type Runtime } from "../../../runtime.ts";
import { StoreError } from "../../../stores/store_error.ts";
import { isTemporaryPart, LOCK } from "../../../stores/parquet/folder.ts";
import type { Piece, PieceEntry } from "../../pieces/piece.ts";
import { closeDatabase } from "../duckdb/close_database.ts";
import { withPieces } from "../duckdb/csv_pieces.ts";
import { storeErrorOf } from "../duckdb/failures.ts";
import { publishNew, syncFile } from "../new_file.ts";
import { programFields } from "../program_fields.ts";
import type { Batch, ChannelCount, Guarantee, ShippedProgram, Source, Target } from "../target.ts";
import {
  COLUMNS,
  DESCRIPTION,
  formatMetadata,
  type Hour,
  hourOf,
  METADATA_KEY,
  partName,
  temporaryPartName,
} from "./format.ts";
import { type HourParts, type Part, Parts } from "./parts.ts";

/** How rows get into a folder. */
export interface ParquetTargetOptions {
  /** Its absolute path. */
  readonly path: string;
  /** Its address for people. */
  readonly name: string;
}

/** ms between two looks: each writes the files anew that grow. */
const INTERVAL = 60_000;

/** A part grows until it has so many bytes, or names so many pieces. */
const PART_BYTES = 8 * 2 ** 20;
const PART_PIECES = 4_096;

/** ms for which another shipper may write before this one tries again later, and between two attempts. */
const LOCK_PATIENCE = 10_000;
const LOCK_INTERVAL = 50;

/** Memory and threads: programs record beside it. Two threads are no faster, and take 120 MB more. */
const LIMITS = { memoryLimit: "128MB", threads: 1 } as const;

const ROWS = "kymo_rows";
const PROGRAMS = "kymo_programs";

/** What rows are told of their programs. */
const FACTS = ["service", "instance", "host", "isolate", "runtime"] as const;

/**
 * A folder of Parquet files: see `format.ts`. Who writes holds a lock, so that shippers of many
 * directories can share the files of an hour.
 */
export class ParquetTarget implements Target {
  readonly guarantee: Guarantee = { rows: "exactly once", by: "each file names what it has" };
  readonly interval = INTERVAL;
  readonly name: string;
  readonly #runtime: Runtime;
  readonly #path: string;
  readonly #parts: Parts;
  #database: DuckDB | undefined;
  #source: Source | undefined;

  /** Opens nothing yet. */
  constructor(runtime: Runtime, { path, name }: ParquetTargetOptions) {
    this.#runtime = runtime;
    this.#path = path;
    this.name = name;
    this.#parts = new Parts(runtime.files, path);
  }

  async open(source: Source): Promise<void> {
    await this.close();
    this.#source = source;
    await this.init();
  }

  async init(): Promise<boolean> {
    return await this.#attempt(async () => {
      const { files } = this.#runtime;
      const denied = files.denied(this.#path);
      if (denied !== undefined) throw new FileError("DENIED", denied);
      const isNew = files.status(this.#path) === undefined;
      if (isNew) files.ensureDirectory(this.#path);
      release(await this.#waitForLock());
      return isNew;
    });
  }

  schema(): Promise<string> {
    return Promise.resolve(DESCRIPTION);
  }

  async entries(
    stems: readonly string[],
    digests: readonly string[],
    began: () => readonly bigint[],
  ): Promise<readonly PieceEntry[]> {
    this.#checkFolder();
    const channels = this.#parts.channels();
    if (channels.length === 0) return [];
    const asked = { stems: new Set(stems), digests: new Set(digests) };
    const hours = new Set(began().map(hourOf));
    return await this.#use(async (connection) => {
      const found: PieceEntry[] = [];
      for (const hour of hours) {
        for (const channel of channels) {
          const { parts } = await this.#parts.ofHour(connection, channel, hour);
          for (const entry of parts.flatMap((part) => this.#own(part))) {
            if (asked.stems.has(entry.stem) || asked.digests.has(entry.sha256)) found.push(entry);
          }
        }
      }
      return found.sort((one, other) => one.firstRow - other.firstRow);
    });
  }

  async ship({ pieces, programs }: Batch): Promise<"shipped" | "taken"> {
    return await this.#use(async (connection) => {
      await describe(connection, programs);
      const lock = await this.#waitForLock();
      try {
        let isTaken = false;
        for (const some of Map.groupBy(pieces, ({ channel, began }) => `${hourOf(began)} ${channel}`).values()) {
          if (!await this.#add(connection, some)) isTaken = true;
        }
        return isTaken ? "taken" : "shipped";
      } finally {
        release(lock);
      }
    });
  }

  async describe(programs: readonly ShippedProgram[]): Promise<void> {
    if (programs.length > 0) await this.#use((connection) => describe(connection, programs));
  }

  /** The ledger is in all of the files: what they have lost is seen before files of rows are let go. */
  ledgerSize(): Promise<undefined> {
    return Promise.try(() => this.#checkFolder());
  }

  async count(): Promise<readonly ChannelCount[]> {
    return await this.#use(async (connection) => {
      const counts: ChannelCount[] = [];
      for (const channel of this.#parts.channels().sort()) {
        const pieces = new Map<string, number>();
        let there = 0;
        for await (const parts of this.#parts.ofChannel(connection, channel)) {
          const own = parts.filter((part) => this.#own(part).length > 0);
          for (const { stem, firstRow, rows } of own.flatMap((part) => this.#own(part))) {
            pieces.set(`${firstRow} ${stem}`, rows);
          }
          if (own.length > 0) there += await this.#countRows(connection, own);
        }
        const shipped = pieces.values().reduce((sum, rows) => sum + rows, 0);
        if (shipped > 0 || there > 0) counts.push({ channel, shipped, there });
      }
      return counts;
    });
  }

  async close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    this.#parts.clear();
    await closeDatabase(database, this.#runtime.timers);
  }

  get #sourceId(): string {
    if (this.#source === undefined) throw new StoreError("passing", "ENOTCONN", `${this.name} is not open`);
    return this.#source.id;
  }

  #checkFolder(): undefined {
    if (this.#runtime.files.status(this.#path) !== undefined) return;
    throw new StoreError("passing", "ENOENT", `Cannot ship to ${this.name}: the folder is not there any more`);
  }

  /** The entries of a part that are of this directory. */
  #own({ pieces }: Part): readonly PieceEntry[] {
    return pieces.get(this.#sourceId) ?? [];
  }

  /**
   * Adds pieces of one channel and hour. Returns whether they are there now; `false` if another shipper
   * has shipped something else under the name of one.
   */
  async #add(connection: DuckDBConnection, pieces: readonly Piece[]): Promise<boolean> {
    const [{ channel, began }] = pieces as readonly [Piece];
    const hour = hourOf(began);
    const found = await this.#parts.ofHour(connection, channel, hour);
    const there = new Map(found.parts.flatMap((part) => this.#own(part)).map((entry) => [keyOf(entry), entry.sha256]));
    const fresh = pieces.filter((piece) => !there.has(keyOf(piece)));
    if (fresh.length > 0) await this.#write(connection, hour, found, fresh);
    return pieces.every((piece) => (there.get(keyOf(piece)) ?? piece.sha256) === piece.sha256);
  }

  /** Writes pieces into the last part of an hour, or into a new one if that is full. */
  async #write(connection: DuckDBConnection, hour: Hour, found: HourParts, pieces: readonly Piece[]): Promise<void> {
    const { files } = this.#runtime;
    const { folder, parts, next } = found;
    const last = parts.at(-1);
    const isFull = last === undefined || last.status.size >= PART_BYTES ||
      last.pieces.values().reduce((sum, { length }) => sum + length, 0) + pieces.length > PART_PIECES;
    const old = isFull ? undefined : last;
    const path = old?.path ?? `${folder}/${partName(hour, next)}`;
    const temporary = `${folder}/${temporaryPartName(fileNameOf(path))}`;
    this.#makeFolders(folder);
    const own = [...old?.pieces.get(this.#sourceId) ?? [], ...pieces.map(entryOf)];
    const all = new Map([...old?.pieces ?? [], [this.#sourceId, own]]);
    const rows = pieces.reduce((sum, piece) => sum + piece.rows, old?.rows ?? 0);
    try {
      release(files.create(temporary, this.#access()));
      const metadata = { key: METADATA_KEY, text: formatMetadata({ rows, pieces: all }) };
      const count = await withPieces(files, this.#database!.temporary, pieces, async (relation) => {
        await connection.run(`CREATE OR REPLACE TEMP VIEW ${ROWS} AS ${this.#select(relation, old)}`);
        return await writeVerified(connection, {
          path: temporary,
          relation: ROWS,
          query: `FROM ${ROWS}`,
          same: [...Object.keys(COLUMNS), "signbit(measurement)"],
          doubles: "measurement",
          metadata,
        });
      });
      if (count !== rows) throw new StoreError("data", "COUNT", `${this.name} has taken ${count} rows of ${rows}`);
      if (old === undefined) {
        publishNew(files, temporary, path);
      } else {
        syncFile(files, temporary);
        if (files.status(path)?.identity !== old.status.identity) throw new FileError("EEXIST", `${path} was replaced`);
        files.rename(temporary, path);
        files.syncDirectory(folder);
      }
    } finally {
      unlessGone(() => files.remove(temporary));
    }
  }

  /**
   * SQL of the rows of a part, and after them those of pieces, sorted. To sort all of them each time
   * takes 600 MB of memory, and makes the file only a little smaller.
   */
  #select(relation: string, old: Part | undefined): string {
    const columns = Object.keys(COLUMNS).join(", ");
    const facts = FACTS.map((name) => `p.${name}`).join(", ");
    const added = `SELECT ${columns} FROM (SELECT r.*, ${facts}, ${literal(this.#sourceId)} AS source
      FROM ${relation} AS r LEFT JOIN ${PROGRAMS} AS p ON p.id = r.program) ORDER BY label, timepoint`;
    if (old === undefined) return added;
    const before = `read_parquet(${pathLiteral(old.path)}, hive_partitioning = false)`;
    return `SELECT ${columns} FROM ${before} UNION ALL (${added})`;
  }

  async #countRows(connection: DuckDBConnection, parts: readonly Part[]): Promise<number> {
    const result = await connection.runAndReadAll(
      `SELECT count(*) FROM read_parquet(${pathList(parts.map(({ path }) => path))}, hive_partitioning = false)
       WHERE source = $1`,
      [this.#sourceId],
    );
    return Number(result.getRowsJS()[0]![0]);
  }

  /** Makes the folders of a channel and a day, and removes from there what a killed shipper was writing. */
  #makeFolders(folder: string): void {
    const { files } = this.#runtime;
    for (const path of [directoryOf(folder), folder]) {
      if (files.status(path) !== undefined) continue;
      files.ensureDirectory(path, files.status(this.#path)?.access);
      files.syncDirectory(directoryOf(path));
    }
    for (const name of files.list(folder)) {
      if (isTemporaryPart(name)) unlessGone(() => files.remove(`${folder}/${name}`));
    }
  }

  #lock(): FileHandle {
    const locked = takeLock(this.#runtime.files, `${this.#path}/${LOCK}`, () => this.#access());
    if (locked.ok) return locked.value;
    const kind = locked.kind === "locked" ? "passing" : "target";
    throw new StoreError(kind, "LOCKED", `Cannot ship to ${this.name}: ${locked.reason}`);
  }

  async #waitForLock(): Promise<FileHandle> {
    const database = this.#database;
    for (let waited = 0;; waited += LOCK_INTERVAL) {
      try {
        return this.#lock();
      } catch (error) {
        const mayWait = error instanceof StoreError && error.kind === "passing" && waited < LOCK_PATIENCE &&
          this.#database === database;
        if (!mayWait) throw error;
      }
      await this.#runtime.timers.sleep(LOCK_INTERVAL);
    }
  }

  /** Whoever may read the folder may read its files. */
  #access(): FileAccess | undefined {
    return accessInDirectory(this.#runtime.files, this.#path);
  }

  async #use<Result>(work: (connection: DuckDBConnection) => Promise<Result>): Promise<Result> {
    return await this.#attempt(async () => {
      if (this.#database === undefined) {
        this.#database = await DuckDB.open(LIMITS, this.#runtime, { purpose: "ship to Parquet" });
        await this.#database.exclusively(async (connection) => {
          const facts = FACTS.map((name) => `${name} VARCHAR`).join(", ");
          await connection.run(`CREATE TABLE ${PROGRAMS} (id BIGINT PRIMARY KEY, ${facts})`);
        });
      }
      return await this.#database.exclusively(work);
    });
  }

  async #attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof KymoError) throw error;
      throw storeErrorOf(error, `Cannot ship to ${this.name}`);
    }
  }
}

/** Notes what is known of programs, for the rows to come. */
async function describe(connection: DuckDBConnection, programs: readonly ShippedProgram[]): Promise<void> {
  if (programs.length === 0) return;
  const types = JSON.stringify([{ id: "BIGINT", ...Object.fromEntries(FACTS.map((name) => [name, "VARCHAR"])) }]);
  await connection.run(
    `INSERT OR REPLACE INTO ${PROGRAMS} SELECT p.id, ${FACTS.map((name) => `p.${name}`).join(", ")}
     FROM (SELECT unnest(from_json($1::JSON, ${literal(types)})) AS p)`,
    [JSON.stringify(programs.map(programFields))],
  );
}

function entryOf({ stem, firstRow, rows, bytes, sha256 }: Piece): PieceEntry {
  return { stem, firstRow, rows, bytes, sha256 };
}

function keyOf({ stem, firstRow }: PieceEntry): string {
  return `${firstRow} ${stem}`;
}
