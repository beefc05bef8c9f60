/**
 * An app for bundlers that takes a CPU profile of itself: for a while it calls nothing but Kymo, then
 * it works three times as long. Argument: the directory.
 *
 * @module
 */

import process from "node:process";
import { start, startDurationSample, stop, stopDurationSample } from "@kymo/kymo";

const [directory = "recorded"] = process.argv.slice(2);

function work(duration: number): number {
  let sum = 0;
  for (const end = performance.now() + duration; performance.now() < end;) sum += Math.sqrt(sum + 1);
  return sum;
}

function measure(duration: number): void {
  for (const end = performance.now() + duration; performance.now() < end;) {
    for (let i = 0; i < 1_000; i++) stopDurationSample("measured", startDurationSample());
  }
}

async function main(): Promise<void> {
  start({ monitoringDir: directory, withProfiler: true });
  measure(200);
  work(600);
  await stop();
}

void main();
