import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { detect, runtimeName } from "../../runtime_adapters/detect.ts";
import { isAtLeast } from "../../runtime_adapters/version.ts";
import type { CapabilityName, CpuProfiler } from "../../src/runtime.ts";
import { commandOf, spawnCommand } from "../support/process/run.ts";

describe("runtime detection", () => {
  it("depends on the given globals only", () => {
    assertEquals(runtimeName({ Deno: {} }), "deno");
    assertEquals(runtimeName({ Bun: {} }), "bun");
    assertEquals(runtimeName({ Deno: {}, process: { versions: { bun: "1" } } }), "deno");
    assertEquals(runtimeName({ Bun: {}, process: { versions: { node: "24" } } }), "bun");
    const node = { versions: { node: "24.1.0" }, release: { name: "node" } };
    assertEquals(runtimeName({ Deno: {}, process: node }), "deno");
    assertEquals(runtimeName({ Bun: {}, process: node }), "bun");
    assertEquals(runtimeName({ process: node }), "node");
    assertEquals(runtimeName({ process: node, navigator: { userAgent: "Mozilla/5.0 jsdom/29" } }), "node");
    assertEquals(runtimeName({ process: node, navigator: { userAgent: "Cloudflare-Workers" } }), undefined);
    assertEquals(runtimeName({ process: { versions: {} } }), undefined);
    assertEquals(runtimeName({}), undefined);
  });

  it("finds the runtime that the task expects", () => {
    const { name } = detect(globalThis);
    assertEquals(name, process.env["KYMO_TEST_RUNTIME"] ?? name);
    assertEquals(name, "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node");
  });

  it("makes one adapter for the globals of an isolate", () => {
    assert(detect(globalThis) === detect(globalThis));
  });

  it("throws for another runtime, with its name and what it lacks, in one line", () => {
    const cases: [globals: object, runtime: string][] = [
      [{ navigator: { userAgent: "Mozilla/5.0 Chrome/140" } }, "Mozilla/5.0 Chrome/140"],
      [{ process: { versions: { node: "20.20.2" }, release: { name: "node" } } }, "Node 20.20.2"],
      [{ process: { versions: { node: "22.2.0" }, release: { name: "node" } } }, "Node 22.2.0"],
      [{}, "unknown runtime"],
    ];
    const why = "only Deno, Bun and Node from 22.3 on have the files, the process and the exit hooks that it needs";
    for (const [globals, runtime] of cases) {
      assertEquals(assertThrows(() => detect(globals), Error).message, `Cannot run Kymo: ${runtime}: ${why}`);
    }
  });
});

describe("isAtLeast", () => {
  it("compares versions by their numbers", () => {
    for (const version of ["1.3.7", "1.3.10", "1.4.0", "2.0.0", "1.4.0-canary.20260826.1"]) {
      assert(isAtLeast(version, "1.3.7"), version);
    }
    for (const version of ["1.3.6", "1.2.23", "0.9.9", "1.3"]) assert(!isAtLeast(version, "1.3.7"), version);
    assert(isAtLeast("2.8.0", "2.8") && isAtLeast("2.10.0", "2.8") && !isAtLeast("2.7.14", "2.8"));
  });
});

/** The line at which a profile shows the first line of this module. */
function lineOf(profiler: CpuProfiler): number {
  return profiler.sourcePosition({ url: import.meta.url, line: 0, column: 0 })?.line ?? 0;
}

describe("adapter of this runtime", () => {
  const runtime = detect(globalThis);

  it("has the version of the runtime and the PID", () => {
    const versions = process.versions as Record<string, string | undefined>;
    assertEquals(runtime.version, versions[runtime.name]);
    assertEquals(runtime.pid, process.pid);
  });

  it("digests bytes with SHA-256", () => {
    // From FIPS 180-4.
    const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assertEquals(runtime.sha256!(new TextEncoder().encode("-abc-").subarray(1, 4)), abc);
  });

  it("draws a new isolate id of eight hexadecimal digits each time", () => {
    const ids = Array.from({ length: 100 }, () => runtime.isolateId());
    for (const id of ids) assertMatch(id, /^[0-9a-f]{8}$/);
    assertEquals(new Set(ids).size, ids.length);
  });

  if (runtime.name === "node") {
    it("names the flag that --permission lacks for each thing", async () => {
      const fixture = fileURLToPath(new URL("./fixtures/permitted_on_node.ts", import.meta.url));
      const root = fileURLToPath(new URL("../..", import.meta.url));
      const say = async (...flags: string[]) => {
        const [node = "", ...words] = commandOf("node", fixture, ["/nowhere"]);
        const command = [node, "--permission", `--allow-fs-read=${root}`, ...flags, ...words];
        const { code, stdout, stderr } = await spawnCommand(command).ended;
        assertEquals(code, 0, stderr);
        return JSON.parse(stdout);
      };
      const { unavailable: { threads, profiler }, denied } = await say();
      assertEquals(threads, "needs --allow-worker");
      assertMatch(profiler, /^(needs --allow-inspector|Node before 24 has no inspector with --permission)$/);
      assertEquals(denied, "needs --allow-fs-read=/nowhere and --allow-fs-write=/nowhere");
      const permitted = await say("--allow-worker", "--allow-fs-read=/nowhere", "--allow-fs-write=/nowhere");
      assertEquals([permitted.unavailable.threads, permitted.denied], [undefined, undefined]);
    });
  }

  it("gives a reason for each absent capability, and for no other", () => {
    const present: Record<CapabilityName, boolean> = {
      "clock.libc": runtime.clock.name === "clock_gettime",
      locks: runtime.files.locks,
      append: true, // it is `locks` that says why not
      spool: runtime.files.map !== undefined,
      freeSpace: runtime.files.freeBytes !== undefined,
      gc: runtime.gc !== undefined,
      "gc.uncollectable": false,
      heap: runtime.memory.heap !== undefined,
      resources: runtime.resources !== undefined,
      "rss.peak": runtime.memory.peakRss !== undefined,
      threads: runtime.watchLoop !== undefined,
      profiler: runtime.profiler !== undefined,
      // The line of this module's first import.
      "profiler.lines": runtime.profiler !== undefined && lineOf(runtime.profiler) !== -1,
      "profiler.heap": runtime.heapProfiler !== undefined,
      host: runtime.programFacts().host !== undefined,
      signals: true,
    };
    for (const [name, isThere] of Object.entries(present)) {
      const why = runtime.unavailable[name as CapabilityName];
      assertEquals(why === undefined, isThere, `${name}: ${why}`);
      if (why !== undefined) assertMatch(why, /\S/);
    }
  });
});
