/**
 * What options have behind them.
 *
 * @module
 */

import { InvalidArgumentError } from "commander";

/** Reads whole numbers within bounds. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    const bounds = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `${least} at least`;
    throw new InvalidArgumentError(`It must be a whole number, ${bounds}.`);
  };
}

/** Collects the values of an option that may be repeated. */
export function repeated<Value>(parse: (text: string) => Value): (text: string, values?: readonly Value[]) => Value[] {
  return (text, values = []) => [...values, parse(text)];
}
