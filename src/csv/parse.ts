import { parse as splitFields } from "@std/csv/parse"; // all of @std/csv takes 4 ms to load
import { KymoError, quote } from "../errors.ts";
import type { Observation } from "../segment/observation.ts";
import { COLUMNS } from "./dialect.ts";
import { RowScanner } from "./row_scanner.ts";

/**
 * Replaces CR inside quotes while fields are split: @std/csv turns CRLF there into LF. No row holds
 * a NUL.
 */
const CR_STAND_IN = "\0";

/**
 * Reads the text of a CSV file that Kymo (or the Python original) wrote. An editor may have changed
 * its line ends, added a byte-order mark, or removed the last line end.
 *
 * This is the public text API over the row scanner, which checks the rows and their numbers;
 * `@std/csv` splits them into fields and removes the quotes. Rows are parsed in `row_parser.ts`.
 *
 * @throws {KymoError} `"invalid-data"` if the header or a row is not of the dialect.
 *
 * @example
 * ```ts
 * import { parse } from "@kymo/kymo/core";
 * import { assertEquals } from "@std/assert";
 *
 * const [first] = parse('Timepoint,Measurement,Label,PID\r\n1700000000000000001,0.25,"GET, /",42\r\n');
 * assertEquals(first, { timepoint: 1700000000000000001n, measurement: 0.25, label: "GET, /", pid: 42 });
 * ```
 */
export function parse(text: string): Observation[] {
  const bytes = new TextEncoder().encode(text.endsWith("\n") ? text : `${text}\r\n`);
  const scanner = new RowScanner().push(bytes).finish();
  const lineText = (): string => new TextDecoder().decode(bytes.subarray(scanner.start, scanner.end)).trimEnd();
  if (scanner.next() !== "header") {
    const [first = ""] = text.split(/\r?\n/, 1);
    throw new KymoError("invalid-data", `Cannot read the CSV: not the header ${COLUMNS.join(",")}: ${quote(first)}`);
  }
  const rows: string[] = [];
  const numbers: Omit<Observation, "label">[] = [];
  for (let found = scanner.next(); found !== "end"; found = scanner.next()) {
    if (found === "blank") continue;
    if (found !== "row") {
      throw new KymoError(
        "invalid-data",
        `Cannot read the CSV: row ${rows.length + 1} is not an observation: ${quote(lineText())}: ${scanner.reason}`,
      );
    }
    rows.push(lineText().replaceAll("\r", CR_STAND_IN));
    const { timepoint, measurement, pid } = scanner.row;
    numbers.push({ timepoint, measurement, pid });
  }
  return splitFields(rows.join("\n")).map(([_timepoint, _measurement, label = ""], i) => {
    const { timepoint, measurement, pid } = numbers[i]!;
    return { timepoint, measurement, label: label.replaceAll(CR_STAND_IN, "\r"), pid };
  });
}
