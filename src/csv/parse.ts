import { parse } from "@std/csv/parse"; // all of it takes 4 ms to load
import type { Observation } from "../segment/observation.ts";
import { COLUMNS } from "./dialect.ts";
import { KymoError, quote, reason } from "../errors.ts";

/** Stands for CR inside quotes while the parser runs, which would turn CRLF there into LF. Our own files never hold it. */
const STAND_IN = "\0";

/**
 * Reads the text of a CSV file that Kymo (or the Python original) wrote.
 *
 * @throws {KymoError} if the header or a row is not of the dialect.
 *
 * @example
 * ```ts
 * import { decode } from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 *
 * const [first] = decode('Timepoint,Measurement,Label,PID\r\n1700000000000000001,0.25,"GET, /",42\r\n');
 * assertEquals(first, { timepoint: 1700000000000000001n, measurement: 0.25, label: "GET, /", pid: 42 });
 * ```
 */
export function decode(text: string): Observation[] {
  const [header = [], ...rows] = parseRows(text);
  if (header.length !== COLUMNS.length || !COLUMNS.every((column, i) => header[i] === column)) {
    throw new KymoError(
      "invalid-data",
      `Cannot read the CSV: not the header ${COLUMNS.join(",")}: ${quote(header.join(","))}`,
    );
  }
  return rows.map(toObservation);
}

function parseRows(text: string): string[][] {
  try {
    // Split at its quotes, a text is outside quotes in the first piece, inside in the second, and so on.
    const pieces = text.split('"');
    return parse(pieces.map((piece, i) => i % 2 === 0 ? piece : piece.replaceAll("\r", STAND_IN)).join('"'));
  } catch (error) {
    throw new KymoError("invalid-data", `Cannot read the CSV: ${reason(error)}`, { cause: error });
  }
}

function toObservation(row: string[], index: number): Observation {
  const [timepoint = "", measurement = "", label = "", pid = ""] = row;
  const value = Number(measurement);
  const isNumber = measurement.trim() !== "" && (!Number.isNaN(value) || measurement === "NaN");
  if (row.length !== COLUMNS.length || !/^-?\d+$/.test(timepoint) || !/^\d+$/.test(pid) || !isNumber) {
    throw new KymoError(
      "invalid-data",
      `Cannot read the CSV: row ${index + 1} is not an observation: ${quote(row.join(","))}`,
    );
  }
  return {
    timepoint: BigInt(timepoint),
    measurement: value,
    label: label.replaceAll(STAND_IN, "\r"),
    pid: Number(pid),
  };
}
