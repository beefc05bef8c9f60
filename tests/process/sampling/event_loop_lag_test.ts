import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { readRows } from "../../support/process/recorded_rows.ts";
import { spawnOn, thisRuntime } from "../../support/process/run.ts";

/** Runs a fixture on the runtime of this test, and returns its output. */
async function run(name: string, ...args: string[]): Promise<string> {
  const fixture = fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
  const { code, stdout, stderr } = await spawnOn(thisRuntime, fixture, args).ended;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

describe("event loop lag", () => {
  it("is at least 150 ms when the loop was blocked for 200 ms", async () => {
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

describe("runtime samplers", () => {
  it("block a program with 500 MB of small objects for less than 1 ms per tick", async () => {
    const { heap, observations, ticks } = JSON.parse(await run("lag_large_heap.ts"));
    assert(heap > 500e6);
    assert(observations > ticks.length * 9);
    // The median excludes the load of other programs. A call that walks the heap takes tens of ms
    // each time.
    const median = ticks.toSorted((a: number, b: number) => a - b)[ticks.length >> 1];
    assert(median < 1, `${median} ms`);
  });
});
