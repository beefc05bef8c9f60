/**
 * The errors that Kymo throws or reports, by kind of failure. Every message says what was attempted, a colon, and the value at hand.
 *
 * @module
 */

/** The caller gave something wrong: an option, a label, a call at the wrong time. Thrown at the door, and nothing has changed. */
export class UsageError extends Error {
  /** Always `"UsageError"`. */
  override readonly name = "UsageError";
}

/** The world refused: a directory, a disk, a permission. From `start` it is thrown; later it is told to `onError` and kept in `status()`. */
export class StorageError extends Error {
  /** Always `"StorageError"`. */
  override readonly name = "StorageError";
}

/** A value as it is quoted in a message: JSON for strings (cut at 100 characters), the plain text for the rest. */
export function quote(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > 100 ? `${value.slice(0, 99)}…` : value);
  }
  if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  if (typeof value === "bigint") return `${value}n`;
  return String(value);
}

/** A path as it is quoted in a message: whole, since its end tells the most. */
export function quotePath(path: string): string {
  return JSON.stringify(path);
}

/** Has `report` told what a promise is rejected with, if it is one that a function returned where none is expected. */
export function onRejection(returned: unknown, report: (reason: unknown) => void): void {
  const { then } = (returned ?? {}) as { then?: unknown };
  if (typeof then === "function") then.call(returned, undefined, report);
}

/** What an unknown thrown thing says. */
export function reason(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
