/**
 * Records one sample, into `_monitoring` of the working directory, and prints the time of each
 * step, ms.
 */

import * as monitor from "@kymo/kymo";

/** Output of the program. */
export interface Output {
  readonly start: number;
  readonly sample: number;
  readonly stop: number;
}

const times = [performance.now()];
monitor.start();
times.push(performance.now());
monitor.stopDurationSample("my code block", monitor.startDurationSample());
times.push(performance.now());
await monitor.stop();
times.push(performance.now());

const [start = 0, sample = 0, stop = 0] = times.slice(1).map((time, i) => time - times[i]!);
const output: Output = { start, sample, stop };
console.log(JSON.stringify(output));
