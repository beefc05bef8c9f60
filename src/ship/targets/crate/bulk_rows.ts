import type { Piece } from "../../pieces/piece.ts";

/** Rows that are sent at once. */
export const BULK_ROWS = 10_000;

const decoder = new TextDecoder();

/**
 * The rows of a piece as JSON, up to 10,000 in each text: of each its number in the file, timepoint,
 * measurement, label, PID and program. Integers are written as they are, also beyond 2^53; the
 * measurement is a text, since JSON has neither NaN nor Infinity.
 */
export function* bulkRows({ content, firstRow }: Piece): Generator<readonly string[], void> {
  const text = decoder.decode(content);
  let rows: string[] = [];
  let number = firstRow;
  for (let at = 0; at < text.length;) {
    const [timepoint, afterTimepoint] = field(text, at);
    const [measurement, afterMeasurement] = field(text, afterTimepoint);
    const [label, afterLabel] = field(text, afterMeasurement);
    const [pid, afterPid] = field(text, afterLabel);
    const [, afterChannel] = field(text, afterPid);
    const [program, end] = field(text, afterChannel);
    rows.push(`[${number++},${timepoint},${JSON.stringify(measurement)},${JSON.stringify(label)},${pid},${program}]`);
    at = end;
    if (rows.length < BULK_ROWS) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}

/** The field that begins at `at`, and where the next one does. */
function field(text: string, at: number): [value: string, next: number] {
  if (text[at] !== '"') {
    const comma = text.indexOf(",", at);
    const end = text.indexOf("\n", at);
    const until = comma >= 0 && comma < end ? comma : end;
    return [text.slice(at, until), until + 1];
  }
  let end = text.indexOf('"', at + 1);
  while (text[end + 1] === '"') end = text.indexOf('"', end + 2);
  return [text.slice(at + 1, end).replaceAll('""', '"'), end + 2];
}
