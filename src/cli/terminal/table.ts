import { counted, formatInteger } from "../../display/numbers.ts";
import { bold, dim } from "./style.ts";
import { align, displayWidth, shorten } from "../../display/text_width.ts";

/** A column of a table. */
export interface Column<Row> {
  /** The heading. */
  readonly title: string;
  /** The text of a cell, which must be sanitized. */
  readonly cell: (row: Row) => string;
  /** Alignment. Default: right, as of numbers. */
  readonly side?: "left" | "right";
  /**
   * Columns that do not fit are dropped, the lowest rank first; a column without a rank is never
   * dropped.
   */
  readonly rank?: number;
  /**
   * The width to which cells may be shortened, in their middle, before columns are dropped.
   * Default: cells are never shortened.
   */
  readonly narrowest?: number;
  /** Styles a cell where there are colours. */
  readonly style?: (text: string, row: Row) => string;
}

/** Room for a table. */
export interface TableRoom {
  /** Columns of the terminal; `undefined` if unlimited. */
  readonly width?: number | undefined;
  /** Whether colours may be used. */
  readonly hasColors: boolean;
}

const GAP = "  ";

/**
 * Formats rows as lines of aligned columns below their headings. Cells that do not fit are
 * shortened if their column allows it, then columns are dropped; no line is wrapped.
 */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width = Infinity, hasColors }: TableRoom,
): string {
  const fitted = fit(columns.map((column) => measured(column, rows)), width);
  const line = (cells: readonly string[], style: (text: string, column: Column<Row>) => string): string =>
    fitted.map(({ column, width }, i) => style(align(shorten(cells[i]!, width), width, column.side ?? "right"), column))
      .join(GAP).trimEnd();
  const styled = (row: Row) => (text: string, { style }: Column<Row>): string =>
    hasColors && style ? style(text, row) : text;
  return [
    line(fitted.map(({ column }) => column.title), (text) => hasColors ? bold(text) : text),
    ...rows.map((row, i) => line(fitted.map(({ cells }) => cells[i]!), styled(row))),
  ].map((text) => `${text}\n`).join("");
}

/**
 * The line below a table that leaves out `count` rows: `and 3 more functions`; empty if it leaves
 * out none.
 */
export function formatMore(count: number, { hasColors }: TableRoom, thing?: string): string {
  if (count <= 0) return "";
  const text = thing === undefined ? formatInteger(count) : counted(count, thing);
  const line = `and ${text.replace(/(?<=\d)(?= |$)/, " more")}`;
  return `${hasColors ? dim(line) : line}\n`;
}

interface Measured<Row> {
  readonly column: Column<Row>;
  readonly cells: readonly string[];
  readonly width: number;
}

function measured<Row>(column: Column<Row>, rows: readonly Row[]): Measured<Row> {
  const cells = rows.map(column.cell);
  return {
    column,
    cells,
    width: cells.reduce((most, cell) => Math.max(most, displayWidth(cell)), displayWidth(column.title)),
  };
}

/**
 * Drops columns until the others fit at their narrowest, and gives these what width is left, from
 * left to right.
 */
function fit<Row>(columns: readonly Measured<Row>[], room: number): readonly Measured<Row>[] {
  const least = ({ column, width }: Measured<Row>): number => Math.min(width, column.narrowest ?? width);
  const gaps = GAP.length * (columns.length - 1);
  const needed = columns.reduce((sum, column) => sum + least(column), gaps);
  const ranks = columns.flatMap(({ column }) => column.rank ?? []);
  if (needed > room && ranks.length > 0) {
    const lowest = Math.min(...ranks);
    return fit(columns.filter(({ column }) => column.rank !== lowest), room);
  }
  let spare = Math.max(0, room - needed);
  return columns.map((measured) => {
    const width = Math.min(measured.width, least(measured) + spare);
    spare -= width - least(measured);
    return { ...measured, width };
  });
}
