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
 *
 * A duration of k ns is the double next to k × 10⁻⁹. Its bits look random, and it takes 7 bytes after
 * compression; k itself takes 3. A second column with the time as a TIMESTAMP would take as much as
 * the first, half of the file, so there is none.
 *
 * **Metadata**: under the key `kymo`, JSON with the number of rows, the first and the last timepoint,
 * and the inputs: of each its name, its size, its rows, and the beginning of the SHA-256 of its bytes.
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
}

/** The key of the metadata. */
export const METADATA_KEY = "kymo";

/** The version of the metadata. A reader refuses others. */
const VERSION = 1;

/** Most inputs of a compacted file. They take some 70 bytes each. */
export const MAX_INPUTS = 4_096;

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
];

/** The metadata as text. */
export function formatMetadata({ rows, first, last, inputs }: CompactedMetadata): string {
  return JSON.stringify({
    version: VERSION,
    rows,
    first: String(first),
    last: String(last),
    inputs: inputs.map(({ name, size, rows, digest }) => [name, size, rows, digest]),
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
  const { version, rows, first, last, inputs } = (value ?? {}) as Record<string, unknown>;
  if (version !== VERSION) return failure("invalid", "its list of inputs is of another version");
  if (!isCount(rows) || !isTimepoint(first) || !isTimepoint(last) || !Array.isArray(inputs)) {
    return failure("invalid", "its list of inputs is damaged");
  }
  if (inputs.length > MAX_INPUTS) return failure("invalid", `it names more than ${MAX_INPUTS} inputs`);
  const found: CompactedInput[] = [];
  for (const input of inputs) {
    const [name, size, inputRows, digest] = Array.isArray(input) ? input : [];
    if (!isInputName(name)) return failure("invalid", "it names inputs that are no files of a recording");
    if (!isCount(size) || !isCount(inputRows) || !isDigest(digest)) {
      return failure("invalid", "its list of inputs is damaged");
    }
    found.push({ name, size, rows: inputRows, digest });
  }
  if (new Set(found.map(({ name }) => name)).size < found.length) {
    return failure("invalid", "it names an input twice");
  }
  if (found.reduce((sum, { rows }) => sum + rows, 0) !== rows) {
    return failure("invalid", "its inputs have another number of rows");
  }
  return success({ rows, first: BigInt(first), last: BigInt(last), inputs: found });
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
