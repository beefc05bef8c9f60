/**
 * Small JSON files that programs leave for each other: what they are read with. Anyone who may write
 * to the monitoring directory may have put them there, so nothing in them is trusted: what is of
 * another type than it should be counts as absent, and texts are cut.
 *
 * Times are ns since the epoch, as decimal texts, since JSON readers round numbers of that size.
 *
 * @module
 */

import { failure, type Result, success } from "./result.ts";

/** UTF-16 units of the longest text that is read; longer ones are cut. */
const MAX_TEXT = 256;

/** Entries of an object that are read at most. */
const MAX_ENTRIES = 64;

/** The fields of a JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** The bytes of a file with these fields. */
export function encodeFields(fields: object): Uint8Array {
  return new TextEncoder().encode(`${jsonText(fields, 2)}\n`);
}

/** A value as JSON, in which a bigint is a decimal text; with `indent` spaces for each level. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, item) => typeof item === "bigint" ? String(item) : item, indent);
}

/** The fields of a file. */
export function parseFields(bytes: Uint8Array): Result<Fields, "damaged"> {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isFields(value) ? success(value) : failure("damaged", "it is not a JSON object");
  } catch {
    return failure("damaged", "it is not JSON");
  }
}

/** Whether a value is a JSON object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The entries of an object whose values are of these types, up to 64. */
export function scalars(value: unknown, types: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return {};
  const entries = Object.entries(value).filter(([, item]) => types.includes(typeof item)).slice(0, MAX_ENTRIES);
  return Object.fromEntries(entries.map(([key, item]) => [key.slice(0, MAX_TEXT), text(item) ?? item]));
}

/** A text, cut to 256 UTF-16 units. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value.slice(0, MAX_TEXT) : undefined;
}

/** A whole number from 0 on. */
export function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? value as number : undefined;
}

/** A time that a file can have: a whole number of up to 19 digits. */
export function timepoint(value: unknown): bigint | undefined {
  return typeof value === "string" && /^\d{1,19}$/.test(value) ? BigInt(value) : undefined;
}

/** A field, unless its value is absent. */
export function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}
