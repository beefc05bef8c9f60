import { KymoError, quote } from "../../../errors.ts";

/** Columns that are shown on request. */
export type ExtraColumn = typeof EXTRA_COLUMNS[number];
const EXTRA_COLUMNS = ["min", "std"] as const;

/** Parses names of further columns, such as `min,std`. */
export function parseColumns(text: string | undefined): readonly ExtraColumn[] {
  const names = text?.split(",").map((part) => part.trim()) ?? [];
  const unknown = names.find((name) => !(EXTRA_COLUMNS as readonly string[]).includes(name));
  if (unknown === undefined) return EXTRA_COLUMNS.filter((name) => names.includes(name));
  throw new KymoError(
    "invalid-argument",
    `Cannot summarize: --columns must be of ${EXTRA_COLUMNS.join(", ")}: ${quote(unknown)}`,
  );
}
