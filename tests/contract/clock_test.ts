import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { bunClock, bunLibcClock } from "../../runtime_adapters/bun/clock.ts";
import { denoLibcClock, performanceClock } from "../../runtime_adapters/deno/clock.ts";
import { detect } from "../../runtime_adapters/detect.ts";
import type { Clock } from "../../src/runtime.ts";

/** What `performance.now()` may be coarser by than the clock under test, ns. */
const COARSENESS = 2_000_000;

/** A double is exact up to here, which in ns is 104 days. */
const EXACT = Number.MAX_SAFE_INTEGER;

const isDeno = "Deno" in globalThis;

const clocks: Record<string, () => Clock> = {
  "the clock of this runtime": () => detect(globalThis).clock,
  "the clock without the C library": isDeno
    ? performanceClock
    : () => bunClock((globalThis as unknown as { Bun: { nanoseconds(): number } }).Bun),
};

for (const [name, make] of Object.entries(clocks)) {
  describe(name, () => {
    it("reads whole nanoseconds that never go back, a million times over", () => {
      const { now } = make();
      let previous = now();
      for (let i = 0; i < 1_000_000; i++) {
        const time = now();
        if (!Number.isSafeInteger(time) || time < previous) assertEquals({ time, previous }, undefined);
        previous = time;
      }
      assert(previous > 0 && previous < EXACT);
    });

    it("counts nanoseconds, as performance.now counts milliseconds", async () => {
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

    it("tells the epoch time that Date.now tells", () => {
      const { epoch } = make();
      const before = Date.now();
      const time = epoch();
      const after = Date.now();
      assert(time >= BigInt(before - 50) * 1_000_000n, `${time} is before ${before} ms`);
      assert(time <= BigInt(after + 50) * 1_000_000n, `${time} is after ${after} ms`);
    });

    it("goes with the epoch time", async () => {
      const { now, epoch } = make();
      const anchor = epoch() - BigInt(now());
      await new Promise((resolve) => setTimeout(resolve, 100));
      const drift = epoch() - BigInt(now()) - anchor;
      assert(drift > -50_000_000n && drift < 50_000_000n, `they came ${drift} ns apart in 100 ms`);
    });
  });
}

describe("the clock of the C library", () => {
  it("begins a second after 0, which is the time of what was never written", () => {
    const clock = isDeno ? denoLibcClock() : bunLibcClock();
    assert(typeof clock !== "string", String(clock));
    assert(clock.now() >= 1e9);
  });
});
