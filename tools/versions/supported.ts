/**
 * The versions of Node that the suite runs on: the gate those with long-term support, and the newest
 * with `node:ffi`, with which there are spools.
 *
 * @module
 */

/** A version of Node, as npm knows it, and the flags with which it runs. */
export interface SupportedNode {
  readonly version: string;
  readonly flags?: readonly string[];
}

/** The oldest first. */
export const NODES: readonly SupportedNode[] = [
  { version: "22" },
  { version: "24" },
  { version: "26", flags: ["--experimental-ffi"] },
];
