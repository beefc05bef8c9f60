/**
 * Compacted files: Parquet files that hold the rows of many published files, and name these files.
 *
 * **Columns**, sorted by label and timepoint:
 *
 * | column        | type                     | content                                                    |
 * | ------------- | ------------------------ | ---------------------------------------------------------- |
 * | `Timepoint`   | INT64                    | ns since 1970                                              |
 * | `Measurement` | DECIMAL(18, 9) or DOUBLE | as in the CSV, exactly; decimals where all durations fit   |
 * | `Label`       | UTF8                     | as given                                                   |
 * | `PID`         | INT64                    | process that measured                                      |
 * | `Isolate`     | UTF8                     | isolate that measured; empty where no file name told it    |
 * | `Sequence`    | INT64                    | number of the segment, as in the name of its file          |
 * | `Shift`       | INT32                    | where the row was in its file: see `restored_segments.ts`       |
 *
 * A duration of k ns is the double next to k × 10⁻⁹. Its bits look random, and it takes 7 bytes after
 * compression; k itself takes 3. A second column with the time as a TIMESTAMP would take as much as
 * the first, half of the file, so there is none. Isolate and sequence tell of which published file a
 * row was, and with the shift each of these can be written again, byte for byte: shippers know rows by
 * the file that they were published in.
 *
 * **Metadata**: under the key `kymo`, JSON with the number of rows, the first and the last timepoint,
 * and the inputs: of each its name, its size, its rows, and the beginning of the SHA-256 of its bytes;
 * of a published file also the timepoint of its first row. Inputs that were compacted files themselves
 * are gone: of the published files whose rows they had, the same is told under `earlier`.
 *
 * **What is valid.** A name of the form in `names.ts`, with the beginning of the SHA-256 of the file;
 * these columns; metadata whose inputs have together as many rows as the file; inputs that are files
 * in the same directory, with names that Kymo gives. Anything else is reported and left out whole: its
 * rows do not count, and it hides no other file.
 *
 * **The reader's rule.** A file that is named by a valid compacted file of the same directory, and has
 * the size and the digest given there, does not count: its rows are in the compacted file. Inputs
 * may be compacted files themselves, and these name their inputs in turn. So each row counts once
 * whether the inputs have been removed or not, and a new file under an old name counts.
 *
 * @module
 */

import { sha256Of } from "../../digest.ts";
import { release } from "../../files/directory.ts";
import { parseCompactedFileName, parseSegmentFileName } from "../../files/names.ts";
import { failure, type Result, success } from "../../result.ts";
import { type Files, readFully } from "../../runtime.ts";

/** A file whose rows are in a compacted file. */
export interface CompactedInput {
  /** Its name in the same directory. */
  readonly name: string;
  /** Its size, bytes. */
  readonly size: number;
  /** Its rows. */
  readonly rows: number;
  /** The first {@linkcode INPUT_DIGITS} hexadecimal digits of the SHA-256 of its bytes. */
  readonly digest: string;
}

/** A published file whose rows are in a compacted file. */
export interface CompactedSegment extends CompactedInput {
  /** The timepoint of its first row, ns since 1970. */
  readonly began: bigint;
}

/** What a compacted file says of itself. */
export interface CompactedMetadata {
  /** Its rows. */
  readonly rows: number;
  /** Its earliest timepoint, ns since 1970. */
  readonly first: bigint;
  /** Its latest timepoint, ns since 1970. */
  readonly last: bigint;
  /** The files whose rows it holds. */
  readonly inputs: readonly CompactedInput[];
  /** The published files whose rows it holds: inputs, and those of inputs that were compacted before. */
  readonly segments: readonly CompactedSegment[];
}

/** The key of the metadata. */
export const METADATA_KEY = "kymo";

/** The version of the metadata. A reader refuses others. */
const VERSION = 2;

/** Most published files whose rows are in a compacted file. They take some 90 bytes each. */
export const MAX_SEGMENTS = 4_096;

/** Largest compacted file, bytes: a reader has it in memory to find its digest. */
export const MAX_COMPACTED_BYTES = 256 * 2 ** 20;

/** Largest description of a Parquet file's content, bytes. What Kymo writes has less than one MiB. */
export const MAX_FOOTER_BYTES = 8 * 2 ** 20;

/** Hexadecimal digits of the digest of an input. */
export const INPUT_DIGITS = 16;

/** The columns in order, as `parquet_schema` of DuckDB lists them, with the types that each may have. */
export const PARQUET_COLUMNS: readonly (readonly [name: string, types: readonly string[]])[] = [
  ["Timepoint", ["BIGINT"]],
  ["Measurement", ["DOUBLE", "DECIMAL(18,9)"]],
  ["Label", ["VARCHAR"]],
  ["PID", ["BIGINT"]],
  ["Isolate", ["VARCHAR"]],
  ["Sequence", ["BIGINT"]],
  ["Shift", ["INTEGER"]],
];

/** The metadata as text. */
export function formatMetadata({ rows, first, last, inputs, segments }: CompactedMetadata): string {
  const began = new Map(segments.map((segment) => [segment.name, String(segment.began)]));
  const names = new Set(inputs.map(({ name }) => name));
  const fields = ({ name, size, rows, digest }: CompactedInput): unknown[] => {
    const time = began.get(name);
    return [name, size, rows, digest, ...time === undefined ? [] : [time]];
  };
  return JSON.stringify({
    version: VERSION,
    rows,
    first: String(first),
    last: String(last),
    inputs: inputs.map(fields),
    earlier: segments.filter(({ name }) => !names.has(name)).map(fields),
  });
}

/** Reads metadata, and believes none of it. */
export function parseMetadata(text: string): Result<CompactedMetadata, "invalid"> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return failure("invalid", "its list of inputs is no JSON");
  }
  const { version, rows, first, last, inputs, earlier } = (value ?? {}) as Record<string, unknown>;
  if (version !== VERSION) return failure("invalid", "its list of inputs is of another version");
  if (
    !isCount(rows) || !isTimepoint(first) || !isTimepoint(last) || !Array.isArray(inputs) || !Array.isArray(earlier)
  ) {
    return failure("invalid", "its list of inputs is damaged");
  }
  if (inputs.length + earlier.length > 2 * MAX_SEGMENTS) {
    return failure("invalid", `it names more than ${MAX_SEGMENTS} inputs`);
  }
  const found: (CompactedInput | CompactedSegment)[] = [];
  for (const input of [...inputs, ...earlier]) {
    const [name, size, inputRows, digest, began] = Array.isArray(input) ? input : [];
    if (!isInputName(name)) return failure("invalid", "it names inputs that are no files of a recording");
    const isSegment = parseCompactedFileName(name) === undefined;
    if (!isCount(size) || !isCount(inputRows) || !isDigest(digest) || isSegment !== isTimepoint(began)) {
      return failure("invalid", "its list of inputs is damaged");
    }
    found.push({ name, size, rows: inputRows, digest, ...isTimepoint(began) ? { began: BigInt(began) } : {} });
  }
  const segments = found.filter((one) => "began" in one);
  const keys = new Set(segments.map(({ name }) => rowsKey(name)));
  if (new Set(found.map(({ name }) => name)).size < found.length || keys.size < segments.length) {
    return failure("invalid", "it names an input twice");
  }
  if (segments.length > MAX_SEGMENTS) return failure("invalid", `it names more than ${MAX_SEGMENTS} inputs`);
  const own = found.slice(0, inputs.length);
  if (sumOf(own) !== rows || sumOf(segments) !== rows) {
    return failure("invalid", "its inputs have another number of rows");
  }
  return success({ rows, first: BigInt(first), last: BigInt(last), inputs: own, segments });
}

function sumOf(inputs: readonly CompactedInput[]): number {
  return inputs.reduce((sum, { rows }) => sum + rows, 0);
}

/** By what the rows of a published file are told from others in a compacted file: isolate and sequence. */
export function rowsKey(name: string): string {
  const { owner, sequence } = parseSegmentFileName(name)!;
  return `${owner.isolate}-${sequence}`;
}

/** Whether a file of this name may be compacted: only those that Kymo has named, in the directory itself. */
export function isInputName(name: unknown): name is string {
  return typeof name === "string" && !/[/\\]/.test(name) &&
    (parseSegmentFileName(name) !== undefined || parseCompactedFileName(name) !== undefined);
}

/**
 * The SHA-256 of a file's bytes as hexadecimal digits; `undefined` if its size is not as given.
 *
 * @throws {FileError} if it cannot be read.
 */
export async function digestOfFile(files: Files, path: string, size: number): Promise<string | undefined> {
  const handle = files.open(path, "read");
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    if (handle.status().size !== size) return undefined;
    bytes = new Uint8Array(size);
    if (readFully(handle, bytes, 0) < size) return undefined;
  } finally {
    release(handle);
  }
  return await sha256Of(bytes);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

function isTimepoint(value: unknown): value is string {
  return typeof value === "string" && /^-?\d{1,19}$/.test(value);
}

function isDigest(value: unknown): value is string {
  return typeof value === "string" && value.length === INPUT_DIGITS && /^[0-9a-f]+$/.test(value);
}
