/**
 * Labels as the page shows them: one that is empty has words, and one that nobody reads to its end
 * is shortened.
 *
 * @module
 */

import { formatInteger } from "../../../display/numbers.ts";

/** A longer label is shortened, … */
const LONGEST = 160;
/** … to this many characters of its beginning and of its end. */
const [BEGINNING, ENDING] = [90, 40];

/** The label in short. */
export function labelText(label: string): string {
  if (label.trim() === "") return label === "" ? "(empty label)" : `(label of ${formatInteger(label.length)} spaces)`;
  const characters = [...label];
  if (characters.length <= LONGEST) return label;
  const left = formatInteger(characters.length - BEGINNING - ENDING);
  return `${characters.slice(0, BEGINNING).join("")} … ${left} characters … ${characters.slice(-ENDING).join("")}`;
}
