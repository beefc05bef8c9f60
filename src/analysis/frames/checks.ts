/**
 * Checks of single values that the library is given, for `checkGiven`.
 *
 * @module
 */

import type { Check } from "../../options.ts";

/** A check of a switch. */
export const isBoolean: Check = (value) => typeof value === "boolean" ? undefined : "must be a boolean";

/** A check that there are several, whatever they are: that is looked at where each is used. */
export const isArray: Check = (value) => Array.isArray(value) ? undefined : "must be an array";

/** A check of a process. */
export const isPid: Check = (value) =>
  Number.isSafeInteger(value) && value as number >= 0 ? undefined : "must be a PID";
