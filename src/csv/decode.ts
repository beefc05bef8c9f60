import { parse } from "@std/csv";
import type { Observation } from "../observation/observation.ts";
import { COLUMNS } from "./dialect.ts";
import { quote, UsageError } from "../errors.ts";

/** Stands for CR while the parser runs, which would turn CRLF inside quotes into LF. Our own files never hold it. */
const STAND_IN = "\0";

/**
 * Reads the text of a CSV file that Kymo (or the Python original) wrote.
 *
 * @throws {UsageError} if the header or a row is not of the dialect.
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
  const [header, ...rows] = parse(text.replaceAll("\r", STAND_IN));
  if (header === undefined || trimEnd(header.join(",")) !== COLUMNS.join(",")) {
    throw new UsageError(`Cannot read the CSV: not the header ${COLUMNS.join(",")}: ${quote(header?.join(",") ?? "")}`);
  }
  return rows.map(toObservation);
}

function toObservation(row: string[], index: number): Observation {
  const [timepoint = "", measurement = "", label = "", pid = ""] = row;
  const plainPid = trimEnd(pid);
  const value = Number(measurement);
  const isNumber = measurement !== "" && (!Number.isNaN(value) || measurement === "NaN");
  if (row.length !== COLUMNS.length || !/^-?\d+$/.test(timepoint) || !/^\d+$/.test(plainPid) || !isNumber) {
    throw new UsageError(`Cannot read the CSV: row ${index + 1} is not an observation: ${quote(row.join(","))}`);
  }
  return {
    timepoint: BigInt(timepoint),
    measurement: value,
    label: label.replaceAll(STAND_IN, "\r"),
    pid: Number(plainPid),
  };
}

function trimEnd(field: string): string {
  return field.endsWith(STAND_IN) ? field.slice(0, -1) : field;
}
