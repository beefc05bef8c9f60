import { styleText } from "node:util";

// `styleText` leaves the text alone if the standard output is no terminal, or if NO_COLOR is set.

/** Emphasised text. */
export const bold = (text: string): string => styleText("bold", text);
/** Dimmed text. */
export const dim = (text: string): string => styleText("dim", text);
/** Text of a success. */
export const green = (text: string): string => styleText("green", text);
/** Text of a failure. */
export const red = (text: string): string => styleText("red", text);
