import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { bunClock, bunLibcClock } from "../../runtime_adapters/bun/clock.ts";
import { denoLibcClock } from "../../runtime_adapters/deno/clock.ts";
import { detect, runtimeName } from "../../runtime_adapters/detect.ts";
import { performanceClock } from "../../runtime_adapters/web_api/performance_clock.ts";
import type { Clock } from "../../src/runtime.ts";

/** Allowed difference to `performance.now()`, which is coarser, ns. */
const COARSENESS = 2_000_000;

/** The largest exact integer of a double: 104 days in ns. */
const EXACT = Number.MAX_SAFE_INTEGER;

const runtime = runtimeName(globalThis);

const clocks: Record<string, () => Clock> = {
  "the clock of this runtime": () => detect(globalThis).clock,
  "the clock without the C library": runtime === "bun"
    ? () => bunClock((globalThis as unknown as { Bun: { nanoseconds(): number } }).Bun)
    : performanceClock,
};

for (const [name, make] of Object.entries(clocks)) {
  describe(name, () => {
    it("reads whole nanoseconds that never go back, a million times", () => {
      const { now } = make();
      let previous = now();
      for (let i = 0; i < 1_000_000; i++) {
        const time = now();
        if (!Number.isSafeInteger(time) || time < previous) assertEquals({ time, previous }, undefined);
        previous = time;
      }
      assert(previous > 0 && previous < EXACT);
    });

    it("advances in ns as performance.now does in ms", async () => {
      const { now } = make();
      const outerStart = performance.now();
      const start = now();
      const innerStart = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 100));
      const innerEnd = performance.now();
      const end = now();
      const outerEnd = performance.now();
      assert(end - start >= (innerEnd - innerStart) * 1e6 - COARSENESS, `${end - start} ns are too few`);
      assert(end - start <= (outerEnd - outerStart) * 1e6 + COARSENESS, `${end - start} ns are too many`);
    });

    it("has the epoch time of Date.now", () => {
      const { epoch } = make();
      const before = Date.now();
      const time = epoch();
      const after = Date.now();
      assert(time >= BigInt(before - 50) * 1_000_000n, `${time} is before ${before} ms`);
      assert(time <= BigInt(after + 50) * 1_000_000n, `${time} is after ${after} ms`);
    });

    it("advances with the epoch time", async () => {
      const { now, epoch } = make();
      const offset = epoch() - BigInt(now());
      await new Promise((resolve) => setTimeout(resolve, 100));
      const drift = epoch() - BigInt(now()) - offset;
      assert(drift > -50_000_000n && drift < 50_000_000n, `they came ${drift} ns apart in 100 ms`);
    });
  });
}

describe("clock of the C library", () => {
  const skip = runtime === "node" ? "only on Deno and Bun" : false;
  it("starts at 1 s, so that 0 can mean an unwritten row", { skip }, () => {
    const clock = runtime === "deno" ? denoLibcClock() : bunLibcClock();
    assert(typeof clock !== "string", String(clock));
    assert(clock.now() >= 1e9);
  });
});
