/**
 * Which row of which published file each row of a compacted file was, so that the files can be written
 * again.
 *
 * Compacted files are sorted by label and time. Where a row was in its file is told by its **shift**:
 * the number of the row there, less its number after the rows of the file were sorted by what they
 * hold. Programs record mostly in the order of time, and several values of one time always in the same
 * order, so that almost all shifts are 0, and next to each other in the end: they take no room, where
 * the numbers of the rows themselves would take a third of the file.
 *
 * Rows that are the same but for the shift are sorted by that. Since the number in the file rises by
 * at least as much as the one after sorting, it cannot fall among them, and the order is the same when
 * the file is written again.
 *
 * @module
 */

import type { DuckDBConnection } from "@duckdb/node-api";
import { HEADER } from "../../csv/dialect.ts";
import { sha256Of } from "../../digest.ts";
import { parseSegmentFileName } from "../../files/names.ts";
import { NANOSECONDS_PER_SECOND, ValueKind, valueKindOf } from "../../series.ts";
import { COLUMNS, pathLiteral } from "../duckdb/sql.ts";
import type { CompactedFile } from "./compacted_files.ts";
import { type CompactedSegment, INPUT_DIGITS, rowsKey } from "./format.ts";

/** The columns of a compacted file. */
export const SEGMENT_COLUMNS = `${COLUMNS}, Sequence, Shift`;

/**
 * By what the rows of a file are sorted. DuckDB takes columns by which it sorts from the keys, where 0
 * and -0 are the same: hence by a sum.
 */
export const ORDER = "Timepoint, Label, Measurement + 0, signbit(Measurement), PID";

/** Bytes of CSV that are written again with one query. */
const BYTES_AT_ONCE = 16 * 2 ** 20;

/** A published file that was written again, in memory. */
export interface RestoredSegment {
  readonly segment: CompactedSegment;
  /** Its bytes, which are those that it had; `undefined` if they could not be made. */
  readonly content: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * Writes again published files whose rows are in a compacted file: some of its `segments`. What comes
 * out has the size and the digest that the file had.
 *
 * @throws what DuckDB throws.
 */
export async function* restoreSegments(
  connection: DuckDBConnection,
  { path, channel }: CompactedFile,
  segments: readonly CompactedSegment[],
): AsyncGenerator<RestoredSegment, void> {
  for (const group of groupsOf(segments)) {
    const wanted = new Map(group.map((segment) => [rowsKey(segment.name), segment]));
    const keys = group.map(({ name }) => {
      const { owner, sequence } = parseSegmentFileName(name)!;
      return `('${owner.isolate}', ${sequence})`;
    });
    const result = await connection.stream(`
      SELECT concat(Isolate, '-', Sequence), Timepoint, Measurement, Label, PID FROM (
        SELECT *, row_number() OVER (PARTITION BY Isolate, Sequence ORDER BY ${ORDER}, Shift) + Shift AS Number FROM (
          SELECT * REPLACE (Measurement::DOUBLE AS Measurement)
          FROM read_parquet(${pathLiteral(path)}, hive_partitioning = false)
          WHERE (Isolate, Sequence) IN (VALUES ${keys.join(", ")})))
      ORDER BY Isolate, Sequence, Number`);
    const writer = new Writer(channel);
    const restored = async (key: string): Promise<RestoredSegment> => {
      const segment = wanted.get(key)!;
      wanted.delete(key);
      const content = writer.end();
      const isSame = content.length === segment.size &&
        (await sha256Of(content)).slice(0, INPUT_DIGITS) === segment.digest;
      return { segment, content: isSame ? content : undefined };
    };
    let current: string | undefined;
    for (
      let chunk = await result.fetchChunk();
      chunk !== null && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      for (const [key, timepoint, value, label, pid] of chunk.getRows() as [string, bigint, number, string, bigint][]) {
        if (key !== current && current !== undefined) yield await restored(current);
        current = key;
        writer.add(timepoint, value, label, pid);
      }
    }
    if (current !== undefined) yield await restored(current);
    for (const segment of wanted.values()) yield { segment, content: undefined };
  }
}

function* groupsOf(segments: readonly CompactedSegment[]): Generator<CompactedSegment[]> {
  let group: CompactedSegment[] = [];
  let bytes = 0;
  for (const segment of segments) {
    if (group.length > 0 && bytes + segment.size > BYTES_AT_ONCE) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(segment);
    bytes += segment.size;
  }
  if (group.length > 0) yield group;
}

/** Writes rows as programs do; `csv/encode.ts` does it from a segment. */
class Writer {
  readonly #isDuration: boolean;
  readonly #fields = new Map<string, string>();
  #text = HEADER;

  constructor(channel: string) {
    this.#isDuration = valueKindOf(channel) === ValueKind.duration;
  }

  add(timepoint: bigint, value: number, label: string, pid: bigint): void {
    let field = this.#fields.get(label);
    if (field === undefined) {
      field = /[",\r\n]|^$/.test(label) ? `"${label.replaceAll('"', '""')}"` : label;
      this.#fields.set(label, field);
    }
    const number = this.#isDuration ? seconds(value) : Object.is(value, -0) ? "-0" : String(value);
    this.#text += `${timepoint},${number},${field},${pid}\r\n`;
  }

  /** The bytes of the file; the next one begins. */
  end(): Uint8Array<ArrayBuffer> {
    const bytes = new TextEncoder().encode(this.#text);
    this.#text = HEADER;
    return bytes;
  }
}

/** With nine decimals. */
function seconds(value: number): string {
  const nanoseconds = Math.round(value * NANOSECONDS_PER_SECOND);
  const whole = Math.floor(nanoseconds / NANOSECONDS_PER_SECOND);
  return `${whole}.${String(nanoseconds - whole * NANOSECONDS_PER_SECOND).padStart(9, "0")}`;
}
