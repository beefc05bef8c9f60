/** The memory of a recording, and its growth. */

import { run } from "../../harness/child.ts";
import { type Figure, reportFindings, spread } from "../../results/figure.ts";
import { checkOutcome, takeRows, temporaryDirectory } from "../../harness/published_files.ts";
import type { Resident } from "./resident.ts";
import type { Output } from "./samples.ts";

const ROUNDS = 2;

/** Samples after which memory is read. */
const READ_AT = [10_000_000, 50_000_000];

/** Interval at which the files are counted and deleted, ms. */
const TAKE_EVERY = 50;

const MIB = 2 ** 20;

/** Flag of V8 that exposes the garbage collector. */
const BY_DEFAULT = "--expose-gc";

/**
 * V8 doubles its young generation in a long-running program, by megabytes. Here it has its final
 * size from the start.
 */
const OF_ONE_SIZE = `${BY_DEFAULT},--min-semi-space-size=1,--max-semi-space-size=1`;

const idle = new URL("./idle.ts", import.meta.url);
const samples = new URL("./samples.ts", import.meta.url);

/** Memory of a recording program at each reading. */
async function recording(v8Flags: string): Promise<readonly Resident[]> {
  using directory = temporaryDirectory();
  let rows = 0;
  const taking = setInterval(() => rows += takeRows(directory.path), TAKE_EVERY);
  try {
    const output = await run(samples, { args: [directory.path, ...READ_AT.map(String)], v8Flags }) as Output;
    rows += takeRows(directory.path);
    checkOutcome(output.outcome, output.samples);
    if (rows !== output.samples) {
      throw new Error(`Cannot measure: ${output.samples} samples were recorded, not ${rows}`);
    }
    return output.readings;
  } finally {
    clearInterval(taking);
  }
}

/** Memory of a program that does not record. */
async function notRecording(v8Flags: string): Promise<readonly Resident[]> {
  const output = await run(samples, { args: ["", ...READ_AT.map(String)], v8Flags }) as Output;
  checkOutcome(output.outcome, 0);
  return output.readings;
}

/** Memory of the programs at each reading. */
type Round = Readonly<Record<"ours" | "theirs" | "nothing", readonly Resident[]>>;

/** Runs all programs concurrently, since memory, unlike time, does not depend on other load. */
async function rounds(count: number, v8Flags: string): Promise<Round[]> {
  const all: Round[] = [];
  for (let i = 0; i < count; i++) {
    const [ours, theirs, nothing] = await Promise.all([
      recording(v8Flags),
      notRecording(v8Flags),
      run(idle, { v8Flags }) as Promise<Resident>,
    ]);
    all.push({ ours, theirs, nothing: [nothing] });
  }
  return all;
}

/** A difference between two readings, MiB. */
function figure(
  what: string,
  against: string,
  rounds: readonly Round[],
  difference: (round: Round) => number,
  atMost?: number,
): Figure {
  const value = spread(rounds.map((round) => difference(round) / MIB));
  return { what, against, unit: "MiB", value, ...atMost === undefined ? {} : { goal: { atMost } } };
}

const SAME_LOOP = "the same loop, not recording";
const NOTHING = "a program that imports nothing and idles";
const BETWEEN = "10 million to 50 million samples";
const MOST_MEMORY = 6;
const MOST_GROWTH = 0.5;

const ofOneSize = await rounds(ROUNDS, OF_ONE_SIZE);
const byDefault = "Deno" in globalThis ? await rounds(1, BY_DEFAULT) : ofOneSize; // only V8 has flags

reportFindings({
  figures: [
    ...([["all", "RSS"], ["own", "RSS without the runtime's code"]] as const).flatMap(([part, name]) => [
      figure(
        `${name} after 10 million samples, above`,
        SAME_LOOP,
        ofOneSize,
        ({ ours, theirs }) => ours[0]![part] - theirs[0]![part],
        MOST_MEMORY,
      ),
      figure(
        `${name} after 50 million samples, above`,
        SAME_LOOP,
        ofOneSize,
        ({ ours, theirs }) => ours[1]![part] - theirs[1]![part],
        MOST_MEMORY,
      ),
      figure(
        `${name} after 50 million samples, above`,
        NOTHING,
        ofOneSize,
        ({ ours, nothing }) => ours[1]![part] - nothing[0]![part],
      ),
      figure(`growth of ${name}`, BETWEEN, ofOneSize, ({ ours }) => ours[1]![part] - ours[0]![part], MOST_GROWTH),
      figure(
        `growth of ${name} while nothing is recorded`,
        BETWEEN,
        ofOneSize,
        ({ theirs }) => theirs[1]![part] - theirs[0]![part],
      ),
    ]),
    figure(
      "RSS after 50 million samples, heap of no fixed size: above",
      SAME_LOOP,
      byDefault,
      ({ ours, theirs }) => ours[1]!.all - theirs[1]!.all,
    ),
    figure(
      "growth of RSS, heap of no fixed size",
      BETWEEN,
      byDefault,
      ({ ours }) => ours[1]!.all - ours[0]!.all,
    ),
  ],
});
