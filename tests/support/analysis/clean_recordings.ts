/**
 * Recordings of programs in which nothing stands out, as different from each other as programs are:
 * the same in every run.
 *
 * @module
 */

import { normalNumbers, randomNumbers } from "../random.ts";
import type { Row } from "./report_recording.ts";

/** Rows by channel. */
export type CleanRows = Readonly<Partial<Record<"duration" | "client" | "runtime" | "custom", readonly Row[]>>>;

/** Random numbers in the forms that recordings need. */
export class Dice {
  readonly uniform: () => number;
  readonly normal: () => number;

  constructor(seed: number) {
    this.uniform = randomNumbers(seed);
    this.normal = normalNumbers(seed + 10_000);
  }

  /** A duration around `median`, lognormal. */
  around(median: number, spread = 0.3): number {
    return median * Math.exp(spread * this.normal());
  }

  /** Moments of a Poisson process, whose rate per second may change with time, at most to `most`. */
  *moments(seconds: number, most: number, rate: (at: number) => number = () => most): Generator<number> {
    for (let at = 0;;) {
      at -= Math.log(1 - this.uniform()) / most;
      if (at >= seconds) return;
      if (this.uniform() * most < rate(at)) yield at;
    }
  }
}

/** How memory and collections of a process look. */
interface Habits {
  readonly seconds: number;
  readonly pid?: number;
  /** Bun collects more rarely, and its resident memory follows the heap more closely. */
  readonly isBun?: boolean;
  /** Bytes that are resident when the program is warm. */
  readonly memory?: number;
  /** Seconds from one large collection to the next. */
  readonly period?: number;
  /** Seconds between samples. */
  readonly interval?: number;
}

/** What the samplers of the runtime record of a calm process: it warms up, and its heap is a saw. */
function* runtimeOf(dice: Dice, habits: Habits): Generator<Row> {
  const { seconds, pid = 1, isBun = false, memory = 90e6, period = isBun ? 45 : 20, interval = 1 } = habits;
  const warm = Math.min(10, seconds / 20);
  for (let at = interval; at < seconds; at += interval) {
    const started = 1 - Math.exp(-at / warm);
    const saw = (at / period + 0.3) % 1;
    const heap = memory * (0.25 * started + 0.15 * saw) + 1e5 * dice.uniform();
    yield [at, heap, "heap used", pid];
    yield [at, memory * (0.5 + 0.4 * started) + (isBun ? 0.7 * heap : 0.1 * heap) + 1e5 * dice.uniform(), "rss", pid];
    yield [at, 0.000_3 + 0.004 * dice.uniform() ** 3, "event loop lag", pid];
    yield [at, at * 0.15, "user time", pid];
    yield [at, at * 0.02, "system time", pid];
    if (saw < interval / period) yield [at, dice.around(isBun ? 0.012 : 0.005), "gc pause", pid];
    else if (!isBun && dice.uniform() < 0.5) yield [at, dice.around(0.000_6), "gc pause", pid];
  }
}

/** Requests of some routes, each around its own median. */
function* routes(
  dice: Dice,
  { seconds, rate, pid = 1, load, of = { "/orders [GET]": 0.012, "/search [GET]": 0.02, "/users [GET]": 0.008 } }: {
    readonly seconds: number;
    readonly rate: number;
    readonly pid?: number;
    /** The share of the rate at each time. */
    readonly load?: (at: number) => number;
    readonly of?: Readonly<Record<string, number>>;
  },
): Generator<Row> {
  for (const [label, median] of Object.entries(of)) {
    for (const at of dice.moments(seconds, rate, load && ((at) => rate * load(at)))) {
      const request = dice.around(median);
      yield [at + request, request, label, pid];
    }
  }
}

/** Blocks that run one after the other, from the first to the last row. */
function* oneAfterTheOther(
  count: number,
  next: (i: number) => readonly [label: string, length: number],
): Generator<Row> {
  let at = 0;
  for (let i = 0; i < count; i++) {
    const [label, length] = next(i);
    at += length;
    yield [at, length, label];
  }
}

/** The recordings, by what they are. Those first are the least alike. */
export const CLEAN: Readonly<Record<string, (seed: number) => CleanRows>> = {
  "a warm-up of the compiler": (seed) => {
    const dice = new Dice(seed);
    return {
      duration: [...oneAfterTheOther(2_000, (i) => ["parse", dice.around(0.001 * (1 + 4 * Math.exp(-i / 40)), 0.15)])],
      runtime: [...runtimeOf(dice, { seconds: 3, interval: 0.1 })],
    };
  },
  "processes of Bun and Deno": (seed) => {
    const dice = new Dice(seed);
    const seconds = 120;
    const pids = [11, 12, 13, 14];
    return {
      duration: pids.flatMap((pid) => [...routes(dice, { seconds, rate: 1.5, pid })]),
      runtime: pids.flatMap((
        pid,
      ) => [...runtimeOf(dice, { seconds, pid, isBun: pid % 2 === 1, memory: 2e6 * pid + 6e7 })]),
    };
  },
  "requests that call another service": (seed) => {
    const dice = new Dice(seed);
    const [duration, client]: [Row[], Row[]] = [[], []];
    for (const at of dice.moments(200, 5)) {
      const [before, answer, after] = [dice.around(0.002), dice.around(0.01, 0.4), dice.around(0.003)];
      client.push([at + before + answer, answer, "prices.example.com [GET]"]);
      duration.push([at + before + answer + after, before + answer + after, "/cart [GET]"]);
    }
    return { duration, client, runtime: [...runtimeOf(dice, { seconds: 200 })] };
  },
  "the load of a day": (seed) => {
    const dice = new Dice(seed);
    const load = (at: number): number => 0.55 - 0.45 * Math.cos(at / 86_400 * 2 * Math.PI);
    return {
      duration: [...routes(dice, { seconds: 86_400, rate: 0.03, load })],
      runtime: [...runtimeOf(dice, { seconds: 86_400, interval: 300, period: 9_000 })],
    };
  },
  "two typical times of one route": (seed) => {
    const dice = new Dice(seed);
    const duration = [...dice.moments(300, 8)].map((at): Row => {
      const request = dice.around(dice.uniform() < 0.7 ? 0.004 : 0.009, 0.12);
      return [at + request, request, "/cached/:id [GET]"];
    });
    return { duration, runtime: [...runtimeOf(dice, { seconds: 300 })] };
  },
  "bursts of traffic": (seed) => {
    const dice = new Dice(seed);
    const load = (at: number): number => at % 60 < 5 ? 1 : 0.05;
    return {
      duration: [...routes(dice, { seconds: 600, rate: 10, load })],
      runtime: [...runtimeOf(dice, { seconds: 600 })],
    };
  },
  "a steady service": (seed) => {
    const dice = new Dice(seed);
    return {
      duration: [...routes(dice, { seconds: 300, rate: 3 })],
      runtime: [...runtimeOf(dice, { seconds: 300 })],
    };
  },
  "a batch of nested blocks": (seed) => {
    const dice = new Dice(seed);
    const duration: Row[] = [];
    let at = 0;
    for (let i = 0; i < 400; i++) {
      const [read, write] = [dice.around(0.02), dice.around(0.03)];
      duration.push([at + read, read, "read"], [at + read + write, write, "write"]);
      duration.push([at + read + write, read + write, "item"]);
      at += read + write + 0.001;
    }
    return { duration, runtime: [...runtimeOf(dice, { seconds: at })] };
  },
  "few samples": (seed) => {
    const dice = new Dice(seed);
    return { duration: [...oneAfterTheOther(7, () => ["import", dice.around(0.3)])] };
  },
  "a short program": (seed) => {
    const dice = new Dice(seed);
    return {
      duration: [...oneAfterTheOther(60, (i) => [["read", "parse", "write"][i % 3]!, dice.around(0.005)])],
      runtime: [[0.28, 6e7, "rss"], [0.28, 2e7, "heap used"], [0.28, 0.003, "gc pause"]],
    };
  },
  "rare labels": (seed) => {
    const dice = new Dice(seed);
    const names = Array.from({ length: 40 }, (_, i) => `/reports/${String.fromCharCode(97 + i % 26)}${i} [GET]`);
    return {
      duration: [
        ...routes(dice, { seconds: 300, rate: 2 }),
        ...names.flatMap((of, i) => [...routes(dice, { seconds: 300, rate: (1 + i % 9) / 300, of: { [of]: 0.01 } })]),
      ],
      runtime: [...runtimeOf(dice, { seconds: 300 })],
    };
  },
  "many processes": (seed) => {
    const dice = new Dice(seed);
    const pids = Array.from({ length: 60 }, (_, i) => 100 + i);
    return {
      duration: pids.flatMap((pid) => [...routes(dice, { seconds: 100, rate: 0.15, pid })]),
      runtime: pids.flatMap((pid) => [...runtimeOf(dice, { seconds: 100, pid, interval: 10 })]),
    };
  },
  "a large saw of memory": (seed) => {
    const dice = new Dice(seed);
    return {
      duration: [...routes(dice, { seconds: 900, rate: 0.5 })],
      runtime: [...runtimeOf(dice, { seconds: 900, isBun: true, memory: 400e6, period: 280 })],
    };
  },
  "exponential times": (seed) => {
    const dice = new Dice(seed);
    const duration = [...dice.moments(300, 6)].map((at): Row => {
      const request = 0.002 - 0.01 * Math.log(1 - dice.uniform());
      return [at + request, request, "/report [GET]"];
    });
    return { duration, runtime: [...runtimeOf(dice, { seconds: 300 })] };
  },
  "a tail of a power": (seed) => {
    const dice = new Dice(seed);
    const duration = [...dice.moments(300, 6)].map((at): Row => {
      const request = 0.005 * (1 - dice.uniform()) ** (-1 / 2.5);
      return [at + request, request, "/feed [GET]"];
    });
    return { duration, runtime: [...runtimeOf(dice, { seconds: 300 })] };
  },
  "times in whole milliseconds": (seed) => {
    const dice = new Dice(seed);
    const duration = [...dice.moments(300, 6)].map((at): Row => {
      const request = 0.001 * (2 + Math.floor(4 * dice.uniform()));
      return [at + request, request, "/tile [GET]"];
    });
    return { duration };
  },
  "a constant": () => ({ duration: Array.from({ length: 500 }, (_, i): Row => [i, 0.01, "tick"]) }),
  "latency that follows the load": (seed) => {
    const dice = new Dice(seed);
    const duration = [...dice.moments(600, 6)].map((at): Row => {
      const request = dice.around(0.012 * (1 + 0.25 * Math.sin(at / 600 * 4 * Math.PI)));
      return [at + request, request, "/orders [GET]"];
    });
    return { duration, runtime: [...runtimeOf(dice, { seconds: 600 })] };
  },
  "many requests at once": (seed) => {
    const dice = new Dice(seed);
    return {
      duration: [...routes(dice, { seconds: 60, rate: 20, of: { "/slowish [GET]": 0.4, "/too [GET]": 0.5 } })],
      runtime: [...runtimeOf(dice, { seconds: 60 })],
    };
  },
  "numbers of its own": (seed) => {
    const dice = new Dice(seed);
    let length = 20;
    const custom = Array.from({ length: 400 }, (_, i): Row => {
      length = Math.max(0, length + Math.round(2 * dice.normal()));
      return [i, length, "queue length"];
    });
    return { custom, duration: [...routes(dice, { seconds: 400, rate: 1 })] };
  },
  "a program that is warm after a third of its life": (seed) => {
    const dice = new Dice(seed);
    const runtime: Row[] = [];
    for (let at = 1; at < 90; at++) {
      const started = 1 - Math.exp(-at / 8);
      runtime.push([at, 40e6 + 60e6 * started + 2e6 * dice.uniform(), "rss"]);
      runtime.push([at, 15e6 + 20e6 * started + 8e6 * (at / 15 % 1), "heap used"]);
    }
    return { duration: [...routes(dice, { seconds: 90, rate: 3 })], runtime };
  },
  "a few requests that were not found": (seed) => {
    const dice = new Dice(seed);
    return {
      duration: [
        ...routes(dice, { seconds: 300, rate: 3 }),
        ...routes(dice, { seconds: 300, rate: 0.005, of: { "unmatched [GET] 4xx": 0.001 } }),
      ],
      runtime: [...runtimeOf(dice, { seconds: 300 })],
    };
  },
  "streams beside requests": (seed) => {
    const dice = new Dice(seed);
    return {
      duration: [
        ...routes(dice, { seconds: 300, rate: 3 }),
        ...routes(dice, { seconds: 200, rate: 0.1, of: { "/events [GET] stream": 40 } }),
      ],
      runtime: [...runtimeOf(dice, { seconds: 300 })],
    };
  },
  "only the runtime": (seed) => ({ runtime: [...runtimeOf(new Dice(seed), { seconds: 600 })] }),
};
