import { align, displayWidth, shorten } from "../../display/text_width.ts";
import { bold } from "./text.ts";

/** A column of a table of such rows. */
export interface Column<Row> {
  /** What stands above it. */
  readonly title: string;
  /** What stands in it. Text must be harmless already. */
  readonly cell: (row: Row) => string;
  /** On which side it is aligned; on the right, as numbers are, unless that is said. */
  readonly side?: "left" | "right";
  /** If there is not enough room, columns are dropped, that of the lowest rank first; one without a rank never. */
  readonly rank?: number;
  /** How narrow it may be made before others are dropped. Its cells are shortened in the middle. Without it, they are never shortened. */
  readonly narrowest?: number;
  /** How it looks where there are colours. */
  readonly style?: (text: string) => string;
}

/** Room for a table. */
export interface TableRoom {
  /** Columns of the terminal; `undefined` if there is no end to them. */
  readonly width?: number | undefined;
  /** Whether there may be colours. */
  readonly hasColors: boolean;
}

const GAP = "  ";

/** Rows as lines with aligned columns under their titles. What does not fit is shortened where that is allowed, then dropped, never wrapped. */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width = Infinity, hasColors }: TableRoom,
): string {
  const fitted = fit(columns.map((column) => measured(column, rows)), width);
  const line = (cells: readonly string[], style: (text: string, column: Column<Row>) => string): string =>
    fitted.map(({ column, width }, i) => style(align(shorten(cells[i]!, width), width, column.side ?? "right"), column))
      .join(GAP).trimEnd();
  const styled = (text: string, { style }: Column<Row>): string => hasColors && style ? style(text) : text;
  return [
    line(fitted.map(({ column }) => column.title), (text) => hasColors ? bold(text) : text),
    ...rows.map((_, row) => line(fitted.map(({ cells }) => cells[row]!), styled)),
  ].map((text) => `${text}\n`).join("");
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

/** Drops columns until the rest fits if what may be shortened is, and shortens that by as much as is needed. */
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
