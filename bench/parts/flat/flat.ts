/**
 * Whether a sample costs the same however many there are, under however many labels, in however
 * many isolates.
 */

import { counted, formatInteger } from "../../../src/display/numbers.ts";
import { run } from "../../harness/child.ts";
import { type Figure, reportFindings, spread } from "../../results/figure.ts";
import { temporaryDirectory } from "../../harness/published_files.ts";
import { ratio } from "../../harness/rounds.ts";

/** Runs of each measurement, each in its own program; one is enough for the largest. */
const PROGRAMS = 5;
const QUANTITIES: readonly (readonly [samples: number, programs: number])[] = [
  [10_000, PROGRAMS],
  [1_000_000, PROGRAMS],
  [100_000_000, 1],
];
const LABELS = [1, 1_000, 100_000];
const LABEL_PROGRAMS = 3;
const ISOLATES = [1, 4, 64];

const quantity = new URL("./quantity.ts", import.meta.url);
const labels = new URL("./labels.ts", import.meta.url);
const isolates = new URL("./isolates.ts", import.meta.url);

/** Runs a program that records into its own directory. */
async function record(program: URL, ...numbers: readonly number[]): Promise<unknown> {
  using directory = temporaryDirectory();
  return await run(program, { args: [directory.path, ...numbers.map(String)] });
}

/** The cost of each, and its ratio to the first. */
function figures(names: readonly string[], taken: readonly (readonly number[])[]): Figure[] {
  const [first = [], ...others] = taken;
  return [
    ...taken.map((each, i) => ({ what: names[i]!, unit: "ns", value: spread(each) })),
    ...others.map((each, i) => ({ what: names[i + 1]!, against: names[0]!, unit: "x", value: ratio(each, first) })),
  ];
}

async function byQuantity(): Promise<Figure[]> {
  const found: Figure[] = [];
  for (const [samples, programs] of QUANTITIES) {
    const what = `a sample of the first ${formatInteger(samples)} of a program`;
    const taken: { kymo: number; clock: number }[] = [];
    for (let i = 0; i < programs; i++) taken.push(await record(quantity, samples) as { kymo: number; clock: number });
    const [kymo, clock] = [taken.map(({ kymo }) => kymo), taken.map(({ clock }) => clock)];
    found.push({ what, unit: "ns", value: spread(kymo) });
    found.push({ what, against: "two performance.now()", unit: "x", value: ratio(kymo, clock) });
  }
  return found;
}

async function byLabels(): Promise<Figure[]> {
  const taken: number[][] = LABELS.map(() => []);
  for (let i = 0; i < LABEL_PROGRAMS; i++) {
    const output = await record(labels, ...LABELS) as Record<string, number[]>;
    LABELS.forEach((number, at) => taken[at]!.push(...output[number]!));
  }
  return figures(
    LABELS.map((number) => `a sample with ${counted(number, "label")}`),
    taken,
  );
}

async function byIsolates(): Promise<Figure[]> {
  const taken: number[][] = [];
  for (const number of ISOLATES) taken.push(await record(isolates, number) as number[]);
  return figures(
    ISOLATES.map((number) => `a sample, ns of a core, with ${number} isolate${number === 1 ? "" : "s"}`),
    taken,
  );
}

reportFindings({ figures: [...await byQuantity(), ...await byLabels(), ...await byIsolates()] });
