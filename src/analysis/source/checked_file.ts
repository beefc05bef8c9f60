import { reason } from "../../errors.ts";
import type { FileHandle, Files } from "../../runtime.ts";
import { release } from "../../files/directory.ts";
import { type CsvContent, readCsv } from "./csv_content.ts";
import type { FoundFile } from "./found_files.ts";
import type { Problems } from "./reading.ts";
import type { CsvPart } from "./relation.ts";
import type { Row } from "../../csv/row.ts";
import type { RowTables } from "./row_tables.ts";

/** How a file is read. */
export type ReadMode =
  /** By DuckDB: it is not looked at yet. */
  | "unchecked"
  /** By DuckDB: it is sound. */
  | "sound"
  /** By DuckDB, its first rows: it goes on otherwise, or may. */
  | "limited"
  /** By ourselves: it is not sound, and its rows are to go to a table. */
  | "damaged"
  /** By ourselves: its rows are in a table. */
  | "in a table"
  /** Not at all: it holds nothing, or is gone. */
  | "out";

/** A CSV file, and what is known of it. */
export class CheckedFile {
  /** Where it is, and what it is called. */
  readonly found: FoundFile;
  /** How many of its bytes count; undefined if all that are there when it is looked at. */
  readonly #bound: number | undefined;
  /** How it is read. */
  mode: ReadMode = "unchecked";
  #rows = 0;
  #lineFeeds = false;
  #size = 0;
  #identity = "";

  /** One that is not looked at yet; only the first `bound` bytes count. */
  constructor(found: FoundFile, bound?: number) {
    this.found = found;
    this.#bound = bound;
  }

  /** Whether it may hold more than counts. */
  get isBounded(): boolean {
    return this.#bound !== undefined;
  }

  /** Looks at all of it, and yields from time to time. Does not throw. */
  *check(files: Files, problems: Problems): Generator<void> {
    const { path } = this.found;
    let handle: FileHandle | undefined;
    try {
      handle = files.open(path, "read");
      const { size, identity } = handle.status();
      this.#size = size;
      this.#identity = identity;
      const content = yield* readCsv(handle, Math.min(size, this.#bound ?? size), {
        unread: (line, rows, why) => problems.add(path, line, rows, why),
      });
      this.#judge(content, handle.status().size > size, problems);
    } catch (error) {
      this.mode = "out";
      problems.add(path, 0, 0, reason(error));
    } finally {
      if (handle !== undefined) release(handle);
    }
  }

  /** Adds all whole rows to a table. What cannot be read is known already. */
  async load(files: Files, tables: RowTables, problems: Problems): Promise<void> {
    const { path, channel } = this.found;
    this.mode = "in a table";
    try {
      const handle = files.open(path, "read");
      try {
        await tables.add(channel, (take) => {
          const row = ({ timepoint, measurement, label, pid }: Row): void => take(timepoint, measurement, label, pid);
          for (const _ of readCsv(handle, Math.min(this.#size, this.#bound ?? this.#size), { row }));
        });
      } finally {
        release(handle);
      }
    } catch (error) {
      problems.add(path, 0, this.#rows, reason(error));
    }
  }

  /** Sees what became of it since it was checked, if programs append to it, or if it may be the cause of a failure. */
  look(files: Files, problems: Problems, failed: boolean): void {
    const isRead = this.mode === "sound" || this.mode === "limited";
    if (!isRead || !failed && !this.found.grows) return;
    const { path } = this.found;
    const status = files.status(path);
    if (status === undefined || status.identity !== this.#identity) {
      this.mode = "out";
      problems.add(path, 0, this.#rows, "it was taken away");
    } else if (status.size < this.#size) {
      this.mode = "unchecked";
    } else if (status.size > this.#size) {
      this.mode = "limited";
    } else if (failed && this.mode === "limited") {
      this.mode = "damaged"; // DuckDB stumbles over what follows
    }
  }

  /** How many rows DuckDB may read of it at most, whether its labels hold line feeds; `undefined` if it does not read it at all. */
  get part(): { readonly limit: number | undefined; readonly lineFeeds: boolean } | undefined {
    const isRead = this.mode === "unchecked" || this.mode === "sound" || this.mode === "limited";
    return isRead ? { limit: this.mode === "limited" ? this.#rows : undefined, lineFeeds: this.#lineFeeds } : undefined;
  }

  #judge(content: CsvContent, isGrowing: boolean, problems: Problems): void {
    const { rows, unread, cutLine, odd, lineFeeds } = content;
    const { path, grows } = this.found;
    const isOnTheWay = this.#bound !== undefined || grows && isGrowing;
    if (cutLine !== undefined && !isOnTheWay) problems.add(path, cutLine, 1, "it is cut off");
    this.#rows = rows;
    this.#lineFeeds = lineFeeds;
    if (rows === 0) this.mode = "out";
    else if (unread > 0 || odd) this.mode = "damaged";
    else if (cutLine !== undefined || this.#bound !== undefined) this.mode = "limited";
    else this.mode = "sound";
  }
}

/** What DuckDB reads of some files: those that are read alike together. */
export function partsOf(files: readonly CheckedFile[]): CsvPart[] {
  const whole: string[] = [];
  const withLineFeeds: string[] = [];
  const limited: CsvPart[] = [];
  for (const { part, found: { path } } of files) {
    if (part?.limit !== undefined) limited.push({ paths: [path], lineFeeds: part.lineFeeds, limit: part.limit });
    else if (part !== undefined) (part.lineFeeds ? withLineFeeds : whole).push(path);
  }
  const parts = [{ paths: whole, lineFeeds: false }, { paths: withLineFeeds, lineFeeds: true }, ...limited];
  return parts.filter(({ paths }) => paths.length > 0);
}
