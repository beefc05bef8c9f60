/**
 * A custom sampler and channel: the length of a queue, and the waiting times of its jobs.
 *
 * ```sh
 * deno run -A examples/queue_length.ts
 * ./node_modules/.bin/bun examples/queue_length.ts
 * ```
 *
 * @module
 */

import * as monitor from "@kymo/kymo";
import { parse as parseCsv } from "@kymo/kymo/core";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const queue: { readonly added: number }[] = [];

// A sampler is called at regular intervals. Its observations go to files called queue.<unique>.csv.
const queueLength: monitor.Sampler = {
  channel: "queue",
  sample: (sink) => sink.observe("queue length", queue.length),
};

// A channel takes observations whenever there is something to observe. Its files are called
// jobs.<unique>.csv.
const jobs = monitor.channel("jobs");

async function work(): Promise<void> {
  for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
    jobs.observe("waited, ms", performance.now() - job.added);
    await sleep(10);
  }
}

const monitoringDir = process.argv[2] ?? "_monitoring";
monitor.start({ monitoringDir, samplers: [queueLength], samplingInterval: 20 });
for (let i = 0; i < 20; i++) queue.push({ added: performance.now() });
await work();
await monitor.stop();

for (const name of await readdir(monitoringDir)) {
  if (!name.includes(`.${process.pid}-`) || !name.endsWith(".csv")) continue;
  const observations = parseCsv(await readFile(join(monitoringDir, name), "utf8"));
  const measurements = observations.map(({ measurement }) => Math.round(measurement));
  console.log(`${observations[0]?.label}: ${measurements.join(" ")}`);
}
