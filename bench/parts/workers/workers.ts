/** Samples per second of four workers that record concurrently, compared with one. */

import { reportFindings, spread } from "../../results/figure.ts";
import { checkOutcome, type Outcome, takeRows, temporaryDirectory } from "../../harness/published_files.ts";
import { ratio } from "../../harness/rounds.ts";
import type { Job, Report } from "./job.ts";

const ROUNDS = 7;
const CREW = 4;

/** Samples of each worker before the common start, and after it. */
const WARM_UP = 300_000;
const TIMES = 2_000_000;

/** A worker, and its messages. */
class Recorder {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  readonly #said: Report[] = [];
  #heard = Promise.withResolvers<void>();

  constructor() {
    this.#worker.addEventListener("error", ({ message }) => this.#heard.reject(new Error(message)));
    this.#worker.addEventListener("message", ({ data }: MessageEvent<Report>) => {
      this.#said.push(data);
      this.#heard.resolve();
    });
  }

  /** Its next message, which must be `expected` if that is given. */
  async next(expected?: Report): Promise<Report> {
    while (this.#said.length === 0) {
      this.#heard = Promise.withResolvers();
      await this.#heard.promise;
    }
    const report = this.#said.shift()!;
    if (expected !== undefined && report !== expected) throw new Error(`Cannot measure: a worker is not ${expected}`);
    return report;
  }

  begin(job: Job): void {
    this.#worker.postMessage(job);
  }

  end(): void {
    this.#worker.terminate();
  }
}

/**
 * Runs a job on workers concurrently, from a common start to the end of the last. Returns their
 * samples per second in total.
 */
async function throughput(crew: readonly Recorder[], loop: Job["loop"]): Promise<number> {
  using directory = temporaryDirectory();
  const gate = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  for (const recorder of crew) {
    recorder.begin({ loop, monitoringDir: directory.path, warmUp: WARM_UP, times: TIMES, gate });
  }
  await Promise.all(crew.map((recorder) => recorder.next("ready")));
  const before = performance.now();
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  const outcomes = await Promise.all(crew.map((recorder) => recorder.next()));
  const seconds = (performance.now() - before) / 1e3;
  if (loop === "record") {
    const expected = WARM_UP + TIMES;
    for (const outcome of outcomes) checkOutcome(outcome as Outcome, expected);
    const rows = takeRows(directory.path);
    if (rows !== crew.length * expected) throw new Error(`Cannot measure: there are only ${rows} rows`);
  }
  return crew.length * TIMES / seconds;
}

const all = Array.from({ length: CREW }, () => new Recorder());
await Promise.all(all.map((recorder) => recorder.next("listening")));

/** Results by round, for four workers and for one. */
const found: Record<Job["loop"], { readonly four: number[]; readonly one: number[] }> = {
  record: { four: [], one: [] },
  look: { four: [], one: [] },
};
for (let round = 0; round <= ROUNDS; round++) {
  const alone = [all[round % CREW]!];
  for (const loop of ["record", "look"] as const) {
    const { four, one } = found[loop];
    const turns = [
      () => throughput(all, loop).then((rate) => four.push(rate)),
      () => throughput(alone, loop).then((rate) => one.push(rate)),
    ];
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn();
    if (round === 0) four.length = one.length = 0; // the round that warms up
  }
}
for (const recorder of all) recorder.end();

const ONE = "1 worker";

reportFindings({
  figures: [
    {
      what: "samples per second, 4 workers at once",
      against: ONE,
      unit: "x",
      value: ratio(found.record.four, found.record.one),
      goal: { atLeast: 1.9 },
    },
    {
      what: "two performance.now(), 4 workers at once: what the machine has to give",
      against: ONE,
      unit: "x",
      value: ratio(found.look.four, found.look.one),
    },
    { what: "samples per second, 4 workers at once", unit: "/s", value: spread(found.record.four) },
    { what: "samples per second, 1 worker", unit: "/s", value: spread(found.record.one) },
  ],
});
