import { parse } from "@std/csv/parse";
import type { Observation } from "../../src/segment/observation.ts";
import { ValueKind } from "../../src/series.ts";
import type { Segment } from "../../src/segment/segment.ts";
import { rowsOf } from "./segments.ts";

/** The CSV of a segment by the plainest means there are: what the fast encoder is compared with. */
export function referenceCsv(segment: Segment): string {
  const { kind, pid } = segment.owner;
  const measurement = kind === ValueKind.duration ? seconds : exact;
  const rows = rowsOf(segment).map(([timepoint, value, label]) =>
    `${segment.epochOffset + BigInt(timepoint)},${measurement(value)},${field(label)},${pid}\r\n`
  );
  return `Timepoint,Measurement,Label,PID\r\n${rows.join("")}`;
}

/** Whole nanoseconds as seconds with nine decimals. */
export function seconds(nanoseconds: number): string {
  const digits = String(BigInt(nanoseconds)).padStart(10, "0");
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

function exact(value: number): string {
  return Object.is(value, -0) ? "-0" : `${value}`;
}

function field(text: string): string {
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Replaces CR inside quotes while the parser runs, which would turn CRLF there into LF. */
const STAND_IN = "\0";

/**
 * Reads a CSV that is known to be valid by the plainest means there are: what the row scanner is
 * compared with.
 */
export function referenceParse(text: string): Observation[] {
  // Split at its quotes, a text is outside quotes in the first piece, inside in the second, and so
  // on.
  const pieces = text.split('"');
  const rows = parse(pieces.map((piece, i) => i % 2 === 0 ? piece : piece.replaceAll("\r", STAND_IN)).join('"'));
  return rows.slice(1).map(([timepoint = "", measurement = "", label = "", pid = ""]) => ({
    timepoint: BigInt(timepoint),
    measurement: Number(measurement),
    label: label.replaceAll(STAND_IN, "\r"),
    pid: Number(pid),
  }));
}

const encoder = new TextEncoder();

/** Bytes of UTF-8 that a text takes. */
export function utf8Length(text: string): number {
  return encoder.encode(text).length;
}

/**
 * The text of a label in a file, computed in the simplest way: U+FFFD for NUL and lone surrogates,
 * and cut at a character with `…`.
 */
export function asWritten(label: string, maxBytes = 16_384): string {
  const text = label.toWellFormed().replaceAll("\0", "\ufffd");
  if (utf8Length(text) <= maxBytes) return text;
  let kept = "";
  let bytes = 0;
  for (const character of text) {
    bytes += utf8Length(character);
    if (bytes > maxBytes - utf8Length("…")) break;
    kept += character;
  }
  return `${kept}…`;
}
