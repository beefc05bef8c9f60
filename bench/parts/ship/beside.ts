import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import * as monitor from "@kymo/kymo";
import type { PostgresServer } from "../../../tests/support/stores/postgres_server.ts";
import { cpuTimeOf } from "../../harness/cpu_time.ts";
import { temporaryDirectory } from "../../harness/published_files.ts";
import { ratio } from "../../harness/rounds.ts";
import { type Figure, type Spread, spread } from "../../results/figure.ts";
import { Background, follower } from "./processes.ts";

const recorder = new URL("recorder.ts", import.meta.url);

/** Samples a second, and how often they are flushed, ms. */
const RATE = 50_000;
const FLUSH_INTERVAL = 1_000;

/** Rounds, in each of which the program runs so long beside another one and so long alone, ms. */
const ROUNDS = 5;
const ROUND = 3_000;

/** ms until the other one has begun, and has caught up. */
const OTHER_BEGINS = 2_000;

/** For how long rows are recorded whose way is timed, ms, and how often the store is asked. */
const WATCHED = 20_000;
const POLL = 20;

/** Within which rows must be in the store, s: the flush interval and two more. */
const AT_MOST = FLUSH_INTERVAL / 1000 + 2;

/** What a program pays for being shipped. */
export async function costOfBeingShipped(server: PostgresServer): Promise<Figure> {
  return {
    what: `CPU time of a program for a sample while it is shipped, ${RATE} samples a second`,
    against: "not shipped",
    unit: "x",
    value: await costBeside((directory) => follower(directory, server.url)),
    goal: { atMost: 1.02 },
  };
}

/** CPU time of a program for a sample while another one works on its directory, against alone. */
export async function costBeside(begin: (directory: string) => Background): Promise<Spread> {
  using directory = temporaryDirectory();
  await using program = new Background(recorder, [directory.path, String(RATE), String(FLUSH_INTERVAL)]);
  await sleep(OTHER_BEGINS);
  /** CPU time of the program for a sample, ns. */
  const measure = async (): Promise<number> => {
    const before = { cpu: cpuTimeOf(program.pid), time: performance.now() };
    await sleep(ROUND);
    const taken = cpuTimeOf(program.pid) - before.cpu;
    return taken * 1e9 / ((performance.now() - before.time) * RATE);
  };
  const alone: number[] = [];
  const beside: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const withOther = async (): Promise<void> => {
      await using _other = begin(directory.path);
      await sleep(OTHER_BEGINS);
      beside.push(await measure());
    };
    const without = async (): Promise<void> => void alone.push(await measure());
    for (const side of round % 2 === 0 ? [withOther, without] : [without, withOther]) await side();
  }
  return ratio(beside, alone);
}

/** How long it takes from recording a row until it is in the store. */
export async function timeToStore(server: PostgresServer): Promise<Figure[]> {
  using directory = temporaryDirectory();
  const label = randomUUID(); // of these rows only
  monitor.start({ monitoringDir: directory.path, withRuntime: false, flushInterval: FLUSH_INTERVAL });
  await using _shipper = follower(directory.path, server.url);
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    await sleep(OTHER_BEGINS);
    /** When each row was recorded, ms; those that have arrived are the first. */
    const recorded: number[] = [];
    const taken: number[] = [];
    const end = performance.now() + WATCHED;
    const patience = end + 10 * 1000 * AT_MOST;
    while (performance.now() < end || taken.length < recorded.length) {
      if (performance.now() > patience) throw new Error("Cannot measure: rows do not arrive");
      if (performance.now() < end) {
        recorded.push(performance.now());
        monitor.stopDurationSample(label, monitor.startDurationSample());
      }
      const { rows } = await client.query("SELECT count(*) AS arrived FROM kymo.observation WHERE label = $1", [label]);
      const arrived = Number(rows[0].arrived);
      const now = performance.now();
      while (taken.length < arrived) taken.push((now - recorded[taken.length]!) / 1000);
      await sleep(POLL);
    }
    await monitor.stop();
    const what = `from recording a row until it is in PostgreSQL, flushed each ${FLUSH_INTERVAL / 1000} s`;
    return [
      { what, unit: "s", value: spread(taken) },
      { what: `the longest time ${what}`, unit: "s", value: spread([Math.max(...taken)]), goal: { atMost: AT_MOST } },
    ];
  } finally {
    await client.end();
  }
}
