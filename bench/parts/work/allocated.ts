/**
 * Prints as JSON the bytes of the heap that one use of Kymo allocates, by round. Arguments:
 * directory, name of the use, bytes of the memory threshold.
 *
 * It reads the heap before and after. A round with a garbage collection does not count.
 */

import { strict as assert } from "node:assert";
import process from "node:process";
import { GCProfiler } from "node:v8";
import * as monitor from "@kymo/kymo";
import { checkOutcome } from "../../harness/published_files.ts";
import { CONTROLS, LEAST_OBJECT, type UseName, useOf } from "./uses.ts";

const ROUNDS = 5;
const MOST_ROUNDS = 25;

/** Rounds that warm up: after them the compilers have finished with the loop. */
const WARM_UP = 5;

/**
 * Uses per round: Bun reports the heap in blocks of 16 KiB, which is less than a tenth of a byte
 * per use.
 */
const TIMES = 200_000;

/** Clock reading above which neither runtime stores it as a small integer, ns. */
const OLD_ENOUGH = 2 ** 31;

const [monitoringDir = "", name = "", memoryThreshold = ""] = process.argv.slice(2);
const { use, samples } = useOf(name as UseName);

/** Bytes of a number of uses; `undefined` if garbage was collected in between. */
function taken(body: (times: number) => void): number | undefined {
  const profiler = new GCProfiler();
  profiler.start();
  const before = process.memoryUsage().heapUsed;
  body(TIMES);
  const bytes = process.memoryUsage().heapUsed - before;
  return profiler.stop()?.statistics.length === 0 ? bytes / TIMES : undefined;
}

// So that no timer flushes in between.
monitor.start({ monitoringDir, memoryThreshold: Number(memoryThreshold), flushInterval: 0 });
// In the first two seconds of a program a time in ns is a small integer, for which V8 needs no
// memory; after that it is boxed. The event loop must not turn: Bun collects garbage then, and does
// not report allocations in the gaps that this leaves.
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

// A result of zero is only valid if the meter still sees objects.
let seen: number | undefined;
for (let i = 0; i < MOST_ROUNDS && seen === undefined; i++) seen = taken(CONTROLS.objects);
assert.ok(seen !== undefined && seen >= LEAST_OBJECT, `${name}: the meter sees ${seen} bytes of an object`);

const { flushed } = monitor.status();
await monitor.stop();
checkOutcome(monitor.status(), (WARM_UP + rounds) * TIMES * samples);
console.log(JSON.stringify({ bytes, flushed }));
