/** How CSV files are laid out: a new file for each flush, or one growing file per channel. */
export type Layout = "segments" | "append";
