/**
 * Takes samples as fast as a service could, and prints its memory after some and after all of them.
 *
 * Arguments: the directory, empty to record nothing; the number of samples at each reading.
 */

import * as monitor from "@kymo/kymo";
import process from "node:process";
import { collect, leastResident, type Resident } from "./resident.ts";

/** Output of the program. */
export interface Output {
  /** Number of samples. */
  readonly samples: number;
  /** Memory at each reading. */
  readonly readings: readonly Resident[];
  readonly outcome: monitor.MonitorStatus;
}

const [monitoringDir = "", ...counts] = process.argv.slice(2);

/**
 * Samples between two turns of the event loop: some flushes are done in the background, others by a
 * call.
 */
const IN_A_TURN = 10_000;

/**
 * An uncollected heap grows to a size of its choice, and keeps that, so garbage is collected
 * before.
 */
const COLLECT_EVERY = 500_000;

let samples = 0;

async function record(count: number): Promise<void> {
  for (const end = samples + count; samples < end;) {
    for (let i = 0; i < IN_A_TURN; i++) {
      monitor.stopDurationSample("my code block", monitor.startDurationSample());
    }
    samples += IN_A_TURN;
    await new Promise((resolve) => setTimeout(resolve));
    if (samples % COLLECT_EVERY === 0) collect();
  }
}

const live = (): Promise<void> => record(IN_A_TURN);

if (monitoringDir !== "") monitor.start({ monitoringDir });
await leastResident(live); // warms up the measuring code too
const readings: Resident[] = [];
for (const count of counts.map(Number)) {
  await record(count - samples);
  readings.push(await leastResident(live));
}
await monitor.stop();
const output: Output = { samples, readings, outcome: monitor.status() };
console.log(JSON.stringify({ ...output, outcome: { ...output.outcome, lastError: undefined } }));
