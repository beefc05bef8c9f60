/** Something that was not read. */
export interface Problem {
  /** The file. */
  readonly file: string;
  /** The line of the file at which it begins, from 1; 0 if it is about the whole file. */
  readonly line: number;
  /** How many rows were not read because of it; 0 if that is not known. */
  readonly rows: number;
  /** Why: a sentence about the row, or the file. */
  readonly reason: string;
}

/** What was read, and what was not. */
export interface Reading {
  /** Files whose rows are read. */
  readonly files: number;
  /** Spools whose rows are read. */
  readonly spools: number;
  /** Rows that could not be read. */
  readonly unread: number;
  /** Why: the first 100 problems. */
  readonly problems: readonly Problem[];
}

/** How many problems are kept. */
const MAX_PROBLEMS = 100;

/** Problems, the first of which are kept, and all of whose rows are counted. */
export class Problems {
  /** Rows that could not be read. */
  rows = 0;
  /** The first ones. */
  readonly kept: Problem[] = [];

  /** There is one more. */
  add(file: string, line: number, rows: number, reason: string): void {
    this.rows += rows;
    if (this.kept.length < MAX_PROBLEMS) this.kept.push({ file, line, rows, reason });
  }
}
