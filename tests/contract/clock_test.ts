import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { bunClock, bunLibcClock, bunThreadTime } from "../../runtime_adapters/bun/clock.ts";
import { openLibc } from "../../runtime_adapters/bun/libc.ts";
import { denoLibcClock } from "../../runtime_adapters/deno/clock.ts";
import { detect, runtimeName } from "../../runtime_adapters/detect.ts";
import { libcThreadTime } from "../../runtime_adapters/posix/clock.ts";
import { performanceClock } from "../../runtime_adapters/web_api/performance_clock.ts";
import { wallClock } from "../../runtime_adapters/web_api/wall_clock.ts";
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

describe("wall clock without Temporal", () => {
  const { Date, performance } = globalThis;

  it("tells µs, in the millisecond of Date.now", () => {
    const read = wallClock({ Date, performance });
    const fractions = new Set<bigint>();
    for (let i = 0; i < 1000; i++) {
      const before = Date.now();
      const time = read();
      const after = Date.now();
      assert(
        time >= BigInt(before) * 1_000_000n && time < BigInt(after + 1) * 1_000_000n,
        `${before} ${time} ${after}`,
      );
      assertEquals(time % 1000n, 0n);
      fractions.add(time % 1_000_000n);
    }
    assert(fractions.size > 10, `${fractions.size} different fractions of a millisecond`);
  });

  it("follows Date.now at once when the clock is set, and performance.now in between", () => {
    let [wall, monotonic] = [5_000, 100.25];
    const read = wallClock({ Date: { now: () => wall }, performance: { timeOrigin: 4_900, now: () => monotonic } });
    assertEquals(read(), 5_000_250_000n);
    monotonic += 0.5;
    assertEquals(read(), 5_000_750_000n);
    wall = 9_000_000;
    assertEquals(read(), 9_000_000_000_000n);
    wall = 4_000;
    assertEquals(read(), 4_000_999_000n);
  });
});

describe("processor time of this thread", () => {
  it("is that which the thread uses, in µs", { skip: runtime === "bun" ? false : "only on Bun" }, async () => {
    const calls = openLibc();
    const clocks: Record<string, (() => number) | string> = {
      "of the runtime": bunThreadTime(),
      "of the C library": libcThreadTime(process.platform, calls),
    };
    for (const [name, read] of Object.entries(clocks)) {
      assert(typeof read !== "string", `${name}: ${read}`);
      const start = read();
      await new Promise((resolve) => setTimeout(resolve, 100));
      const idle = read() - start;
      for (const end = performance.now() + 100; performance.now() < end;);
      const busy = read() - start - idle;
      assert(busy > 10_000 && busy < 150_000 && busy > idle, `${name}: busy ${busy} µs, idle ${idle} µs`);
    }
  });
});
