/** Something that was not read. */
export interface Problem {
  /** The path of the file. */
  readonly file: string;
  /** The line at which it begins, from 1; 0 if the problem is the file's as a whole. */
  readonly line: number;
  /** Number of rows not read because of it; 0 if unknown. */
  readonly rows: number;
  /** Why: a sentence about the row or file, which it calls "it". */
  readonly reason: string;
}

/** A file that was left out, since all of its rows are in another one. */
export interface CopiedFile {
  /** Its path. */
  readonly file: string;
  /** The path of the other. */
  readonly of: string;
}

/** A file that others moved or deleted while it was read: none of its rows were read. */
export interface GoneFile {
  /** Its path. */
  readonly file: string;
  /** Its rows; 0 if unknown. */
  readonly rows: number;
}

/** What was read, and what was not. */
export interface Reading {
  /** Number of files that were read. */
  readonly files: number;
  /** Number of spools that were read. */
  readonly spools: number;
  /** Number of databases that rows were fetched from. */
  readonly databases: number;
  /** Number of rows that were not read although their files are there. */
  readonly unread: number;
  /** Why: the first 100 problems. */
  readonly problems: readonly Problem[];
  /** Copies of files that were read, such as `duration.csv.1.gz` beside `duration.csv.1`. */
  readonly copies: readonly CopiedFile[];
  /** Files that are no longer there. */
  readonly gone: readonly GoneFile[];
}

/** Limit of the problems that are kept. */
const MAX_PROBLEMS = 100;

/** Counts the rows of all problems, and keeps the first problems. Files that are gone are none. */
export class Problems {
  /** Rows that were not read. */
  rows = 0;
  /** The first problems. */
  readonly kept: Problem[] = [];
  /** The files that are gone. */
  readonly gone: GoneFile[] = [];

  /** Adds a problem. */
  add(file: string, line: number, rows: number, reason: string): void {
    this.rows += rows;
    if (this.kept.length < MAX_PROBLEMS) this.kept.push({ file, line, rows, reason });
  }

  /** Adds the problems of another list. */
  addAll({ rows, kept }: Problems): void {
    this.rows += rows;
    this.kept.push(...kept.slice(0, MAX_PROBLEMS - this.kept.length));
  }
}
