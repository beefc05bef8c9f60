import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import process from "node:process";
import { detect, runtimeName } from "../../runtime_adapters/detect.ts";
import type { CapabilityName } from "../../src/runtime.ts";

describe("runtime detection", () => {
  it("depends on the given globals only", () => {
    assertEquals(runtimeName({ Deno: {} }), "deno");
    assertEquals(runtimeName({ Bun: {} }), "bun");
    assertEquals(runtimeName({ Deno: {}, process: { versions: { bun: "1" } } }), "deno");
    assertEquals(runtimeName({ Bun: {}, process: { versions: { node: "24" } } }), "bun");
    assertEquals(runtimeName({ process: { versions: { node: "24" } } }), undefined);
    assertEquals(runtimeName({}), undefined);
  });

  it("finds the runtime that the task expects", () => {
    const { name } = detect(globalThis);
    assertEquals(name, process.env["KYMO_EXPECT_RUNTIME"] ?? name);
    assertEquals(name, "Deno" in globalThis ? "deno" : "bun");
  });

  it("makes one adapter for the globals of an isolate", () => {
    assert(detect(globalThis) === detect(globalThis));
  });

  it("throws for another runtime, with its name", () => {
    assertThrows(
      () => detect({ navigator: { userAgent: "Node.js/24" } }),
      Error,
      "Cannot record: Node.js/24: only Deno and Bun are supported",
    );
    assertThrows(() => detect({}), Error, "Cannot record: unknown runtime: only Deno and Bun are supported");
  });
});

describe("adapter of this runtime", () => {
  const runtime = detect(globalThis);

  it("has the version of the runtime and the PID", () => {
    const versions = process.versions as Record<string, string | undefined>;
    assertEquals(runtime.version, versions[runtime.name]);
    assertEquals(runtime.pid, process.pid);
  });

  it("draws a new isolate id of eight hexadecimal digits each time", () => {
    const ids = Array.from({ length: 100 }, () => runtime.isolateId());
    for (const id of ids) assertMatch(id, /^[0-9a-f]{8}$/);
    assertEquals(new Set(ids).size, ids.length);
  });

  it("gives a reason for each absent capability, and for no other", () => {
    const present: Record<CapabilityName, boolean> = {
      "clock.libc": runtime.clock.name === "clock_gettime",
      locks: runtime.files.locks,
      spool: runtime.files.map !== undefined,
      gc: runtime.gc !== undefined,
      "gc.uncollectable": false,
      heap: runtime.memory.heap !== undefined,
      resources: runtime.resources !== undefined,
      "rss.peak": runtime.memory.peakRss !== undefined,
      threads: runtime.watchLoop !== undefined,
      profiler: runtime.profiler !== undefined,
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
