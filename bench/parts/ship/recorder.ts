/**
 * A program that records at a steady rate until it is killed. Arguments: directory, samples a second,
 * flush interval in ms.
 */

import * as monitor from "@kymo/kymo";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { ROUTES } from "./recording.ts";

const [monitoringDir = "", rate, flushInterval] = process.argv.slice(2);

monitor.start({ monitoringDir, withRuntime: false, flushInterval: Number(flushInterval) });
const begin = performance.now();
for (let samples = 0;; await sleep(5)) {
  const due = Math.floor((performance.now() - begin) * Number(rate) / 1000);
  for (; samples < due; samples++) {
    monitor.stopDurationSample(ROUTES[samples % ROUTES.length]!, monitor.startDurationSample());
  }
}
