/**
 * The time of the commands that read a recording, by the number of its files.
 *
 * @module
 */

import { join } from "node:path";
import { timeRun } from "../../harness/child.ts";
import { hasFfi } from "../../harness/has_ffi.ts";
import { ratio } from "../../harness/rounds.ts";
import { type Figure, reportFindings, spread } from "../../results/figure.ts";
import { record } from "../summary/recording.ts";

const ROUNDS = 3;
const ROWS = 100_000;
const FILES = [1, 1_000, 10_000, 50_000];

const kymo = new URL("../summary/kymo.ts", import.meta.url);

/** The arguments of each command for a recording. */
const COMMANDS: Readonly<Record<string, (directory: string) => string[]>> = {
  summary: (directory) => ["summary", directory],
  compare: (directory) => ["compare", directory, directory],
  report: (directory) => ["report", directory, "--force", "-o", join(directory, "report.html")],
  export: (directory) => ["export", directory, "--force", "-o", join(directory, "rows.parquet")],
};

/** Times each command on recordings of the same rows in more and more files. */
function measure(): Figure[] {
  const times = new Map<string, number[]>();
  for (const files of FILES) {
    using recording = record(files, ROWS / files);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, argumentsOf] of Object.entries(COMMANDS)) {
        const { time } = timeRun(kymo, { args: argumentsOf(recording.directory) });
        times.set(`${name} ${files}`, [...times.get(`${name} ${files}`) ?? [], time]);
      }
    }
  }
  return Object.keys(COMMANDS).flatMap((name) =>
    FILES.flatMap((files): Figure[] => {
      const [all, inOne] = [times.get(`${name} ${files}`)!, times.get(`${name} 1`)!];
      const what = `kymo ${name}, ${files.toLocaleString("en")} ${files === 1 ? "file" : "files"}`;
      const figure: Figure = { what, unit: "ms", value: spread(all) };
      return files === 1 ? [figure] : [figure, { what, against: "one file", unit: "x", value: ratio(all, inOne) }];
    })
  );
}

reportFindings({ figures: hasFfi ? measure() : [] });
