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

/**
 * The oldest Node that the package runs on. The suite needs one that removes types from TypeScript.
 */
export const OLDEST_NODE = "22.3.0";

/** The oldest first. */
export const NODES: readonly SupportedNode[] = [
  { version: "22" },
  { version: "24" },
  { version: "26", flags: ["--experimental-ffi"] },
];
