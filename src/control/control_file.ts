/**
 * The control file `.control` in the monitoring directory: what the programs that record there are
 * asked. It is the only way to switch a recording from outside: no port, no signal, so that it works
 * in containers, too, which share nothing but the directory. Who may write to the directory may
 * switch; nobody else.
 *
 * ```json
 * {
 *   "format": 1,
 *   "id": "5f1c09a2",
 *   "generation": 17,
 *   "rules": [
 *     { "record": false },
 *     { "program": "orders", "channel": "duration", "label": "/orders*", "record": true, "until": "1795360370305798096" }
 *   ],
 *   "requests": [
 *     { "id": "03b7e9d4", "what": "flush", "pid": 7579, "until": "1795360370305798096" }
 *   ]
 * }
 * ```
 *
 * The last rule that matches decides; without one, a program records as its options say. A program
 * looks once a second, and answers with the `id` in `answer_file.ts`. It trusts nothing: a file that
 * is too large, or has anything in it that it does not understand, changes nothing and is reported.
 * All that a file can do is to switch recording, to have rows flushed, and to have a profile taken
 * for a limited time, into the directory.
 *
 * @module
 */

import { failure, type Result, success } from "../result.ts";
import type { Files } from "../runtime.ts";
import { isChannelName } from "../segment/format.ts";
import { count, encodeFields, type Fields, isFields, optional, parseFields, text, timepoint } from "../small_json.ts";
import { type NotAFile, readSmallFile } from "../files/regular_file.ts";

/** The version of the format that this code writes and reads. */
const FORMAT = 1;

/** Bytes of the largest control file. */
export const MAX_CONTROL_BYTES = 2 ** 16;

/** Rules that it has at most, and requests. */
export const MAX_RULES = 64;
export const MAX_REQUESTS = 64;

/** UTF-16 units of a pattern and of a program's name. */
export const MAX_PATTERN = 256;

/** ms that a profile on demand takes at most. */
export const MAX_PROFILE_DURATION = 600_000;

/** Which isolates are meant. What is absent means all. */
export interface Target {
  /** Process id, as the program itself sees it. */
  readonly pid?: number;
  /** Eight hexadecimal digits. */
  readonly isolate?: string;
  /** A pattern of the name of the service. */
  readonly program?: string;
}

/** A rule: what is recorded. */
export interface ControlRule extends Target {
  /** A channel; absent for all. */
  readonly channel?: string;
  /** A pattern of labels; absent for all. */
  readonly label?: string;
  /** Whether it is recorded. */
  readonly record: boolean;
  /** The rule ends by itself then, ns since the epoch; absent if it does not. */
  readonly until?: bigint;
}

/** Profiles that a program can be asked for. */
export type ProfileKind = "cpu-profile" | "heap-profile";

/** What a program can be asked to do. */
export type RequestKind = "flush" | "status" | ProfileKind;

const REQUEST_KINDS: readonly RequestKind[] = ["flush", "status", "cpu-profile", "heap-profile"];

/** Something that programs are asked to do once. */
export interface ControlRequest extends Target {
  /** Eight hexadecimal digits, by which the answer names it. */
  readonly id: string;
  /** What is to be done. */
  readonly what: RequestKind;
  /** A program that reads it later leaves it, ns since the epoch. */
  readonly until: bigint;
  /** Of a profile: how long, ms. */
  readonly duration?: number;
}

/** The content of a control file. */
export interface Control {
  /** Eight hexadecimal digits, other ones each time that it is written. */
  readonly id: string;
  /** How often it was written. */
  readonly generation: number;
  readonly rules: readonly ControlRule[];
  readonly requests: readonly ControlRequest[];
}

/** That of a directory without a control file. */
export const NO_CONTROL: Control = { id: "", generation: 0, rules: [], requests: [] };

/** Why a control file was not read. */
export type ControlFault = NotAFile | "other-version" | "damaged";

/** The bytes of a control file. */
export function encodeControl(control: Control): Uint8Array {
  return encodeFields({ format: FORMAT, ...control });
}

/**
 * Reads the control file at a path.
 *
 * @throws {FileError} if the disk or a permission refuses.
 */
export function readControl(files: Files, path: string): Result<Control, ControlFault> {
  const bytes = readSmallFile(files, path, MAX_CONTROL_BYTES);
  return bytes.ok ? parseControl(bytes.value) : bytes;
}

/** Reads the bytes of a control file. */
export function parseControl(bytes: Uint8Array): Result<Control, "other-version" | "damaged"> {
  if (bytes.length > MAX_CONTROL_BYTES) return failure("damaged", `it is larger than ${MAX_CONTROL_BYTES} bytes`);
  const parsed = parseFields(bytes);
  if (!parsed.ok) return parsed;
  const { format, id, generation, rules, requests } = parsed.value;
  if (format !== FORMAT) {
    return typeof format === "number"
      ? failure("other-version", `made by another version of Kymo: format ${format}, not ${FORMAT}`)
      : failure("damaged", "it has no format version");
  }
  const known = {
    id: hexadecimal(id),
    generation: count(generation),
    rules: listOf(rules, ruleOf, MAX_RULES),
    requests: listOf(requests, requestOf, MAX_REQUESTS),
  };
  const wrong = Object.entries(known).find(([, value]) => value === undefined)?.[0];
  return wrong === undefined
    ? success(known as Control)
    : failure("damaged", `${wrong === "id" || wrong === "generation" ? "its" : "one of its"} ${wrong} is wrong`);
}

/** Whether an isolate is meant. `matches` tells whether its name matches a pattern. */
export function isTarget(
  { pid, isolate, program }: Target,
  me: { readonly pid: number; readonly isolate: string },
  matches: (pattern: string) => boolean,
): boolean {
  return (pid === undefined || pid === me.pid) && (isolate === undefined || isolate === me.isolate) &&
    (program === undefined || matches(program));
}

function ruleOf(fields: Fields): ControlRule | undefined {
  const target = targetOf(fields);
  const { channel, label, record, until } = fields;
  const isValid = target !== undefined && typeof record === "boolean" &&
    (channel === undefined || isChannelName(channel)) && isPatternOrAbsent(label) &&
    (until === undefined || timepoint(until) !== undefined);
  if (!isValid) return undefined;
  return {
    ...target,
    ...optional("channel", channel as string | undefined),
    ...optional("label", text(label)),
    record,
    ...optional("until", timepoint(until)),
  };
}

function requestOf(fields: Fields): ControlRequest | undefined {
  const target = targetOf(fields);
  const id = hexadecimal(fields.id);
  const until = timepoint(fields.until);
  const { what } = fields;
  const duration = count(fields.duration);
  const isValid = target !== undefined && id !== undefined && until !== undefined &&
    REQUEST_KINDS.includes(what as RequestKind) &&
    (fields.duration === undefined || duration !== undefined && duration <= MAX_PROFILE_DURATION);
  if (!isValid) return undefined;
  return { ...target, id, what: what as RequestKind, until, ...optional("duration", duration) };
}

function targetOf({ pid, isolate, program }: Fields): Target | undefined {
  const isValid = (pid === undefined || count(pid) !== undefined) &&
    (isolate === undefined || hexadecimal(isolate) !== undefined) && isPatternOrAbsent(program);
  if (!isValid) return undefined;
  return {
    ...optional("pid", count(pid)),
    ...optional("isolate", hexadecimal(isolate)),
    ...optional("program", text(program)),
  };
}

function listOf<T>(value: unknown, itemOf: (fields: Fields) => T | undefined, most: number): T[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  const items = value.map((item) => isFields(item) ? itemOf(item) : undefined);
  return items.includes(undefined) ? undefined : items as T[];
}

function isPatternOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "string" && value.length > 0 && value.length <= MAX_PATTERN;
}

function hexadecimal(value: unknown): string | undefined {
  return typeof value === "string" && /^[0-9a-f]{8}$/.test(value) ? value : undefined;
}
