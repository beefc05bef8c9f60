import { CSV_DIALECT, literal, pathLiteral } from "../../../analysis/duckdb/sql.ts";
import { release, unlessGone, writeAll } from "../../../files/directory.ts";
import type { Files } from "../../../runtime.ts";
import type { Piece } from "../../pieces/piece.ts";
import { PIECE_BYTES } from "../../pieces/sizes.ts";

/** The columns of the CSV of pieces with their types. */
const COLUMNS = {
  timepoint: "BIGINT",
  measurement: "DOUBLE",
  label: "VARCHAR",
  pid: "BIGINT",
  channel: "VARCHAR",
  program: "BIGINT",
} as const;

/** Most bytes that a row has more than in its file. */
const MOST_ADDED = 1_024;

const LINE_FEED = 0x0a;

/**
 * Runs `work` with SQL of the rows of pieces that can follow FROM. They are in a temporary file
 * meanwhile: DuckDB reads CSV from nowhere else, and takes values one by one at a tenth of the speed.
 */
export async function withPieces<Result>(
  files: Files,
  directory: string,
  pieces: readonly Piece[],
  work: (relation: string) => Promise<Result>,
): Promise<Result> {
  const path = `${directory}/pieces.csv`;
  unlessGone(() => files.remove(path));
  const handle = files.create(path);
  try {
    for (const { content } of pieces) writeAll(handle, content);
    const columns = Object.entries(COLUMNS).map(([name, type]) => `${name}: ${literal(type)}`).join(", ");
    const options = [
      ...CSV_DIALECT,
      "header = false",
      "compression = 'none'",
      `max_line_size = ${PIECE_BYTES + MOST_ADDED}`,
      `columns = {${columns}}`,
    ];
    // Several threads misread line feeds in labels.
    if (pieces.some(hasLineFeeds)) options.push("parallel = false");
    return await work(`read_csv(${pathLiteral(path)}, ${options.join(", ")})`);
  } finally {
    release(handle);
    unlessGone(() => files.remove(path));
  }
}

/** Whether there are more lines than rows. */
function hasLineFeeds({ content: csv, rows }: Piece): boolean {
  let lines = 0;
  for (let at = csv.indexOf(LINE_FEED); at >= 0; at = csv.indexOf(LINE_FEED, at + 1)) lines++;
  return lines !== rows;
}
