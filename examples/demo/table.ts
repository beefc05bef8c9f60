import { bold, dim } from "./style.ts";

/** A column: its title, and whether numbers stand in it, which are aligned on the right. */
export interface Column {
  /** Its title. */
  readonly title: string;
  /** Whether it is aligned on the right. */
  readonly numeric?: boolean;
}

/** A table with aligned columns, a head and a rule under it; in colour if the standard output is a terminal. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "  nothing";
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => columns[i]!.numeric ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd();
  const width = widths.reduce((sum, width) => sum + width + 2, -2);
  return [
    bold(line(columns.map(({ title }) => title))),
    dim("─".repeat(width)),
    ...rows.map(line),
  ].map((text) => `  ${text}`).join("\n");
}
