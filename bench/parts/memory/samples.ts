/**
 * Takes samples as fast as a service could, and tells how much memory it has after some and after all of them.
 *
 * Arguments: the directory to record into, nothing for not recording; how many samples there are to be at each reading.
 */

import * as monitor from "@kymo/kymo";
import process from "node:process";
import { collect, leastResident, type Resident } from "./resident.ts";

/** What it tells. */
export interface Told {
  /** How many samples there were. */
  readonly samples: number;
  /** The memory at each reading. */
  readonly readings: readonly Resident[];
  readonly outcome: monitor.MonitorStatus;
}

const [monitoringDir = "", ...counts] = process.argv.slice(2);

/** How many samples there are between two turns of the event loop: a flush now gets done beside the program, and now does not. */
const IN_A_TURN = 10_000;

/** A heap that is left alone grows to a size of its own choice, and keeps that: it is collected before it does. */
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
await leastResident(live); // the code that measures is to be warm too
const readings: Resident[] = [];
for (const count of counts.map(Number)) {
  await record(count - samples);
  readings.push(await leastResident(live));
}
await monitor.stop();
const told: Told = { samples, readings, outcome: monitor.status() };
console.log(JSON.stringify({ ...told, outcome: { ...told.outcome, lastError: undefined } }));
