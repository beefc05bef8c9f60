/**
 * Recordings of a small service, with a cause planted in them or without: the same in every run.
 *
 * @module
 */

import { randomNumbers } from "../random.ts";
import type { Row } from "./report_recording.ts";

/** Rows by channel. */
export type PlantedRows = Readonly<Record<"duration" | "client" | "runtime", readonly Row[]>>;

/** Length of the recordings, seconds. */
export const SECONDS = 600;

/** What a clean recording does all the time. */
export interface Habits {
  /** Standard deviation of the logarithms of durations. */
  readonly spread: number;
  /** By how much durations grow and shrink with the load, as a share. */
  readonly wave: number;
  /** Requests each second. */
  readonly rate: number;
}

/** Random numbers in the forms that recordings need. */
class Dice {
  readonly uniform: () => number;

  constructor(seed: number) {
    this.uniform = randomNumbers(seed);
  }

  /** A standard normal number: Box and Muller's. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A duration around `median`. */
  around(median: number, spread = 0.25): number {
    return median * Math.exp(spread * this.normal());
  }

  /** Moments of a Poisson process, seconds. */
  *moments(perSecond: number): Generator<number> {
    for (let at = 0;;) {
      at -= Math.log(1 - this.uniform()) / perSecond;
      if (at >= SECONDS) return;
      yield at;
    }
  }
}

/** What the samplers of the runtime record of a calm process: a row of each series each second. */
function* calmRuntime(dice: Dice): Generator<Row> {
  for (let second = 1; second < SECONDS; second++) {
    yield [second, 0.002 + 0.006 * dice.uniform(), "event loop lag"];
    yield [second, 80e6 + 4e6 * dice.uniform(), "rss"];
    yield [second, 30e6 + 8e6 * (second / 20 % 1) + 1e6 * dice.uniform(), "heap used"];
    yield [second, second * 0.1, "user time"];
    if (second % 20 === 0) yield [second, 0.002 + 0.002 * dice.uniform(), "gc pause"];
  }
}

/** A service in which nothing stands out. */
export function cleanService(seed: number, { spread, wave, rate }: Habits): PlantedRows {
  const dice = new Dice(seed);
  const duration: Row[] = [];
  for (
    const [label, median] of [["/orders [GET]", 0.012], ["/search [GET]", 0.016], ["/users [GET]", 0.009]] as const
  ) {
    for (const at of dice.moments(rate / 3)) {
      const load = 1 + wave * Math.sin(at / SECONDS * 2 * Math.PI);
      const query = dice.around(median / 2 * load, spread);
      const request = query + dice.around(median / 2 * load, spread);
      duration.push([at + query, query, "query"], [at + request, request, label]);
    }
  }
  return { duration, client: [], runtime: [...calmRuntime(dice)] };
}

/** Every 20 s or so a block of code takes 0.6 s and holds up all requests under way. */
export function blockingFunction(seed: number): PlantedRows {
  const dice = new Dice(seed);
  const blocks = Array.from(
    { length: 28 },
    (_, i) => ({ from: 20 * i + 15 + 4 * dice.uniform(), length: dice.around(0.6, 0.1) }),
  );
  const duration: Row[] = blocks.map(({ from, length }) => [from + length, length, "render invoices"]);
  const runtime = [...calmRuntime(dice)];
  for (const { from, length } of blocks) runtime.push([from + length + 0.001, length - 0.01, "event loop lag"]);
  for (const label of ["/orders [GET]", "/users [GET]"]) {
    for (const at of dice.moments(8)) {
      const request = dice.around(0.03);
      // A request that comes while the loop is blocked is accepted when it is free again.
      const during = blocks.find(({ from, length }) => at > from && at < from + length);
      const start = during === undefined ? at : during.from + during.length + 0.001;
      const waited = blocks.find(({ from }) => start < from && start + request > from)?.length ?? 0;
      duration.push([start + request + waited, request + waited, label]);
    }
  }
  return { duration, client: [], runtime };
}

/** Memory grows all the time, and the longer the more often and the longer it is collected. */
export function leak(seed: number): PlantedRows {
  const dice = new Dice(seed);
  const runtime: Row[] = [];
  for (let second = 1; second < SECONDS; second++) {
    const full = second / SECONDS;
    runtime.push([second, 80e6 + 400e6 * full + 6e6 * dice.uniform(), "rss"]);
    runtime.push([second, 40e6 + 380e6 * full + 8e6 * dice.uniform(), "heap used"]);
    runtime.push([second, 0.002 + 0.004 * dice.uniform(), "event loop lag"]);
    if (dice.uniform() < full) {
      const pause = dice.around(0.02 + 0.3 * full * full, 0.2);
      const end = second - 1 + dice.uniform();
      runtime.push([second, pause, "gc pause"]);
      if (pause >= 0.02) runtime.push([end + 0.001, pause, "event loop lag"]);
    }
  }
  const duration: Row[] = [];
  for (const at of dice.moments(10)) {
    const request = dice.around(0.012);
    duration.push([at + request, request, "/orders [GET]"]);
  }
  return { duration, client: [], runtime };
}

/** Every 25th request to another service takes 0.4 s. */
export function slowUpstream(seed: number): PlantedRows {
  const dice = new Dice(seed);
  const [duration, client]: [Row[], Row[]] = [[], []];
  let requests = 0;
  for (const at of dice.moments(12)) {
    const answer = dice.around(++requests % 25 === 0 ? 0.4 : 0.015);
    const [before, after] = [dice.around(0.003), dice.around(0.005)];
    client.push([at + before + answer, answer, "prices.example.com [GET]"]);
    duration.push([at + before + answer + after, before + answer + after, "/cart [GET]"]);
  }
  for (const at of dice.moments(6)) {
    const request = dice.around(0.01);
    duration.push([at + request, request, "/orders [GET]"]);
  }
  return { duration, client, runtime: [...calmRuntime(dice)] };
}

/** The same of a busy service, in which some requests to the other service are always under way. */
export function slowBusyUpstream(seed: number): PlantedRows {
  const dice = new Dice(seed);
  const [duration, client]: [Row[], Row[]] = [[], []];
  let requests = 0;
  for (const at of dice.moments(60)) {
    const answer = dice.around(++requests % 25 === 0 ? 0.4 : 0.015);
    const [before, after] = [dice.around(0.000_5), dice.around(0.000_5)];
    client.push([at + before + answer, answer, "prices.example.com [GET]"]);
    duration.push([at + before + answer + after, before + answer + after, "/cart [GET]"]);
  }
  return { duration, client, runtime: [...calmRuntime(dice)] };
}

/** When the scan becomes slower, in seconds. */
export const STEP_AT = 400;

/** A scan within requests takes 40 % longer from a moment on, or `times` as long. */
export function scanWithStep(seed: number, times = 1.4): PlantedRows {
  const dice = new Dice(seed);
  const duration: Row[] = [];
  for (const at of dice.moments(10)) {
    const scan = dice.around(at < STEP_AT ? 0.02 : 0.02 * times);
    const rest = dice.around(0.008);
    duration.push([at + scan, scan, "scan index"], [at + scan + rest, scan + rest, "/search [GET]"]);
  }
  return { duration, client: [], runtime: [...calmRuntime(dice)] };
}

/** Jobs come in bursts and are worked off one after the other; each takes from its arrival to its end. */
export function queueOfJobs(seed: number): PlantedRows {
  const dice = new Dice(seed);
  const duration: Row[] = [];
  let free = 0;
  const arrivals = [...dice.moments(3)];
  for (let burst = 0; burst < 12; burst++) {
    for (let i = 0; i < 25; i++) arrivals.push(50 * burst + 20 + 0.05 * i);
  }
  for (const at of arrivals.sort((a, b) => a - b)) {
    const start = Math.max(at, free);
    const work = dice.around(0.06, 0.15);
    free = start + work;
    duration.push([free, work, "resize"], [free + 0.000_1, free + 0.000_1 - at, "job"]);
  }
  return { duration, client: [], runtime: [...calmRuntime(dice)] };
}
