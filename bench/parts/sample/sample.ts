/**
 * The cost of a sample, flush included, for each way to take it.
 *
 * @module
 */

import { formatInteger } from "../../../src/display/numbers.ts";
import { closeSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import * as monitor from "@kymo/kymo";
import { detect } from "../../../runtime_adapters/detect.ts";
import { LABEL } from "../../contenders/contender.ts";
import { type Figure, reportFindings, spread } from "../../results/figure.ts";
import { goalHere } from "../../results/goals.ts";
import { checkOutcome, takeRows, temporaryDirectory } from "../../harness/published_files.ts";
import { alternate, type Body, ratio } from "../../harness/rounds.ts";
import { SEGMENT_ROWS } from "../../harness/segment_rows.ts";

/**
 * Samples of whole segments, so that each round flushes what it records; more than 20 segments in
 * total.
 */
const WITH_FLUSH = { rounds: 15, times: 4 * SEGMENT_ROWS };

/** So few samples that most rounds have no flush, and so many rounds that the median has none. */
const WITHOUT_FLUSH = { rounds: 3_000, times: 500 };

/** Rounds of which the median counts. */
const QUIET = 150;

const LABELS = 1_000;

// Summed up, so that no compiler can remove the work.
let sum = 0;
let rows = 0;
let recorded = 0;

const clock = detect(globalThis).clock;

/** Two readings of the clock that Kymo uses. */
const twoReadings: Body = (times) => {
  const { now } = clock;
  for (let i = 0; i < times; i++) {
    const start = now();
    sum += now() - start;
  }
};

const twoPerformanceNow: Body = (times) => {
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    sum += performance.now() - start;
  }
};

/** Counts the samples of a body. */
const counted = (body: Body): Body => async (times) => {
  await body(times);
  recorded += times;
};

const startStop = counted((times) => {
  for (let i = 0; i < times; i++) monitor.stopDurationSample(LABEL, monitor.startDurationSample());
});

const dynamicLabels = counted((times) => {
  for (let i = 0; i < times; i++) {
    const id = monitor.startDurationSample();
    monitor.stopDurationSample(`label ${i % LABELS}`, id);
  }
});

const known = new Map(Array.from({ length: LABELS }, (_, i) => [`label ${i}`, i]));

/** The least work for a new label: creating it, and a lookup in a map. */
const labelsInMap: Body = (times) => {
  for (let i = 0; i < times; i++) sum += known.get(`label ${i % LABELS}`)!;
};

/** Bytes of a row of these samples, and rows that a flush writes at once. */
const ROW_BYTES = `1795360370305798096,0.000012345,${LABEL},${process.pid}\r\n`.length;
const piece = new Uint8Array(128 * 1024).fill(0x30);
const BYTES = ".bytes";
let files = 0;

function removeBytes(directory: string): void {
  for (const name of readdirSync(directory)) if (name.endsWith(BYTES)) rmSync(join(directory, name));
}

/** The least work for rows: writing as many bytes to new files, one for each segment. */
const bytesWritten = (directory: string): Body => (times) => {
  for (let segment = 0; segment < times / SEGMENT_ROWS; segment++) {
    const file = openSync(join(directory, `${files++}${BYTES}`), "wx");
    for (let left = SEGMENT_ROWS * ROW_BYTES; left > 0; left -= piece.length) {
      writeSync(file, piece, 0, Math.min(left, piece.length));
    }
    closeSync(file);
  }
};

const empty = monitor.timeIt(LABEL)(() => {});
const timeItSync = counted((times) => {
  for (let i = 0; i < times; i++) empty();
});

const bareAsync = async (): Promise<void> => {};
const timedAsync = monitor.timeIt(LABEL)(bareAsync);
const timeItAsync = counted(async (times) => {
  for (let i = 0; i < times; i++) await timedAsync();
});
const asyncAlone: Body = async (times) => {
  for (let i = 0; i < times; i++) await bareAsync();
};

const usingTime = counted((times) => {
  for (let i = 0; i < times; i++) {
    using _ = monitor.time(LABEL);
  }
});

/** Records while `measure` runs, and checks that every sample is in a file. */
async function recording(measure: (tidy: Body, directory: string) => Promise<Figure[]>): Promise<Figure[]> {
  using directory = temporaryDirectory();
  rows = recorded = 0;
  monitor.start({ monitoringDir: directory.path });
  const figures = await measure(() => void (rows += takeRows(directory.path)), directory.path);
  await monitor.stop();
  rows += takeRows(directory.path);
  if (rows !== recorded) throw new Error(`Cannot measure: ${recorded} samples were recorded, but ${rows} written`);
  checkOutcome(monitor.status(), recorded);
  return figures;
}

/** Measures every way to take samples, with encoding and writing. */
function withFlush(): Promise<Figure[]> {
  return recording(async (tidy, directory) => {
    const taken = await alternate({
      twoPerformanceNow,
      twoReadings,
      bytesWritten: bytesWritten(directory),
      startStop,
      dynamicLabels,
      labelsInMap,
      timeItSync,
      timeItAsync,
      asyncAlone,
      usingTime,
      tidy(times) {
        removeBytes(directory);
        return tidy(times);
      },
    }, WITH_FLUSH);
    const time = (what: string, name: string): Figure => ({ what, unit: "ns", value: spread(taken[name]!) });
    const against = (what: string, name: string, peer: string, other: string, atMost?: number): Figure => ({
      what,
      against: peer,
      unit: "x",
      value: ratio(taken[name]!, taken[other]!),
      ...atMost === undefined ? {} : { goal: { atMost } },
    });
    const peer = "start + stop";
    return [
      against(
        "start + stop, written",
        "startStop",
        "two `performance.now()`",
        "twoPerformanceNow",
        goalHere({ deno: 0.75, withoutFfi: 1.4, bun: 1.5 }),
      ),
      time("start + stop, written", "startStop"),
      time("two `performance.now()`", "twoPerformanceNow"),
      time("two readings of the clock used, alone", "twoReadings"),
      time("writing the bytes of a row to a file, alone", "bytesWritten"),
      against(`${formatInteger(LABELS)} labels made at the call`, "dynamicLabels", peer, "startStop", 1.6),
      time(`${formatInteger(LABELS)} labels made at the call`, "dynamicLabels"),
      time("making such a label and finding it in a Map, alone", "labelsInMap"),
      against("`timeIt` around an empty function", "timeItSync", peer, "startStop", 1.3),
      against("`timeIt` around an empty async function", "timeItAsync", peer, "startStop", 2),
      time("awaiting an empty async function, alone", "asyncAlone"),
      against("`using time()`", "usingTime", peer, "startStop"),
    ];
  });
}

/** Measures the time that a caller usually waits: no buffer is full. */
function withoutFlush(): Promise<Figure[]> {
  return recording(async (tidy) => {
    const ratios: number[] = [];
    for (let measured = 0; measured < WITHOUT_FLUSH.rounds; measured += QUIET) {
      const taken = await alternate({ twoReadings, startStop }, { rounds: QUIET, times: WITHOUT_FLUSH.times });
      ratios.push(spread(taken["startStop"]!).median / spread(taken["twoReadings"]!).median);
      await tidy(0);
    }
    return [{
      what: "start + stop, no flush due",
      against: "two readings of the clock used",
      unit: "x",
      value: spread(ratios),
      goal: { atMost: goalHere({ deno: 1.25, withoutFfi: 1.15, bun: 1.25 }) },
    }];
  });
}

const figures = [...await withoutFlush(), ...await withFlush()];
if (!(sum > 0)) throw new Error("Cannot measure: no time passed");
reportFindings({ figures });
