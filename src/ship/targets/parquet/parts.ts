import { channelFolder, parseChannelFolder, parsePartName } from "../../../stores/parquet/folder.ts";
import type { DuckDBConnection } from "@duckdb/node-api";
import { pathList } from "../../../analysis/duckdb/sql.ts";
import { reason } from "../../../errors.ts";
import { unlessGone } from "../../../files/directory.ts";
import { FileError, type Files, type FileStatus } from "../../../runtime.ts";
import { dateFolder, type Hour, metadataQuery, parseMetadata, type PartMetadata } from "./format.ts";

/** Pieces whose entries are kept in memory, about: 25 MB. */
const MOST_KEPT = 100_000;

/** Files whose metadata is asked for at once. */
const ASKED_AT_ONCE = 500;

/** A Parquet file that Kymo has written. */
export interface Part extends PartMetadata {
  readonly path: string;
  readonly status: FileStatus;
}

/** Parts of an hour of a channel. */
export interface HourParts {
  /** The folder that they are in, whether it is there or not. */
  readonly folder: string;
  readonly parts: readonly Part[];
  /** The next number that no file has, also not somebody else's. */
  readonly next: number;
}

/** Finds the parts in a folder, and what they have. What was read is kept as long as they are the same. */
export class Parts {
  readonly #files: Files;
  readonly #folder: string;
  /** By path, those that were asked for last at the end; `undefined` for files that are not Kymo's. */
  readonly #known = new Map<string, { readonly status: FileStatus; readonly metadata: PartMetadata | undefined }>();
  #kept = 0;

  /** Reads nothing yet. */
  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** The channels that there are. */
  channels(): string[] {
    return this.#list(this.#folder).flatMap((name) => parseChannelFolder(name) ?? []);
  }

  /**
   * The parts of an hour of a channel, by their numbers.
   *
   * @throws {FileError} and what DuckDB throws.
   */
  async ofHour(connection: DuckDBConnection, channel: string, hour: Hour): Promise<HourParts> {
    const folder = `${this.#folder}/${channelFolder(channel)}/${dateFolder(hour)}`;
    const found = this.#list(folder).flatMap((name) => {
      const number = parsePartName(name, hour);
      return number === undefined ? [] : [{ number, path: `${folder}/${name}` }];
    }).sort((one, other) => one.number - other.number);
    const parts = await this.#read(connection, found.map(({ path }) => path));
    return { folder, parts, next: (found.at(-1)?.number ?? 0) + 1 };
  }

  /** All parts of a channel, those of one day after those of another. */
  async *ofChannel(connection: DuckDBConnection, channel: string): AsyncGenerator<readonly Part[], void> {
    const folder = `${this.#folder}/${channelFolder(channel)}`;
    for (const date of this.#list(folder).sort()) {
      const names = this.#list(`${folder}/${date}`).filter((name) => parsePartName(name) !== undefined).sort();
      yield await this.#read(connection, names.map((name) => `${folder}/${date}/${name}`));
    }
  }

  /** Forgets what was read. */
  clear(): void {
    this.#known.clear();
    this.#kept = 0;
  }

  async #read(connection: DuckDBConnection, paths: readonly string[]): Promise<Part[]> {
    const there = paths.flatMap((path) => {
      const status = unlessGone(() => this.#files.status(path));
      return status?.kind === "file" ? [{ path, status }] : [];
    });
    const unknown = there.filter(({ path, status }) => !isSame(this.#known.get(path)?.status, status));
    for (let i = 0; i < unknown.length; i += ASKED_AT_ONCE) {
      const some = unknown.slice(i, i + ASKED_AT_ONCE);
      const found = await readMetadata(this.#files, connection, some.map(({ path }) => path));
      for (const { path, status } of some) this.#keep(path, status, found.get(path));
    }
    const parts = there.flatMap(({ path, status }): Part[] => {
      const known = this.#known.get(path);
      if (known === undefined) return [];
      this.#known.delete(path);
      this.#known.set(path, known);
      return known.metadata === undefined ? [] : [{ ...known.metadata, path, status }];
    });
    this.#forgetOldest(there.length);
    return parts;
  }

  #keep(path: string, status: FileStatus, metadata: PartMetadata | undefined): void {
    this.#kept += piecesOf(metadata) - piecesOf(this.#known.get(path)?.metadata);
    this.#known.set(path, { status, metadata });
  }

  #forgetOldest(needed: number): void {
    for (const [path, { metadata }] of this.#known) {
      if (this.#kept <= MOST_KEPT || this.#known.size <= needed) return;
      this.#known.delete(path);
      this.#kept -= piecesOf(metadata);
    }
  }

  #list(path: string): string[] {
    try {
      return this.#files.list(path);
    } catch (error) {
      if (error instanceof FileError && ["ENOENT", "ENOTDIR"].includes(error.code)) return [];
      throw error;
    }
  }
}

/** A file is replaced, and never changed: its identity tells. */
function isSame(known: FileStatus | undefined, now: FileStatus): boolean {
  return known?.identity === now.identity && known.size === now.size && known.modified === now.modified;
}

/** Each file counts, also without pieces. */
function piecesOf(metadata: PartMetadata | undefined): number {
  return metadata === undefined ? 0 : [...metadata.pieces.values()].reduce((sum, { length }) => sum + length, 1);
}

/** What DuckDB says of files that nobody has written as Parquet. */
const NO_PARQUET = /No magic bytes found|too small to be a Parquet file/;

/** What files say that they have, by path. Of those that are no Parquet, nothing. */
async function readMetadata(
  files: Files,
  connection: DuckDBConnection,
  paths: readonly string[],
): Promise<ReadonlyMap<string, PartMetadata>> {
  if (paths.length === 0) return new Map();
  try {
    const result = await connection.runAndReadAll(metadataQuery(pathList(paths)));
    return new Map(
      result.getRowsJS().flatMap(([path, text, rows]) => {
        const metadata = parseMetadata(String(text));
        return metadata?.rows === Number(rows) ? [[String(path), metadata]] : [];
      }),
    );
  } catch (error) {
    // One that is no Parquet, or gone meanwhile, must not hide the others. If it is not known what one
    // has, nothing may be shipped.
    const [path = ""] = paths;
    if (paths.length === 1) {
      if (NO_PARQUET.test(reason(error)) || unlessGone(() => files.status(path)) === undefined) return new Map();
      throw error;
    }
    const half = paths.length >> 1;
    return new Map([
      ...await readMetadata(files, connection, paths.slice(0, half)),
      ...await readMetadata(files, connection, paths.slice(half)),
    ]);
  }
}
