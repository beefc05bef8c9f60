/**
 * The program record: who recorded. Each isolate publishes `program.<pid>-<isolate>.json` when it
 * starts to record, and replaces it, whole, when it ends. Whoever recovers the spools of a dead
 * program writes the end that the program could not write.
 *
 * ```json
 * {
 *   "format": 1,
 *   "kymo": "0.1.0",
 *   "runtime": "bun",
 *   "runtimeVersion": "1.4.5",
 *   "pid": 7579,
 *   "isolate": "0194fdc2",
 *   "kind": "main",
 *   "name": "orders",
 *   "instance": "orders-7d9f",
 *   "attributes": { "zone": "b" },
 *   "script": "server.ts",
 *   "host": "web-2",
 *   "timeZone": "Europe/Berlin",
 *   "clock": "clock_gettime",
 *   "started": "1795360370305798096",
 *   "options": { "layout": "segments", "durability": "spool", "flushInterval": 60000 },
 *   "end": { "how": "signal", "at": "1795360390305798096", "signal": "SIGTERM", "counts": { "recorded": 12 } }
 * }
 * ```
 *
 * Times are ns since the epoch, as decimal texts, since JSON readers round numbers of that size.
 * What the runtime does not tell, or its permissions do not allow to be read, is absent. Arguments
 * and environment variables are never recorded.
 *
 * A reader ignores fields that it does not know, and a record of another `format`. It trusts
 * nothing: files of other programs may bear such a name.
 *
 * @module
 */

import { failure, type Result, success } from "../result.ts";
import type { Files } from "../runtime.ts";
import { fileNameOf, parseProgramFileName, type ProcessId } from "./names.ts";
import { type NotAFile, readSmallFile } from "./regular_file.ts";
import { encodeFields, type Fields, optional, parseFields, scalars, text, timepoint } from "../small_json.ts";

/** The version of the format that this code writes and reads. */
export const PROGRAM_FORMAT = 1;

/** Bytes of the largest record that is read. Those written are far smaller. */
export const MAX_PROGRAM_BYTES = 2 ** 16;

/** How a recording ended. */
export type EndKind =
  /** `stop` was called. */
  | "stop"
  /** The program ended by itself or with an exit code. */
  | "exit"
  /** A signal ended it, and it could still flush. */
  | "signal"
  /** An uncaught error or rejection ended it. */
  | "uncaught"
  /** It was found dead: SIGKILL, a crash, a power failure. */
  | "killed";

const END_KINDS: readonly EndKind[] = ["stop", "exit", "signal", "uncaught", "killed"];

/** The end of a recording. */
export interface ProgramEnd {
  /** How it ended. */
  readonly how: EndKind;
  /**
   * When it ended, ns since the epoch. Of a killed program: when it was last seen, which is the
   * latest of its start, of the rows that its spools hold, and of the times when it began to fill
   * them, which it does anew after each flush interval.
   */
  readonly at: bigint;
  /** The exit code, if one is known. */
  readonly exitCode?: number;
  /** The signal that ended it, such as `"SIGTERM"`. */
  readonly signal?: string;
  /** The class of the uncaught error, such as `"TypeError"`. Never its message. */
  readonly error?: string;
  /** The final counts of `status()`, by their names there. Absent if it was killed. */
  readonly counts?: Readonly<Record<string, number>>;
}

/** A program record. */
export interface ProgramRecord {
  /** Kymo's version. */
  readonly kymo: string;
  /** The runtime, such as `"deno"`. */
  readonly runtime: string;
  /** Its version, such as `"2.9.6"`. */
  readonly runtimeVersion: string;
  /** The process, as its own namespace numbers it. */
  readonly pid: number;
  /** Eight hexadecimal digits, random for each recording. */
  readonly isolate: string;
  /** Whether a main thread or a worker recorded. */
  readonly kind: "main" | "worker";
  /** The name of the service. */
  readonly name: string;
  /** Which of several instances of the service it is. */
  readonly instance?: string;
  /** What else is to be known of it, by name. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** The file name of the program's entry. */
  readonly script?: string;
  /** The host. */
  readonly host?: string;
  /** The IANA time zone, such as `"Europe/Berlin"`. */
  readonly timeZone?: string;
  /** The clock that gave the timepoints, as `status().clock`. */
  readonly clock: string;
  /** When it began to record, ns since the epoch. */
  readonly started: bigint;
  /** The options in force. */
  readonly options: Readonly<Record<string, string | number | boolean>>;
  /** Its end; absent while it records, and if nobody saw it end. */
  readonly end?: ProgramEnd;
}

/** Why a record was not read. */
export type RecordFailure = "other-version" | "damaged";

/** The bytes of a record's file. */
export function encodeProgramRecord(record: ProgramRecord): Uint8Array {
  return encodeFields({ format: PROGRAM_FORMAT, ...record });
}

/**
 * Reads a record that was found under a file name. `"damaged"` is also a record that contradicts
 * its name.
 */
export function parseProgramRecord(fileName: string, bytes: Uint8Array): Result<ProgramRecord, RecordFailure> {
  const named = parseProgramFileName(fileName);
  if (named === undefined) return failure("damaged", "its name is not that of a program record");
  if (bytes.length > MAX_PROGRAM_BYTES) return failure("damaged", `it is larger than ${MAX_PROGRAM_BYTES} bytes`);
  const parsed = parseFields(bytes);
  if (!parsed.ok) return parsed;
  const fields = parsed.value;
  if (fields.format !== PROGRAM_FORMAT) {
    return typeof fields.format === "number"
      ? failure("other-version", `made by another version of Kymo: format ${fields.format}, not ${PROGRAM_FORMAT}`)
      : failure("damaged", "it has no format version");
  }
  if (fields.pid !== named.pid || fields.isolate !== named.isolate) {
    return failure("damaged", "its PID and isolate are not those of its name");
  }
  return parseProgramFields(fields, named);
}

/** Reads the fields of a record of a process, wherever they were kept. */
export function parseProgramFields(fields: Fields, { pid, isolate }: ProcessId): Result<ProgramRecord, "damaged"> {
  const { kind, options, end } = fields;
  const started = timepoint(fields.started);
  if (started === undefined || kind !== "main" && kind !== "worker") {
    return failure("damaged", "a field is missing or wrong");
  }
  return success({
    kymo: text(fields.kymo) ?? "",
    runtime: text(fields.runtime) ?? "",
    runtimeVersion: text(fields.runtimeVersion) ?? "",
    pid,
    isolate,
    kind,
    name: text(fields.name) ?? "",
    ...optional("instance", text(fields.instance)),
    ...optional("attributes", attributesOf(fields.attributes)),
    ...optional("script", text(fields.script)),
    ...optional("host", text(fields.host)),
    ...optional("timeZone", text(fields.timeZone)),
    clock: text(fields.clock) ?? "",
    started,
    options: scalars(options, ["string", "number", "boolean"]) as ProgramRecord["options"],
    ...optional("end", endOf(end)),
  });
}

/**
 * The bytes of a record that is valid and has no end, with an end. Fields that this version does
 * not know stay; `"ended"` if there is an end, also one that this version does not understand.
 */
export function withEnd(bytes: Uint8Array, end: ProgramEnd): Result<Uint8Array, "ended"> {
  const fields = JSON.parse(new TextDecoder().decode(bytes)) as Fields;
  if (Object.hasOwn(fields, "end")) return failure("ended", "it has an end");
  return success(encodeFields({ ...fields, end }));
}

/**
 * Reads the record at a path, also through a link.
 *
 * @throws {FileError} if the disk or a permission refuses.
 */
export function readProgramRecord(files: Files, path: string): Result<ProgramRecord, RecordFailure | NotAFile> {
  const bytes = readRecordBytes(files, path);
  return bytes.ok ? parseProgramRecord(fileNameOf(path), bytes.value) : bytes;
}

/** The bytes of a record, and of one that is too large one more than may be. */
export function readRecordBytes(files: Files, path: string): Result<Uint8Array, NotAFile> {
  return readSmallFile(files, path, MAX_PROGRAM_BYTES);
}

function endOf(value: unknown): ProgramEnd | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { how, at, exitCode, signal, error, counts } = value as Fields;
  const time = timepoint(at);
  if (!END_KINDS.includes(how as EndKind) || time === undefined) return undefined;
  return {
    how: how as EndKind,
    at: time,
    ...optional("exitCode", Number.isInteger(exitCode) ? exitCode as number : undefined),
    ...optional("signal", text(signal)),
    ...optional("error", text(error)),
    ...optional("counts", counts === undefined ? undefined : scalars(counts, ["number"]) as Record<string, number>),
  };
}

/** The attributes that are texts; `undefined` if there are none. */
function attributesOf(value: unknown): Record<string, string> | undefined {
  const texts = scalars(value, ["string"]) as Record<string, string>;
  return Object.keys(texts).length === 0 ? undefined : texts;
}
