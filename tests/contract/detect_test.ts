import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import process from "node:process";
import { detect, runtimeName } from "../../runtime_adapters/detect.ts";
import type { CapabilityName } from "../../src/runtime.ts";

describe("detection", () => {
  it("is by the globals that are given", () => {
    assertEquals(runtimeName({ Deno: {} }), "deno");
    assertEquals(runtimeName({ Bun: {} }), "bun");
    assertEquals(runtimeName({ Deno: {}, process: { versions: { bun: "1" } } }), "deno");
    assertEquals(runtimeName({ Bun: {}, process: { versions: { node: "24" } } }), "bun");
    assertEquals(runtimeName({ process: { versions: { node: "24" } } }), undefined);
    assertEquals(runtimeName({}), undefined);
  });

  it("finds the runtime that the task asked for", () => {
    const { name } = detect(globalThis);
    assertEquals(name, process.env["KYMO_EXPECT_RUNTIME"] ?? name);
    assertEquals(name, "Deno" in globalThis ? "deno" : "bun");
  });

  it("makes one adapter per isolate", () => {
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

describe("the adapter of this runtime", () => {
  const runtime = detect(globalThis);

  it("knows the process", () => {
    const versions = process.versions as Record<string, string | undefined>;
    assertEquals(runtime.version, versions[runtime.name]);
    assertEquals(runtime.pid, process.pid);
  });

  it("names isolates with eight hexadecimal digits, never the same", () => {
    const ids = Array.from({ length: 100 }, () => runtime.isolateId());
    for (const id of ids) assertMatch(id, /^[0-9a-f]{8}$/);
    assertEquals(new Set(ids).size, ids.length);
  });

  it("explains each capability that is absent, and no other", () => {
    const present: Record<CapabilityName, boolean> = {
      "clock.libc": runtime.clock.name === "clock_gettime",
      locks: runtime.files.locks,
      spool: runtime.files.map !== undefined,
      gc: runtime.gc !== undefined,
      "gc.uncollectable": false,
      heap: runtime.memory.heap !== undefined,
      resources: runtime.resources !== undefined,
      profiler: runtime.profiler !== undefined,
      signals: true,
    };
    for (const [name, isThere] of Object.entries(present)) {
      const why = runtime.unavailable[name as CapabilityName];
      assertEquals(why === undefined, isThere, `${name}: ${why}`);
      if (why !== undefined) assertMatch(why, /\S/);
    }
  });
});
