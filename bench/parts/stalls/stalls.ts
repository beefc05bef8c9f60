/**
 * The longest calls of `stopDurationSample`: at full speed, and in a program whose event loop
 * turns.
 */

import * as monitor from "@kymo/kymo";
import { type Figure, reportFindings, spread } from "../../results/figure.ts";
import { checkOutcome, takeRows, temporaryDirectory } from "../../harness/published_files.ts";
import { detect } from "../../../runtime_adapters/detect.ts";

const ROUNDS = 3;
const WARM_UP = 1_000_000;
const AT_FULL_SPEED = 10_000_000;

/** Samples per second in a program whose event loop turns, and their number. */
const RATE = 100_000;
const IN_A_LIVE_LOOP = 400_000;

/** Pause between two batches of samples, ms. */
const PAUSE = 1;

const NANOSECONDS_PER_MS = 1e6;
const NANOSECONDS_PER_S = 1e9;

/** Limit for a long call, ns. */
const LONG = NANOSECONDS_PER_MS;

/** The clock of the module. */
const { now } = detect(globalThis).clock;

/** Results of a loop of samples; times in ns. */
interface Held {
  readonly middle: number;
  /** The p99.99 of all calls. */
  readonly most: number;
  readonly longest: number;
  /** Calls longer than {@linkcode LONG}. */
  readonly long: number;
  /** Delay of the latest timer. */
  readonly latest: number;
  /** Rows that calls flushed themselves, instead of the event loop. */
  readonly flushedInCalls: number;
}

/**
 * Times single calls. It allocates nothing while it measures, and all its memory was written
 * before.
 */
const times = new Float64Array(AT_FULL_SPEED).fill(1);

function sampleTimed(from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const id = monitor.startDurationSample();
    const before = now();
    monitor.stopDurationSample("my code block", id);
    times[i] = now() - before;
  }
}

function held(samples: number, latest: number, flushedInCalls: number): Held {
  const sorted = times.subarray(0, samples).sort();
  return {
    middle: sorted[samples >> 1]!,
    most: sorted[Math.floor(samples * 0.9999)]!,
    longest: sorted[samples - 1]!,
    long: sorted.reduce((count, time) => time > LONG ? count + 1 : count, 0),
    latest,
    flushedInCalls,
  };
}

function flushedRows(): number {
  return monitor.status().flushed;
}

function atFullSpeed(samples: number): Held {
  const before = flushedRows();
  sampleTimed(0, samples);
  return held(samples, 0, flushedRows() - before);
}

/** Takes samples at {@linkcode RATE}: after each pause as many as are due. */
async function inALiveLoop(samples: number): Promise<Held> {
  const begin = now();
  let done = 0;
  let latest = 0;
  let flushedInCalls = 0;
  while (done < samples) {
    const asked = now();
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    latest = Math.max(latest, now() - asked - PAUSE * NANOSECONDS_PER_MS);
    const due = Math.min(samples, Math.floor((now() - begin) / NANOSECONDS_PER_S * RATE));
    const before = flushedRows();
    sampleTimed(done, due);
    flushedInCalls += flushedRows() - before;
    done = due;
  }
  return held(samples, latest, flushedInCalls);
}

/** Runs the same loop with and without recording in turn. */
async function alternate(
  loop: (samples: number) => Held | Promise<Held>,
  samples: number,
): Promise<Found> {
  const on: Held[] = [];
  const off: Held[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    using directory = temporaryDirectory();
    monitor.start({ monitoringDir: directory.path });
    on.push(await loop(samples));
    await monitor.stop();
    checkOutcome(monitor.status(), samples);
    if (takeRows(directory.path) !== samples) throw new Error(`Cannot measure: not all rows are in ${directory.path}`);
    off.push(await loop(samples));
  }
  return { on, off };
}

/** Results of the loops. */
interface Found {
  readonly on: readonly Held[];
  readonly off: readonly Held[];
}

function figure(what: string, unit: string, values: readonly number[], atMost?: number): Figure {
  return { what, unit, value: spread(values), ...atMost === undefined ? {} : { goal: { atMost } } };
}

/** The figures of one loop. */
function figuresOf(
  loop: string,
  { on, off }: Found,
  goals: { readonly longest?: number; readonly flushed?: number } = {},
): Figure[] {
  const ms = ({ longest }: Held): number => longest / NANOSECONDS_PER_MS;
  return [
    figure(`stop call ${loop}, median`, "ns", on.map(({ middle }) => middle)),
    figure(`the same ${loop}, not recording: what timing it costs`, "ns", off.map(({ middle }) => middle)),
    figure(`stop call ${loop}, p99.99`, "µs", on.map(({ most }) => most / 1e3)),
    figure(`the same ${loop}, not recording`, "µs", off.map(({ most }) => most / 1e3)),
    figure(`longest stop call ${loop}`, "ms", on.map(ms), goals.longest),
    figure(`longest stop call ${loop}, not recording: the machine's doing`, "ms", off.map(ms)),
    figure(`stop calls over 1 ms ${loop}`, "", on.map(({ long }) => long)),
    figure(`stop calls over 1 ms ${loop}, not recording`, "", off.map(({ long }) => long)),
    figure(`rows flushed by stop calls ${loop}`, "", on.map(({ flushedInCalls }) => flushedInCalls), goals.flushed),
  ];
}

atFullSpeed(WARM_UP);
const fullSpeed = await alternate(atFullSpeed, AT_FULL_SPEED);
const liveLoop = await alternate(inALiveLoop, IN_A_LIVE_LOOP);
const latest = ({ latest }: Held): number => latest / NANOSECONDS_PER_MS;

reportFindings({
  figures: [
    ...figuresOf("at full speed", fullSpeed),
    ...figuresOf("at 100,000/s", liveLoop, { longest: LONG / NANOSECONDS_PER_MS, flushed: 0 }),
    figure("latest timer at 100,000/s", "ms", liveLoop.on.map(latest)),
    figure("latest timer at 100,000/s, not recording", "ms", liveLoop.off.map(latest)),
  ],
});
