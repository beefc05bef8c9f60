/**
 * Start-up cost: whole programs that record one sample, or only import the module, compared with an
 * empty one.
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { timeRun } from "../../harness/child.ts";
import { reportFindings, type Spread, spread } from "../../results/figure.ts";
import { takeRows, temporaryDirectory } from "../../harness/published_files.ts";
import { install, programs } from "./install.ts";
import type { Output } from "./shares.ts";

/** Measured rounds, after one that fills the runtime's caches. */
const ROUNDS = 20;

/** Goals for the start-up cost, ms. */
const MOST = "Deno" in globalThis ? 25 : 15;

type Name = (typeof programs)[number];

using project = temporaryDirectory();
install(project.path);

/** Runs a program, and asserts that it leaves the expected number of rows. */
function runOnce(name: Name): { readonly time: number; readonly output: unknown } {
  using directory = temporaryDirectory();
  const run = timeRun(pathToFileURL(join(project.path, `${name}.ts`)), { cwd: directory.path });
  const rows = takeRows(join(directory.path, "_monitoring"));
  const expected = name === "records" || name === "shares" ? 1 : 0;
  if (rows !== expected) throw new Error(`Cannot measure: ${name} was to record ${expected}, not ${rows}`);
  return run;
}

const times: Record<Name, number[]> = { empty: [], imports: [], records: [], shares: [] };
const output: Output[] = [];

for (let round = 0; round <= ROUNDS; round++) {
  // Each round starts with another program, so that none always follows the same one.
  for (let i = 0; i < programs.length; i++) {
    const name = programs[(i + round) % programs.length]!;
    const run = runOnce(name);
    if (round === 0) continue;
    times[name].push(run.time);
    if (name === "shares") output.push(run.output as Output);
  }
}

/** Difference between the run times of two programs, by round. */
function above(ours: Name, theirs: Name): Spread {
  return spread(times[ours].map((time, round) => time - times[theirs][round]!));
}

const EMPTY = "an empty program";
const IMPORTS = "a program that only imports it";

reportFindings({
  figures: [
    { what: `whole run time of ${EMPTY}`, unit: "ms", value: spread(times.empty) },
    {
      what: "import, start, one sample, stop: run time above",
      against: EMPTY,
      unit: "ms",
      value: above("records", "empty"),
      goal: { atMost: MOST },
    },
    { what: "import alone: run time above", against: EMPTY, unit: "ms", value: above("imports", "empty") },
    {
      what: "start, one sample, stop: run time above",
      against: IMPORTS,
      unit: "ms",
      value: above("records", "imports"),
    },
    { what: "of that, start()", unit: "ms", value: spread(output.map(({ start }) => start)) },
    { what: "of that, the first sample", unit: "ms", value: spread(output.map(({ sample }) => sample)) },
    { what: "of that, await stop()", unit: "ms", value: spread(output.map(({ stop }) => stop)) },
  ],
});
