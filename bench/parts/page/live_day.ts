/**
 * Fills the cells of `kymo live` with a day of ten programs, by a clock of its own, and prints as JSON what
 * that took: the largest resident set, the bytes of the cells, and the ms to make a page of each level.
 */

import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HEADER } from "../../../src/csv/dialect.ts";
import { defaultRuntime } from "../../../src/default_runtime.ts";
import { appendFileName } from "../../../src/files/names.ts";
import { LiveReport } from "../../../src/report/live/live_report.ts";
import { LEVELS } from "../../../src/report/live/series_cells.ts";
import { temporaryDirectory } from "../../harness/published_files.ts";
import { randomNumbers } from "../../harness/random.ts";
import { peakMemory } from "../summary/peak_memory.ts";

const PROGRAMS = 10;
const ROUTES = 20;
const RUNTIME = ["rss", "heap used", "cpu user", "event loop lag"];

/** Seconds between two looks, and how many of them there are: together a day. */
const LOOKS = [[30, 2_520], [10, 990], [1, 900]] as const;

const SECOND = 1_000_000_000n;

using directory = temporaryDirectory();
const real = defaultRuntime();
let now = real.clock.epoch() - 86_400n * SECOND;
const clock = Object.assign(Object.create(real.clock), { epoch: () => now });
const report = new LiveReport(Object.assign(Object.create(real), { clock }), directory.path, { title: "", kymo: "" });
const random = randomNumbers();
for (const channel of ["duration", "runtime"]) writeFileSync(fileOf(channel), HEADER);
for (const [seconds, times] of LOOKS) {
  for (let look = 0; look < times; look++) {
    now += BigInt(seconds) * SECOND;
    for (let program = 0; program < PROGRAMS; program++) record(100 + program);
    report.look();
  }
}
const pages = LEVELS.map(({ name }) => {
  const begin = performance.now();
  const { length } = report.open(name).text;
  return { level: name, ms: performance.now() - begin, length };
});
console.log(JSON.stringify({ peak: peakMemory(), cells: report.bytes, pages }));

function fileOf(channel: string): string {
  return join(directory.path, appendFileName(channel));
}

/** What a program has recorded since the look before. */
function record(pid: number): void {
  const append = (channel: string, labels: readonly string[], measurement: () => number): void => {
    const rows = labels.map((label) =>
      `${now - BigInt(Math.floor(random() * 9e8))},${measurement().toFixed(9)},${label},${pid}\r\n`
    );
    appendFileSync(fileOf(channel), rows.join(""));
  };
  const routes = Array.from({ length: ROUTES }, (_, i) => `/route-${i} [GET]${i % 5 === 0 ? " 5xx" : ""}`);
  append("duration", [...routes, ...routes, ...routes], () => Math.min(60, 0.0005 / (1 - random()) ** 1.5));
  append("runtime", RUNTIME, () => 1 + random());
}
