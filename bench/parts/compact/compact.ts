/**
 * The bytes of a recording and the time of its summary, before and after it is compacted.
 *
 * @module
 */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { commandOf, runCommand, timeRun } from "../../harness/child.ts";
import { hasFfi } from "../../harness/has_ffi.ts";
import { ratio } from "../../harness/rounds.ts";
import { type Figure, reportFindings, spread } from "../../results/figure.ts";
import { FILES, recordDay, ROWS } from "./day.ts";

const ROUNDS = 5;

/** The command line, which prints its peak memory at the end. */
const kymo = new URL("../summary/kymo.ts", import.meta.url);

const MIB = 2 ** 20;

/** A summary but for what compaction changes: the number of files, and the last digits of sums. */
async function readSummary(directory: string): Promise<string> {
  const [executable, args] = commandOf(kymo, { args: ["summary", directory, "--json"] });
  const text = await runCommand(executable, args);
  const summary = JSON.parse(text.slice(0, text.lastIndexOf('{"peak"')));
  return JSON.stringify(
    { ...summary, files: 0 },
    (_, value) => typeof value === "number" ? Number(value.toPrecision(9)) : value,
  );
}

function bytesIn(directory: string): number {
  return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

async function compare(): Promise<Figure[]> {
  using recording = recordDay();
  const { directory } = recording;
  const timesOf = (): number[] =>
    Array.from({ length: ROUNDS }, () => timeRun(kymo, { args: ["summary", directory] }).time);
  const summary = await readSummary(directory);
  const bytes = bytesIn(directory);
  const before = timesOf();
  const { time } = timeRun(kymo, { args: ["compact", directory] });
  if (readdirSync(directory).some((name) => name.endsWith(".csv"))) throw new Error("Cannot measure: CSV is left");
  if (await readSummary(directory) !== summary) throw new Error("Cannot compare: the summaries differ");
  const compacted = bytesIn(directory);
  const after = timesOf();
  const day = `a day of one process (${FILES} files, ${ROWS} rows)`;
  return [
    { what: `bytes of ${day}`, unit: "MiB", value: spread([bytes / MIB]) },
    { what: "the same, compacted", unit: "MiB", value: spread([compacted / MIB]) },
    {
      what: "the same, compacted",
      against: "CSV",
      unit: "x",
      value: spread([compacted / bytes]),
      goal: { atMost: 0.1 },
    },
    { what: "kymo summary of that day", unit: "ms", value: spread(before) },
    {
      what: "kymo summary of that day, compacted",
      unit: "ms",
      value: spread(after),
      // A quarter of what it took when each file was opened for each query.
      goal: { atMost: 850 },
    },
    {
      what: "kymo summary of that day, compacted",
      against: "CSV",
      unit: "x",
      value: ratio(after, before),
    },
    { what: "kymo compact of that day", unit: "ms", value: spread([time]) },
  ];
}

reportFindings({ figures: hasFfi ? await compare() : [] });
