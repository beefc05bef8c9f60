/**
 * A `.cpuprofile` file that Kymo writes: `Profiler.Profile` of the Chrome DevTools protocol
 * (https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile) as JSON, and one
 * more property, `kymo`, which readers of the format pass over:
 *
 * | property | content |
 * | --- | --- |
 * | `kymo.startedAt` | start on the wall clock, ns since 1970, as a text: no double holds it. The other times of the file are on a clock of the runtime's own |
 * | `kymo.modules` | how the URLs of Kymo's own modules begin, so that its frames can be told from the program's; empty if that cannot be known |
 *
 * `nodes` comes first, and `kymo` last: Chrome DevTools takes a file for a CPU profile by its first
 * characters, `{"nodes":[`.
 *
 * @module
 */

import type { CpuProfile } from "../runtime.ts";

/** What a file of Kymo says beyond the profile. */
export interface ProfileFacts {
  /** Start on the wall clock, ns since 1970. */
  readonly startedAt?: bigint;
  /** How the URLs of Kymo's own modules begin. */
  readonly modules: readonly string[];
}

/** Encodes a `.cpuprofile` file, which Chrome DevTools and speedscope open. */
export function encodeCpuProfile(profile: CpuProfile, facts?: ProfileFacts): Uint8Array {
  const { nodes, startTime, endTime, samples, timeDeltas } = profile;
  const kymo = facts && { startedAt: facts.startedAt?.toString(), modules: facts.modules };
  return new TextEncoder().encode(JSON.stringify({ nodes, startTime, endTime, samples, timeDeltas, kymo }));
}

/** What a parsed file says beyond the profile, as far as it is valid. Never throws. */
export function profileFacts(file: unknown): ProfileFacts {
  const { kymo } = Object(file) as { kymo?: unknown };
  const { startedAt, modules } = Object(kymo) as { startedAt?: unknown; modules?: unknown };
  return {
    // 19 digits are the years 2001 to 2286, and more digits no time of ours.
    ...typeof startedAt === "string" && /^\d{1,19}$/.test(startedAt) ? { startedAt: BigInt(startedAt) } : {},
    modules: Array.isArray(modules) ? modules.filter((url) => typeof url === "string" && url.length > 8) : [],
  };
}
