/**
 * The tests that fail on older versions because the runtime is different there. All others must
 * pass, and these must fail, unless they do so only at times: what passes is no difference any more.
 *
 * @module
 */

import { isAtLeast } from "../../runtime_adapters/version.ts";
import type { SupportedVersion } from "./supported.ts";

/** What differs before a version of a runtime. */
interface Difference {
  readonly runtime: SupportedVersion["runtime"];
  /** The first version with it. Default all before `until`. */
  readonly since?: string;
  /** The first version without it. */
  readonly until: string;
  /** Matches the full names of the tests. */
  readonly tests: RegExp;
  /** What the runtime does. */
  readonly why: string;
  /** Whether it does so only at times, so that the tests may pass, too. */
  readonly atTimes?: true;
}

const DIFFERENCES: readonly Difference[] = [
  {
    runtime: "deno",
    until: "2.5.2",
    tests: /^a recorded profile on deno > /,
    why: "there is no CPU profiler",
  },
  {
    runtime: "deno",
    until: "2.8",
    tests: /^program and worker that exit without stop lose no row > on SIG/,
    why: "workers cannot be told of signals: their rows stay in spools until the next recovery",
  },
  {
    runtime: "deno",
    until: "2.7.14",
    tests: /^timed listener of node:http on deno > (is timed until the headers|of HTTP\/2)/,
    why: "node:http does not tell when headers are written without writeHead, nor of the end of a request of HTTP/2",
  },
  {
    runtime: "deno",
    until: "2.7.14",
    tests: /^timed listener of node:http on deno > of an upgrade/,
    why: "node:http does not always tell that a client has left",
    atTimes: true,
  },
  {
    runtime: "deno",
    until: "2.7",
    tests: /^timed listener of node:http on deno > sends each answer/,
    why: "the server without timing ends at a request whose connection breaks",
  },
  {
    runtime: "deno",
    since: "2.7",
    until: "2.7.14",
    tests: /^timed listener of node:http on deno > sends each answer/,
    why: "the server without timing ends at times at a request whose connection breaks",
    atTimes: true,
  },
  {
    runtime: "deno",
    until: "2.8.3",
    tests: /^timed server on deno sends each answer as without timing, and records it once, until the body$/,
    why: "a response that echoes the body of its request is told to be lost, or is cut",
  },
  {
    runtime: "deno",
    since: "2.8",
    until: "2.8.3",
    tests: /^timed server on deno sends each answer as without timing, and records it once, until the headers$/,
    why: "a response that echoes the body of its request is cut",
  },
  {
    runtime: "deno",
    until: "2.8.3",
    tests: /^request on deno whose client disconnects > in the middle of a body is recorded$/,
    why: "it is even told that the client has left",
  },
  {
    runtime: "deno",
    since: "2.8",
    until: "2.8.3",
    tests: /^request on deno whose client disconnects > before the answer is recorded$/,
    why: "it is not always told that a client has left before the answer",
    atTimes: true,
  },
  {
    runtime: "deno",
    until: "2.8",
    tests: /^under the preload on deno > workers of both kinds are recorded$/,
    why: "what node:worker_threads exports by name cannot be replaced",
  },
  {
    runtime: "deno",
    until: "2.7.14",
    tests: /^under the preload on deno > a request to Koa whose client has left is aborted$/,
    why: "Koa answers a request whose client has left with a failure",
  },
  {
    runtime: "bun",
    until: "1.3.7",
    tests: /^a recorded profile on bun > /,
    why: "there is no CPU profiler",
  },
  {
    runtime: "bun",
    since: "1.3",
    until: "1.3.14",
    tests: /^file lock > is released when its process on bun is killed, though a child of it lives on$/,
    why: "children inherit open files",
  },
  {
    runtime: "bun",
    until: "1.4",
    tests: /^timed server on bun sends each answer as without timing, and records it once/,
    why: "a response body that fails does not break the connection",
  },
  {
    runtime: "bun",
    until: "1.4",
    tests: /^program and worker that exit without stop lose no row > when the worker closes itself/,
    why: "workers have no close",
  },
  {
    runtime: "bun",
    until: "1.4",
    tests: /^program that exits while its workers record .+ > (process\.exit|an uncaught error) in the workers$/,
    why: "a program whose workers end themselves while they wait for a timer hangs, without Kymo, too",
  },
  {
    runtime: "bun",
    until: "1.4",
    tests: /^timed listener of node:http on bun > records a client that leaves/,
    why: "a response of node:http does not tell that its client has left",
  },
  {
    runtime: "bun",
    until: "1.4",
    tests: /^under the preload on bun > a request to .+ whose client has left is aborted$/,
    why: "a response of node:http does not tell that its client has left",
  },
  {
    runtime: "bun",
    until: "1.4",
    tests: /^timed listener of node:http on bun > of an upgrade/,
    why: "what a listener for upgrade writes is not sent",
  },
];

/** What differs for a test on a version; `undefined` if it must pass. */
export function differenceOf(
  name: string,
  { runtime, version }: SupportedVersion,
): Pick<Difference, "why" | "atTimes"> | undefined {
  return DIFFERENCES.find((difference) =>
    difference.runtime === runtime && isAtLeast(version, difference.since ?? "0") &&
    !isAtLeast(version, difference.until) && difference.tests.test(name)
  );
}
