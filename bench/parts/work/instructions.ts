import { spawnSync } from "node:child_process";
import { missing } from "../../../tests/support/process/system_tools.ts";
import { type Figure, spread } from "../../results/figure.ts";
import { recordUnder } from "./counted.ts";

/**
 * Samples of the two programs whose difference counts, which cancels start, end and most work of
 * the compilers.
 */
const FEW = 500_000;
const MANY = 1_500_000;

/**
 * valgrind works in virtual machines, which seldom expose the counters of the processor, but takes
 * some 50 times as long.
 */
const valgrind = (log: string): string[] => [
  "valgrind",
  "--tool=cachegrind",
  "--cache-sim=no",
  "--cachegrind-out-file=/dev/null",
  "--smc-check=all-non-file", // Compilers write code while the program runs.
  `--log-file=${log}`,
];

async function counted(samples: number): Promise<number> {
  const log = await recordUnder(valgrind, samples);
  const count = /I\s+refs:\s+([\d,]+)/.exec(log)?.[1];
  if (count === undefined) throw new Error(`Cannot count: ${log}: valgrind printed no number of instructions`);
  return Number(count.replaceAll(",", ""));
}

/** Instructions per sample. Without valgrind there are none, and a line on stderr says so. */
export async function instructions(): Promise<Figure[]> {
  const reason = missing("valgrind") || cannotRun();
  if (reason !== false) {
    console.error(`INSTRUCTIONS WERE NOT COUNTED: ${reason}`);
    return [];
  }
  const few = await counted(FEW);
  const many = await counted(MANY);
  const value = spread([(many - few) / (MANY - FEW)]);
  return [{ what: "instructions per sample: start + stop, encoded and written", unit: "", value }];
}

function cannotRun(): string | false {
  const { status } = spawnSync("valgrind", ["--tool=cachegrind", "--cachegrind-out-file=/dev/null", "true"]);
  return status === 0 ? false : "valgrind does not run on this system";
}
