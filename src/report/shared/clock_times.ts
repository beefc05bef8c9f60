/**
 * Times of day in the sentences of a report. Whoever reads a sentence writes them in his own time
 * zone: the page, whose axes are in that of the browser, and the command line.
 *
 * @module
 */

/** Two characters for private use, which enclose the ns since the report's `from`. */
const [BEGIN, END] = ["\uE0C1", "\uE0C2"];
const TIMES = new RegExp(`${BEGIN}(-?\\d{1,19})${END}`, "g");

/** Stands in a sentence for the time of day at some ns since the report's `from`. */
export function timeOfDay(at: number): string {
  return `${BEGIN}${Math.round(at)}${END}`;
}

/** Replaces what {@linkcode timeOfDay} has left in a sentence. `format`: takes ns since `from`. */
export function withTimesOfDay(sentence: string, format: (at: number) => string): string {
  return sentence.replace(TIMES, (_, at: string) => format(Number(at)));
}
