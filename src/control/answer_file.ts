/**
 * The answer of a program: `.programs/<pid>-<isolate>.json` in the monitoring directory. A program
 * writes it when it has read the control file, when it has done what it was asked, and when nothing is
 * recorded any more, or something again; it is removed when the recording ends. Nothing in it is
 * trusted, as in all files that others may write.
 *
 * @module
 */

import { failure, type Result, success } from "../result.ts";
import type { Files } from "../runtime.ts";
import {
  count,
  encodeFields,
  type Fields,
  isFields,
  optional,
  parseFields,
  scalars,
  text,
  timepoint,
} from "../small_json.ts";
import { type NotAFile, readSmallFile } from "../files/regular_file.ts";

const FORMAT = 1;

/** Bytes of the largest answer that is read. */
const MAX_ANSWER_BYTES = 2 ** 16;

/** Requests that an answer tells of at most: the latest. */
export const MAX_ANSWERED = 32;

/** Whether something is recorded, and why not, or not all. */
export interface RecordingState {
  /** Whether observations are recorded, of some channels and labels at least. */
  readonly on: boolean;
  /** Why nothing is recorded, or not everything, as the end of a sentence; absent if all is. */
  readonly reason?: string;
  /** When that ends by itself, or a part of it, ms since the epoch; absent if it does not. */
  readonly until?: number;
}

/** What became of a request. */
export interface RequestAnswer {
  /** That of the request. */
  readonly id: string;
  readonly state: "running" | "done" | "refused" | "failed";
  /** Why it was refused or has failed. */
  readonly reason?: string;
  /** The names of the files that were made, in the monitoring directory. */
  readonly files?: readonly string[];
}

/** The answer of an isolate. */
export interface Answer {
  /** The `id` of the control file that it has taken over; empty if there was none. */
  readonly control: string;
  /** When it was written, ns since the epoch. */
  readonly at: bigint;
  readonly recording: RecordingState;
  /** Since when nothing is recorded, ns since the epoch; absent if something is. */
  readonly offSince?: bigint;
  /** Rows recorded in a second, over the last one or two. */
  readonly rate: number;
  /** Counts of `status()`, by their names there. */
  readonly counts: Readonly<Record<string, number>>;
  /** The message of the latest failure. */
  readonly lastError?: string;
  /** When it happened, ns since the epoch. */
  readonly lastErrorAt?: bigint;
  readonly requests: readonly RequestAnswer[];
}

const STATES: readonly RequestAnswer["state"][] = ["running", "done", "refused", "failed"];

/** The bytes of an answer. */
export function encodeAnswer(answer: Answer): Uint8Array {
  const { lastError, requests } = answer;
  return encodeFields({
    format: FORMAT,
    ...answer,
    ...optional("lastError", text(lastError)),
    requests: requests.slice(-MAX_ANSWERED).map((one) => ({ ...one, ...optional("reason", text(one.reason)) })),
  });
}

/**
 * Reads the answer at a path.
 *
 * @throws {FileError} if the disk or a permission refuses.
 */
export function readAnswer(files: Files, path: string): Result<Answer, NotAFile | "damaged"> {
  const bytes = readSmallFile(files, path, MAX_ANSWER_BYTES);
  return bytes.ok ? parseAnswer(bytes.value) : bytes;
}

/** Reads the bytes of an answer. */
export function parseAnswer(bytes: Uint8Array): Result<Answer, "damaged"> {
  if (bytes.length > MAX_ANSWER_BYTES) return failure("damaged", `it is larger than ${MAX_ANSWER_BYTES} bytes`);
  const parsed = parseFields(bytes);
  if (!parsed.ok) return parsed;
  const { format, control, at, recording, offSince, rate, counts, lastError, lastErrorAt, requests } = parsed.value;
  const time = timepoint(at);
  if (format !== FORMAT || time === undefined || !isFields(recording) || typeof recording.on !== "boolean") {
    return failure("damaged", "a field is missing or wrong");
  }
  const list = Array.isArray(requests) ? requests.slice(-MAX_ANSWERED) : [];
  return success({
    control: text(control) ?? "",
    at: time,
    recording: {
      on: recording.on,
      ...optional("reason", text(recording.reason)),
      ...optional("until", count(recording.until)),
    },
    ...optional("offSince", timepoint(offSince)),
    rate: typeof rate === "number" && rate >= 0 ? rate : 0,
    counts: scalars(counts, ["number"]) as Record<string, number>,
    ...optional("lastError", text(lastError)),
    ...optional("lastErrorAt", timepoint(lastErrorAt)),
    requests: list.flatMap((item) => (isFields(item) ? requestOf(item) : undefined) ?? []),
  });
}

function requestOf({ id, state, reason, files }: Fields): RequestAnswer | undefined {
  if (typeof id !== "string" || !STATES.includes(state as RequestAnswer["state"])) return undefined;
  const names = Array.isArray(files) ? files.slice(0, MAX_FILES).flatMap((name) => text(name) ?? []) : undefined;
  return {
    id: id.slice(0, 8),
    state: state as RequestAnswer["state"],
    ...optional("reason", text(reason)),
    ...optional("files", names),
  };
}

/** Names of files in the answer to a request. */
const MAX_FILES = 16;

/** The count that an answer has under a name. */
export function countOf({ counts }: Pick<Answer, "counts">, name: string): number {
  return count(counts[name]) ?? 0;
}
