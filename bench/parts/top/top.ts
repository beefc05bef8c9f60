/** The cost for a program that `kymo top` watches it: the same samples with and without it. */

import * as monitor from "@kymo/kymo";
import { spawn } from "node:child_process";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { commandOf } from "../../harness/child.ts";
import { cpuTimeOf } from "../../harness/cpu_time.ts";
import { type Figure, reportFindings, spread } from "../../results/figure.ts";
import { hasFfi } from "../../harness/has_ffi.ts";
import { checkOutcome, deletePublished, temporaryDirectory } from "../../harness/published_files.ts";
import { ratio } from "../../harness/rounds.ts";

const ROUNDS = 5;

/** Samples of a round at full speed; the event loop turns after each `IN_A_TURN` of them. */
const SAMPLES = 8_000_000;
const IN_A_TURN = 10_000;

/** An ordinary service: samples per second, and seconds for which top is measured. */
const ORDINARY_RATE = 1_000;
const ORDINARY_SECONDS = 6;

const NANOSECONDS_PER_MS = 1e6;

const entry = new URL("../../../src/cli/main.ts", import.meta.url);

/** A `kymo top` in its own process. */
class Top implements AsyncDisposable {
  /** Number of rows that it has shown. */
  rows = 0;
  refreshes = 0;
  readonly #child;
  readonly #gone: Promise<unknown>;

  constructor(directory: string) {
    const [executable, args] = commandOf(entry, { args: ["top", directory, "--json"] });
    const child = spawn(executable, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    this.#gone = new Promise((resolve) => child.on("close", resolve));
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(JSON.parse(line));
    });
  }

  #take({ processes }: { readonly processes: readonly { readonly count: number }[] }): void {
    this.refreshes++;
    for (const { count } of processes) this.rows += count;
  }

  /** Resolves after its first refresh. */
  async hasBegun(): Promise<void> {
    for (let i = 0; i < 1_000 && this.refreshes === 0; i++) await sleep(10);
    if (this.refreshes === 0) throw new Error("Cannot measure: top shows nothing");
  }

  /** CPU time of all its threads, ms. */
  get cpuTime(): number {
    return cpuTimeOf(this.#child.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGINT");
    await this.#gone;
  }
}

let recorded = 0;

/** Takes samples, `IN_A_TURN` in each turn of the event loop. */
async function record(samples: number): Promise<void> {
  for (const end = recorded + samples; recorded < end;) {
    for (let i = 0; i < IN_A_TURN; i++) monitor.stopDurationSample("my code block", monitor.startDurationSample());
    recorded += IN_A_TURN;
    await new Promise((resolve) => setTimeout(resolve));
  }
}

/** Time and CPU time per sample by round, ns. */
class Rounds {
  readonly times: number[] = [];
  readonly costs: number[] = [];

  async run(): Promise<void> {
    const before = { time: performance.now(), cpu: cpuTime() };
    await record(SAMPLES);
    this.times.push((performance.now() - before.time) * NANOSECONDS_PER_MS / SAMPLES);
    this.costs.push((cpuTime() - before.cpu) * NANOSECONDS_PER_MS / SAMPLES);
  }
}

/** CPU time of this process, ms. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The part of a core that top uses during the work. */
async function usage(top: Top, work: () => Promise<void>): Promise<number> {
  const before = { cpu: top.cpuTime, time: performance.now() };
  await work();
  return (top.cpuTime - before.cpu) / (performance.now() - before.time);
}

if (!hasFfi) {
  reportFindings({ figures: [] });
  process.exit();
}
using directory = temporaryDirectory();
monitor.start({ monitoringDir: directory.path, withRuntime: false });
const alone = new Rounds();
const watched = new Rounds();
const busy: number[] = [];
await record(SAMPLES); // warms up
for (let round = 0; round < ROUNDS; round++) {
  const withTop = async (): Promise<void> => {
    await using top = new Top(directory.path);
    await top.hasBegun();
    busy.push(await usage(top, () => watched.run()));
    for (const { refreshes } = top; top.refreshes === refreshes;) await sleep(10);
    if (top.rows === 0) throw new Error("Cannot measure: top saw nothing");
  };
  for (const one of round % 2 === 0 ? [() => alone.run(), withTop] : [withTop, () => alone.run()]) {
    await one();
    deletePublished(directory.path);
  }
}

/** Measures an ordinary service, watched. */
async function ordinary(): Promise<number> {
  await using top = new Top(directory.path);
  await top.hasBegun();
  const perTurn = ORDINARY_RATE / 100;
  let samples = 0;
  const part = await usage(top, async () => {
    for (const end = performance.now() + ORDINARY_SECONDS * 1000; performance.now() < end; await sleep(10)) {
      for (let i = 0; i < perTurn; i++) monitor.stopDurationSample("my code block", monitor.startDurationSample());
      samples += perTurn;
    }
    await sleep(1_500);
  });
  recorded += samples;
  if (top.rows !== samples) throw new Error(`Cannot measure: top saw ${top.rows} rows of ${samples}`);
  return part;
}
const idle = await ordinary();
await monitor.stop();
checkOutcome(monitor.status(), recorded);

const ALONE = "the same program alone";

const figures: Figure[] = [
  {
    what: "CPU time per sample of a program that `kymo top` watches",
    against: ALONE,
    unit: "x",
    value: ratio(watched.costs, alone.costs),
    goal: { atMost: 1.05 },
  },
  {
    what: "time per sample of a program that `kymo top` watches",
    against: ALONE,
    unit: "x",
    value: ratio(watched.times, alone.times),
  },
  { what: "CPU time per sample, watched", unit: "ns", value: spread(watched.costs) },
  { what: "part of a core that `kymo top` uses: the program records as fast as it can", unit: "", value: spread(busy) },
  { what: `part of a core that \`kymo top\` uses: ${ORDINARY_RATE} samples a second`, unit: "", value: spread([idle]) },
];
reportFindings({ figures });
