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

/** The lags of the recordings in a directory, s. */
function lagsIn(directory: string): number[] {
  const lags: number[] = [];
  readRows(directory, "runtime", (label, ...rest) => {
    if (label === "event loop lag") lags.push(rest.at(-1)!);
  });
  return lags;
}

describe("event loop lag", () => {
  const ends = {
    "turns": "when the loop was blocked for 200 ms",
    "stop": "when the loop was blocked until stop",
    "exit": "when the loop was blocked until process.exit",
    "end": "when the loop was blocked until the program ended",
    "throw": "when the loop was blocked until an uncaught error",
  };
  for (const [end, when] of Object.entries(ends)) {
    it(`is at least 150 ms ${when}`, async () => {
      using scratch = scratchDirectory();
      const fixture = fileURLToPath(new URL("./fixtures/lag_block.ts", import.meta.url));
      const { code } = await spawnOn(thisRuntime, fixture, [scratch.path, end]).ended;
      assertEquals(code, end === "throw" ? 1 : 0);
      const lags = lagsIn(scratch.path);
      assert(Math.max(...lags) >= 0.15, `${lags}`);
      assert(Math.min(...lags) >= 0 && Math.max(...lags) < 60, `${lags}`);
    });
  }

  it("of a worker does not contain the half second for which a profiler of its parent delays it", async () => {
    using scratch = scratchDirectory();
    // How long the worker waited is measured too, so that a loaded machine decides nothing.
    const { waited } = JSON.parse(await run("lag_profiled_parent.ts", scratch.path));
    const lags = lagsIn(scratch.path);
    assert(lags.length > 0);
    const rest = waited - (thisRuntime === "deno" ? 0.2 : 0);
    assert(Math.max(...lags) < Math.max(0.1, rest), `waited ${waited} s, lags ${lags}`);
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
