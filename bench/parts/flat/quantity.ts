/**
 * Records samples in a fresh program, from the first one on, and reads the clock by hand as often.
 * Prints as JSON the cost of each, ns. Arguments: directory, number of samples.
 */

import process from "node:process";
import * as monitor from "@kymo/kymo";
import { checkOutcome, deletePublished, takeRows } from "../../harness/published_files.ts";

const NANOSECONDS_PER_MS = 1e6;

/**
 * Samples after which the files are removed, outside the measured time, so that they do not fill
 * the disk.
 */
const AT_A_TIME = 1_000_000;

/** Enough readings to measure the cost of the clock. */
const MOST_LOOKS = 10_000_000;

/**
 * Above this number the rows in files are not counted, which would take longer than recording them.
 */
const MOST_COUNTED = 1_000_000;

const [directory = "", number = ""] = process.argv.slice(2);
const samples = Number(number);

// Kept, so that no compiler can remove the work.
let sum = 0;

function look(times: number): void {
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    sum += performance.now() - start;
  }
}

function sample(times: number): void {
  for (let i = 0; i < times; i++) monitor.stopDurationSample("my code block", monitor.startDurationSample());
}

/** Duration, ms. */
function timed(body: (times: number) => void, times: number): number {
  const before = performance.now();
  body(times);
  return performance.now() - before;
}

function takeAway(): number {
  if (samples <= MOST_COUNTED) return takeRows(directory);
  deletePublished(directory);
  return 0;
}

const looks = Math.min(samples, MOST_LOOKS);
const chunk = Math.min(samples, AT_A_TIME);
const looksPerChunk = looks / (samples / chunk);
const time = { kymo: 0, clock: 0 };
let rows = 0;
monitor.start({ monitoringDir: directory, flushInterval: 0 });
for (let done = 0; done < samples; done += chunk) {
  time.clock += timed(look, looksPerChunk);
  time.kymo += timed(sample, chunk);
  rows += takeAway();
}
await monitor.stop();
rows += takeAway();
checkOutcome(monitor.status(), samples);
if (samples <= MOST_COUNTED && rows !== samples) {
  throw new Error(`Cannot measure: ${rows} of ${samples} rows are there`);
}
if (!(sum > 0)) throw new Error("Cannot measure: no time passed");
console.log(JSON.stringify({
  kymo: time.kymo * NANOSECONDS_PER_MS / samples,
  clock: time.clock * NANOSECONDS_PER_MS / looks,
}));
