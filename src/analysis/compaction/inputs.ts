import { reason } from "../../errors.ts";
import { type Files, type FileStatus, unlessMissing } from "../../runtime.ts";
import type { CompactedFile } from "../compacted/compacted_files.ts";
import {
  type CompactedInput,
  type CompactedSegment,
  digestOfFile,
  INPUT_DIGITS,
  MAX_SEGMENTS,
  rowsKey,
} from "../compacted/format.ts";
import { CheckedFile, partsOf } from "../source/checked_file.ts";
import type { ChannelEvidence } from "../source/channel_evidence.ts";
import { relationOf } from "../source/duckdb_relation.ts";
import { findFile } from "../source/found_files.ts";
import { Problems } from "../source/reading_report.ts";
import type { Candidate } from "./candidates.ts";
import { segmentRows } from "./segment_rows.ts";

/** A file that was checked, and is to be compacted. */
export interface Input extends CompactedInput {
  readonly path: string;
  /** What it was before the check. */
  readonly status: Pick<FileStatus, "identity" | "size" | "modified">;
  /** What it holds: rows of CSV, or those of other files. */
  readonly content: CheckedFile | CompactedFile;
  /** The published files whose rows it has: itself, unless it is a compacted file. */
  readonly segments: readonly CompactedSegment[];
}

/** Most bytes of CSV that become one file: DuckDB sorts them in memory, or beside it. */
const MAX_BYTES = 192 * 2 ** 20;

/** Bytes of CSV that stand for a byte of a compacted file, about. */
const CSV_PER_COMPACTED = 8;

/** Checks a file of a segment; `undefined` if it is not sound, which is noted, or gone. Does not throw. */
export async function checkCandidate(
  { name, path, channel, status, began }: Candidate,
  files: Files,
  evidence: ChannelEvidence,
  problems: Problems,
): Promise<Input | undefined> {
  const found = findFile(files, path, evidence);
  if (!found.ok) {
    if (found.kind !== "gone") problems.add(path, 0, 0, found.reason);
    return undefined;
  }
  const content = new CheckedFile(found.value);
  const own = new Problems();
  for (const _ of content.check(files, own));
  if (content.isGone) return undefined;
  if (content.mode !== "sound" || found.value.channel !== channel) {
    if (own.kept.length > 0) problems.addAll(own);
    else problems.add(path, 0, 0, content.rows === 0 ? "it has no rows" : "Kymo has not written it so");
    return undefined;
  }
  try {
    const sha256 = await digestOfFile(files, path, status.size);
    // A program may just be adding its last rows to it.
    if (sha256 === undefined) return undefined;
    const { size } = status;
    const input = { name, size, rows: content.rows, digest: sha256.slice(0, INPUT_DIGITS) };
    return { ...input, path, status, content, segments: [{ ...input, began }] };
  } catch (error) {
    problems.add(path, 0, 0, reason(error));
    return undefined;
  }
}

/** A compacted file as the input of another one. It must have been checked. */
export function toInput(file: CompactedFile, status: FileStatus): Input {
  const { name, path, size, rows, segments, sha256 = "" } = file;
  return { name, path, size, rows, digest: sha256.slice(0, INPUT_DIGITS), status, content: file, segments };
}

/** Whether a file is still what it was when it was checked. */
export function isUnchanged(files: Files, { path, status: { identity, size, modified } }: Input): boolean {
  const now = unlessMissing(() => files.status(path));
  return now?.identity === identity && now.size === size && now.modified === modified;
}

/** Whether a compacted file names a file. */
export function names({ inputs }: CompactedFile, { name, size, digest }: CompactedInput): boolean {
  return inputs.some((one) => one.name === name && one.size === size && one.digest === digest);
}

/** SQL of the rows of some inputs that can follow FROM. */
export function relationOfInputs(inputs: readonly Input[]): string {
  const [csvs, compacted] = contentsOf(inputs);
  return relationOf(partsOf(csvs), [], compacted);
}

/** The same, with all columns of a compacted file. */
export function segmentRowsOf(inputs: readonly Input[]): string {
  const [csvs, compacted] = contentsOf(inputs);
  return segmentRows(partsOf(csvs), compacted);
}

function contentsOf(inputs: readonly Input[]): [CheckedFile[], CompactedFile[]] {
  const csvs: CheckedFile[] = [];
  const compacted: CompactedFile[] = [];
  for (const { content } of inputs) {
    if (content instanceof CheckedFile) csvs.push(content);
    else compacted.push(content);
  }
  return [csvs, compacted];
}

/**
 * Divides inputs into those that become one file together. Compacted files are merged while they are
 * small, so that none is written again and again. Two files of one segment, of which one was written
 * by somebody, do not come together: their rows could not be told apart.
 */
export function chunksOf(inputs: readonly Input[]): Input[][] {
  const bytesOf = ({ size, content }: Input): number =>
    content instanceof CheckedFile ? size : CSV_PER_COMPACTED * size;
  const isSmall = (input: Input): boolean => input.content instanceof CheckedFile || bytesOf(input) < MAX_BYTES / 2;
  // Compacted files first, the smallest of all.
  const rank = ({ size, content }: Input): number => content instanceof CheckedFile ? Infinity : size;
  const chunks: Input[][] = [];
  let keys = new Set<string>();
  let bytes = Infinity;
  for (const input of inputs.filter(isSmall).toSorted((one, other) => rank(one) - rank(other) || 0)) {
    const chunk = chunks.at(-1);
    const own = new Set(input.segments.map(({ name }) => rowsKey(name)));
    const fits = bytes + bytesOf(input) <= MAX_BYTES && keys.size + own.size <= MAX_SEGMENTS &&
      keys.isDisjointFrom(own);
    if (chunk !== undefined && fits) {
      chunk.push(input);
      bytes += bytesOf(input);
      for (const key of own) keys.add(key);
    } else {
      chunks.push([input]);
      bytes = bytesOf(input);
      keys = own;
    }
  }
  return chunks.filter(([first, ...others]) => others.length > 0 || first!.content instanceof CheckedFile);
}
