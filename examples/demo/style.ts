import { styleText } from "node:util";

// `styleText` leaves the text alone if the standard output is no terminal, or if NO_COLOR is set.

/** Text that stands out. */
export const bold = (text: string): string => styleText("bold", text);
/** Text that steps back. */
export const dim = (text: string): string => styleText("dim", text);
/** Text that says that all is well. */
export const green = (text: string): string => styleText("green", text);
/** Text that says that something is wrong. */
export const red = (text: string): string => styleText("red", text);
