/**
 * Prints, as JSON, how many bytes of the heap one use of Kymo takes each time, round by round. Arguments: directory, name of the use, bytes
 * of the memory threshold.
 *
 * The heap is read before and after; a round in which something was collected does not count.
 */

import { strict as assert } from "node:assert";
import process from "node:process";
import { GCProfiler } from "node:v8";
import * as monitor from "@kymo/kymo";
import { checkOutcome } from "../../harness/published_files.ts";
import { CONTROLS, LEAST_OBJECT, type UseName, useOf } from "./uses.ts";

const ROUNDS = 5;
const MOST_ROUNDS = 25;

/** Rounds before those that count: the compilers have finished with the loop by then. */
const WARM_UP = 5;

/** Bun tells the heap in blocks of 16 KiB: less than a tenth of a byte each time. */
const TIMES = 200_000;

/** From here on no clock reading is a small integer to either runtime, ns. */
const OLD_ENOUGH = 2 ** 31;

const [monitoringDir = "", name = "", memoryThreshold = ""] = process.argv.slice(2);
const { use, samples } = useOf(name as UseName);

/** Bytes that so many times took; `undefined` if some were collected meanwhile. */
function taken(body: (times: number) => void): number | undefined {
  const profiler = new GCProfiler();
  profiler.start();
  const before = process.memoryUsage().heapUsed;
  body(TIMES);
  const bytes = process.memoryUsage().heapUsed - before;
  return profiler.stop()?.statistics.length === 0 ? bytes / TIMES : undefined;
}

// No timer is to flush in between.
monitor.start({ monitoringDir, memoryThreshold: Number(memoryThreshold), flushInterval: 0 });
// In the first two seconds of a program a time in ns is a small integer, for which V8 needs no memory; after that it is a number in a box.
// The event loop must not turn meanwhile: Bun collects then, and does not tell any more what is allocated from the gaps that this leaves.
const sleeper = new Int32Array(new SharedArrayBuffer(4));
while (monitor.startDurationSample() < OLD_ENOUGH) Atomics.wait(sleeper, 0, 0, 50);
for (let i = 0; i < WARM_UP; i++) use(TIMES);
const bytes: number[] = [];
let rounds = 0;
for (; bytes.length < ROUNDS && rounds < MOST_ROUNDS; rounds++) {
  const round = taken(use);
  if (round !== undefined) bytes.push(round);
}
assert.equal(bytes.length, ROUNDS, `${name}: something was collected in almost every round`);

// That nothing was seen tells nothing unless objects are still seen now.
let seen: number | undefined;
for (let i = 0; i < MOST_ROUNDS && seen === undefined; i++) seen = taken(CONTROLS.objects);
assert.ok(seen !== undefined && seen >= LEAST_OBJECT, `${name}: the meter sees ${seen} bytes of an object`);

const { flushed } = monitor.status();
await monitor.stop();
checkOutcome(monitor.status(), (WARM_UP + rounds) * TIMES * samples);
console.log(JSON.stringify({ bytes, flushed }));
