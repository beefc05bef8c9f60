import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { scratchDirectory } from "../support/scratch_directory.ts";
import { readRows } from "../support/process/recorded_rows.ts";
import { spawnOn, thisRuntime } from "../support/process/run.ts";

/** Runs a fixture on the runtime that runs this test, and returns what it prints. */
async function run(name: string, ...args: string[]): Promise<string> {
  const fixture = fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
  const { code, stdout, stderr } = await spawnOn(thisRuntime, fixture, args).ended;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

describe("the event loop", () => {
  it("that was blocked for 200 ms is seen to lag by 150 ms or more", async () => {
    using scratch = scratchDirectory();
    await run("lag_block.ts", scratch.path);
    const lags: number[] = [];
    readRows(scratch.path, "runtime", (label, ...rest) => {
      if (label === "event loop lag") lags.push(rest.at(-1)!);
    });
    assert(Math.max(...lags) >= 0.15, `${lags}`);
    assert(Math.min(...lags) >= 0 && Math.max(...lags) < 60, `${lags}`);
  });
});

describe("the samplers of the runtime", () => {
  it("hold up a program with 500 MB of small objects for less than a millisecond", async () => {
    const { heap, observations, ticks } = JSON.parse(await run("lag_large_heap.ts"));
    assert(heap > 500e6);
    assert(observations > ticks.length * 9);
    // The median: what else the machine does is no fault of theirs. A call that walks the heap takes tens of ms, each time.
    const median = ticks.toSorted((a: number, b: number) => a - b)[ticks.length >> 1];
    assert(median < 1, `${median} ms`);
  });
});
