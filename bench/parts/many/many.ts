/**
 * The time and memory of the commands that read a directory with 200,000 files.
 *
 * @module
 */

import { join } from "node:path";
import { commandOf, runCommand, timeRun } from "../../harness/child.ts";
import { hasFfi } from "../../harness/has_ffi.ts";
import { type Figure, reportFindings, spread } from "../../results/figure.ts";
import { type ManyFiles, writeManyFiles } from "./directory.ts";

const FILES = 200_000;

/** The last row, ns since 1970. */
const END = 1_795_360_380_000_000_000n;

const MIB = 2 ** 20;

const kymo = new URL("../summary/kymo.ts", import.meta.url);

/** What a summary counts. */
interface Summary {
  readonly durations: readonly { readonly count: number }[];
  readonly quantities: readonly { readonly count: number }[];
  readonly rows: number;
}

/** Throws unless a summary finds the rows that were generated. */
async function checkCounts({ directory, rows }: ManyFiles): Promise<void> {
  const [executable, args] = commandOf(kymo, { args: ["summary", directory, "--json"] });
  const output = await runCommand(executable, args);
  const summary: Summary = JSON.parse(output.slice(0, output.lastIndexOf('{"peak"')));
  const sum = (series: Summary["durations"]): number => series.reduce((all, { count }) => all + count, 0);
  const all = Object.values(rows).reduce((one, other) => one + other, 0);
  const found = [sum(summary.durations), sum(summary.quantities), summary.rows];
  const expected = [rows.duration, rows.custom, all];
  if (String(found) !== String(expected)) throw new Error(`Cannot measure: found ${found} rows, not ${expected}`);
}

async function measure(): Promise<Figure[]> {
  using many = writeManyFiles(FILES, END);
  const { directory } = many;
  await checkCounts(many);
  const commands: readonly (readonly [what: string, args: string[], goal?: number])[] = [
    ["kymo summary --from -5m", ["summary", directory, "--from", "-5m"], 2_000],
    ["kymo summary", ["summary", directory], 15_000],
    ["kymo export", ["export", directory, "--force", "-o", join(directory, "rows.parquet")]],
    ["kymo compare", ["compare", directory, directory]],
  ];
  return commands.flatMap(([what, args, goal]): Figure[] => {
    const { time, output } = timeRun(kymo, { args });
    const { peak } = output as { readonly peak: number };
    return [
      { what, unit: "ms", value: spread([time]), ...goal === undefined ? {} : { goal: { atMost: goal } } },
      {
        what: `${what}: largest resident set`,
        unit: "MiB",
        value: spread([peak / MIB]),
        ...what === "kymo summary" ? { goal: { atMost: 1e9 / MIB } } : {},
      },
    ];
  });
}

reportFindings({ figures: hasFfi ? await measure() : [] });
