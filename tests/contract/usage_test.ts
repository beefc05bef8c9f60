import { describe, it } from "node:test";
import { assert } from "@std/assert";
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { detect } from "../../runtime_adapters/detect.ts";

const { memory, resources } = detect(globalThis);

const MB = 1e6;

/**
 * Returns `measure()` once it exceeds `threshold`. Bun counts some memory only at the next
 * collection, so this allocates garbage.
 */
function after(threshold: number, measure: () => number): number {
  for (let round = 0; round < 100 && measure() <= threshold; round++) {
    Array.from({ length: 100_000 }, (_, i) => ({ i }));
  }
  return measure();
}

describe("memory", () => {
  it("is in bytes: 100 MB add about 100 MB to rss", () => {
    const before = memory.rss();
    const taken = new Uint8Array(100 * MB).fill(1); // a page counts once it is written
    const grown = memory.rss() - before;
    assert(grown > 80 * MB && grown < 300 * MB, `rss grew by ${grown}`);
    assert(taken.at(-1) === 1);
  });

  it("has a peak in bytes, which stays when the memory is given back", () => {
    const taken = new ArrayBuffer(200 * MB);
    new Uint8Array(taken).fill(1);
    const rss = memory.rss();
    taken.transfer(0);
    // The kernel counts pages for each thread, and adds them up now and then.
    assert(memory.peakRss!()! > rss - 10 * MB && memory.peakRss!()! < 1e12, `${memory.peakRss!()} bytes, rss ${rss}`);
  });

  it("outside the heap is in bytes: 100 MB add at least 100 MB", () => {
    const taken = new Uint8Array(100 * MB).fill(1);
    const external = after(99 * MB, () => memory.heap!().external);
    assert(external > 99 * MB && external < 1e12, `${external} bytes`);
    assert(taken.at(-1) === 1);
  });

  it("of the heap is in bytes: a million objects add tens of bytes each", () => {
    const taken = Array.from({ length: 1_000_000 }, (_, i) => ({ i }));
    const used = after(4 * MB, () => memory.heap!().used);
    const { total } = memory.heap!();
    assert(used > 4 * MB && used < 1e12, `the heap takes ${used}`);
    assert(total > 0 && total < 1e12, `the heap has ${total}`);
    assert(taken.length === 1_000_000);
  });
});

describe("garbage", () => {
  const skip = memory.collect === undefined ? "only on Deno and Bun" : false;

  it("is collected when that is asked for, and nothing else is", { skip }, async () => {
    const kept = [{ i: -1 }];
    const references = [...Array.from({ length: 1_000 }, (_, i) => new WeakRef({ i })), new WeakRef(kept[0]!)];
    await sleep(10); // what was made in this turn stays to its end
    const there = (): number => references.filter((reference) => reference.deref() !== undefined).length;
    for (let round = 0; round < 20 && there() > 50; round++) {
      memory.collect!();
      await sleep(10);
    }
    assert(there() >= 1 && there() <= 50, `${there()} of 1000 objects are there`);
    assert(references.at(-1)!.deref() === kept[0]);
  });
});

describe("processor time", () => {
  it("is in seconds: at most the number of processors per second, and more than 0 while busy", () => {
    const start = performance.now();
    const before = resources!.cpuTime();
    while (performance.now() - start < 200);
    const after = resources!.cpuTime();
    const elapsed = (performance.now() - start) / 1000;
    const used = after.user - before.user + after.system - before.system;
    assert(used > 0.02, `${used} s is too little`);
    assert(used < elapsed * availableParallelism() + 0.1, `${used} s is too much in ${elapsed} s`);
  });

  it("has the time in the kernel apart", () => {
    const { user, system } = resources!.cpuTime();
    assert(user > 0 && system > 0 && user !== system);
  });
});
