/** Kymo's version, as in `deno.json`. A test holds the two together. */
export const VERSION = "0.1.0";
