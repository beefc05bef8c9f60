import { type Check, checkGiven, isBoolean, isWholeNumber } from "../options.ts";

/** How much of a recording stays in its directory. What is not given has no limit. */
export interface RetentionOptions {
  /** ms after which a file may go, counted from its last row; from 1,000. */
  readonly maxAge?: number;
  /** Bytes that all files of the directory may take together, spools too; from 64 KiB. */
  readonly maxBytes?: number;
  /** Bytes that stay free in the file system; from 1. */
  readonly minFree?: number;
  /**
   * Whether files may go that `kymo ship` has not shipped yet to all databases. Otherwise they stay,
   * and a database that is away for long makes the directory larger than its limits.
   */
  readonly dropUnshipped?: boolean;
}

/** The check of each limit. */
export const RETENTION_CHECKS: Readonly<Record<keyof RetentionOptions, Check>> = {
  maxAge: isWholeNumber(1_000),
  maxBytes: isWholeNumber(2 ** 16),
  minFree: isWholeNumber(1),
  dropUnshipped: isBoolean,
};

/**
 * The limits that are given, all valid.
 *
 * @throws {KymoError} `"invalid-argument"` if one is unknown, of a wrong type or out of range; the
 * message begins with `action`.
 */
export function checkRetention(action: string, given: unknown): RetentionOptions {
  return checkGiven<RetentionOptions>(action, given, RETENTION_CHECKS);
}
