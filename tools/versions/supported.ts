/**
 * The versions that are supported: of Deno and Bun the oldest and the newest of each minor version;
 * of Node those with long-term support, and the newest with `node:ffi`, with which there are spools.
 *
 * @module
 */

import type { InstallableRuntime } from "./install.ts";

/** A runtime in one version, as npm knows it. */
export interface SupportedVersion {
  readonly runtime: InstallableRuntime;
  readonly version: string;
  /** Flags with which it runs. */
  readonly flags?: readonly string[];
  /** Whether the gate runs it: the oldest of each runtime. */
  readonly inGate?: true;
}

/**
 * The oldest versions that the package runs on. The suite needs a Node that removes types from
 * TypeScript.
 */
export const OLDEST: Readonly<Record<InstallableRuntime, string>> = { deno: "2.5.0", bun: "1.2.23", node: "22.3.0" };

/** A line for each version, the oldest first. */
export const VERSIONS: readonly SupportedVersion[] = [
  { runtime: "deno", version: OLDEST.deno, inGate: true },
  { runtime: "deno", version: "2.5.7" },
  { runtime: "deno", version: "2.6.0" },
  { runtime: "deno", version: "2.6.8" },
  { runtime: "deno", version: "2.7.1" },
  { runtime: "deno", version: "2.7.14" },
  { runtime: "deno", version: "2.8.0" },
  { runtime: "deno", version: "2.8.3" },
  { runtime: "deno", version: "2.9.0" },
  { runtime: "deno", version: "2.9.6" },
  { runtime: "bun", version: OLDEST.bun, inGate: true },
  { runtime: "bun", version: "1.3.0" },
  { runtime: "bun", version: "1.3.14" },
  { runtime: "bun", version: "1.4.0" },
  { runtime: "bun", version: "1.4.5" },
  { runtime: "node", version: "22", inGate: true },
  { runtime: "node", version: "24" },
  { runtime: "node", version: "26", flags: ["--experimental-ffi"] },
];

/** A version as people call it, such as `Deno 2.5.0`. */
export function nameOf({ runtime, version, flags = [] }: SupportedVersion): string {
  return [`${runtime[0]!.toUpperCase()}${runtime.slice(1)}`, version, ...flags].join(" ");
}
