/**
 * The time of a summary of a recording, compared with the query that every summary needs, with
 * pandas as in the Python original, and with finding the slowest samples.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { commandOf, runCommand, timeRun } from "../../harness/child.ts";
import { type Figure, reportFindings, type Spread, spread } from "../../results/figure.ts";
import { hasFfi } from "../../harness/has_ffi.ts";
import { ratio } from "../../harness/rounds.ts";
import { record, type Recording } from "./recording.ts";

const ROUNDS = 5;
const FILES = 100;
const ROWS_PER_FILE = 100_000;

/** pandas takes half a minute for a million rows. */
const FILES_FOR_PANDAS = 10;

const MIB = 2 ** 20;

const bare = new URL("./bare.ts", import.meta.url);
const kymo = new URL("./kymo.ts", import.meta.url);
const pandas = decodeURIComponent(new URL("./pandas_summary.py", import.meta.url).pathname);
/** The Python of Debian's packages. */
const PYTHON = "/usr/bin/python3";

/** Count, mean and quantiles, by label. */
type Series = Readonly<Record<string, readonly number[]>>;

/** Output of a contender. */
interface Output {
  readonly peak: number;
  readonly series: Series;
}

/** The used part of a summary. */
interface Summary {
  readonly durations: readonly {
    readonly label: string;
    readonly count: number;
    readonly mean: number;
    readonly quantiles: Readonly<Record<string, number>>;
  }[];
}

/** Throws unless two contenders found the same, except for rounding of sums in another order. */
function checkSame(ours: Series, theirs: Series, whose: string): void {
  for (const label of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const [one, other] = [ours[label] ?? [], theirs[label] ?? []];
    const isSame = one.length === other.length &&
      one.every((value, i) => Math.abs(value - other[i]!) <= 1e-11 * Math.abs(value));
    if (!isSame) throw new Error(`Cannot compare: ${whose} found something else of ${label}: ${other}, not ${one}`);
  }
}

/** The numbers of a summary. */
async function readSummary({ directory }: Recording): Promise<Series> {
  const [executable, args] = commandOf(kymo, { args: ["summary", directory, "--json"] });
  const summary = await runCommand(executable, args);
  const { durations }: Summary = JSON.parse(summary.slice(0, summary.lastIndexOf('{"peak"')));
  return Object.fromEntries(
    durations.map((
      { label, count, mean, quantiles },
    ) => [label, [count, mean, ...Object.values(quantiles)]]),
  );
}

function inMiB({ median, lowest, highest }: Spread): Spread {
  return { median: median / MIB, lowest: lowest / MIB, highest: highest / MIB };
}

/** Compares ten million rows with the bare query. */
async function againstDuckDB(): Promise<Figure[]> {
  using recording = record(FILES, ROWS_PER_FILE);
  const { directory } = recording;
  const contenders = {
    summary: () => timeRun(kymo, { args: ["summary", directory] }),
    slow: () => timeRun(kymo, { args: ["slow", directory] }),
    fixed: () => timeRun(bare, { args: [directory, "fixed"] }),
    detected: () => timeRun(bare, { args: [directory, "detected"] }),
  };
  const series = await readSummary(recording);
  for (const run of [contenders.fixed, contenders.detected]) {
    checkSame(series, (run().output as Output).series, "the bare query");
  }
  const times = { summary: [] as number[], slow: [] as number[], fixed: [] as number[], detected: [] as number[] };
  const peaks: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of Object.keys(contenders) as (keyof typeof contenders)[]) {
      const { time, output } = contenders[name]();
      times[name].push(time);
      if (name === "summary") peaks.push((output as Output).peak);
    }
  }
  const what = "kymo summary of 10 million rows";
  return [
    { what, unit: "ms", value: spread(times.summary) },
    {
      what,
      against: "the bare query of the same quantiles, columns given",
      unit: "x",
      value: ratio(times.summary, times.fixed),
      goal: { atMost: 1.3 },
    },
    {
      what,
      against: "the bare query of the same quantiles, columns detected",
      unit: "x",
      value: ratio(times.summary, times.detected),
    },
    {
      what: "kymo slow, its ten slowest and what overlapped them",
      against: "kymo summary",
      unit: "x",
      value: ratio(times.slow, times.summary),
      goal: { atMost: 1.5 },
    },
    { what: `${what}: largest resident set`, unit: "MiB", value: inMiB(spread(peaks)), goal: { atMost: 1e9 / MIB } },
  ];
}

/** Compares a million rows with pandas. */
async function againstPandas(): Promise<Figure[]> {
  if (spawnSync(PYTHON, ["-c", "import pandas"]).status !== 0) {
    console.error("pandas is missing: apt-get install python3-pandas");
    return [];
  }
  using recording = record(FILES_FOR_PANDAS, ROWS_PER_FILE);
  const begin = performance.now();
  const theirs: Output & { readonly seconds: number } = JSON.parse(
    await runCommand(PYTHON, [pandas, recording.directory]),
  );
  const time = performance.now() - begin;
  checkSame(await readSummary(recording), theirs.series, "pandas");
  const ours = Array.from({ length: ROUNDS }, () => timeRun(kymo, { args: ["summary", recording.directory] }).time);
  const what = "kymo summary of 1 million rows";
  return [
    { what, unit: "ms", value: spread(ours) },
    { what: "the same files with pandas, as the Python original", unit: "ms", value: spread([time]) },
    { what, against: "pandas, as the Python original", unit: "x faster", value: ratio([time], [spread(ours).median]) },
  ];
}

reportFindings({ figures: hasFfi ? [...await againstDuckDB(), ...await againstPandas()] : [] });
