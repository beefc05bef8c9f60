/**
 * The tests that fail on older versions because the runtime is different there. All others must
 * pass, and these must fail: what passes is no difference any more.
 *
 * @module
 */

import { isAtLeast } from "../../runtime_adapters/version.ts";
import type { SupportedVersion } from "./supported.ts";

/** What differs before a version of a runtime. */
interface Difference {
  readonly runtime: SupportedVersion["runtime"];
  /** The first version without it. */
  readonly until: string;
  /** Matches the full names of the tests. */
  readonly tests: RegExp;
  /** What the runtime does. */
  readonly why: string;
}

const DIFFERENCES: readonly Difference[] = [
  {
    runtime: "deno",
    until: "2.7",
    tests: /^program and worker that exit without stop lose no row > on SIG/,
    why: "workers cannot be told of signals: their rows stay in spools until the next recovery",
  },
  {
    runtime: "bun",
    until: "1.4",
    tests: /^program and worker that exit without stop lose no row > when the worker closes itself/,
    why: "workers have no close",
  },
];

/** Why a test fails on a version; `undefined` if it must pass. */
export function differenceOf(name: string, { runtime, version }: SupportedVersion): string | undefined {
  return DIFFERENCES.find((difference) =>
    difference.runtime === runtime && !isAtLeast(version, difference.until) && difference.tests.test(name)
  )?.why;
}
