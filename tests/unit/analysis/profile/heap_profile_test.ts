import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { type CallNode, callTree } from "../../../../src/analysis/profile/call_tree.ts";
import { readHeapProfile } from "../../../../src/analysis/profile/heap_profile.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { inDirectory } from "../../../support/analysis/report_recording.ts";
import { readProfiles } from "../../../../src/report/data/profiles.ts";

/** A node as V8 writes it. */
function node(functionName: string, selfSize: number, ...children: object[]): object {
  const callFrame = { functionName, scriptId: "7", url: functionName === "(root)" ? "" : "file:///app/main.ts" };
  return { callFrame: { ...callFrame, lineNumber: 9, columnNumber: 4 }, selfSize, id: 1, children };
}

const FILE = JSON.stringify({
  head: node("(root)", 0, node("main", 1_000, node("load", 250_000), node("load", 50_000)), node("idle", 0)),
  samples: [{ size: 250_000, nodeId: 1, ordinal: 1 }],
});

type Brief = [name: string, self: number, total: number, ...Brief[]];

function brief({ function: { name }, self, total, children }: CallNode): Brief {
  return [name, Math.round(self), Math.round(total), ...children.map(brief)];
}

describe("a heap profile", () => {
  it("is a call tree of bytes", () => {
    const read = readHeapProfile(FILE);
    assert(read.ok);
    assertEquals(brief(callTree([read.value])), [
      "(root)",
      0,
      301_000,
      ["main", 1_000, 301_000, ["load", 300_000, 300_000]],
      ["idle", 0, 0],
    ]);
  });

  it("is refused if it is none", () => {
    for (
      const text of [
        "",
        "{",
        "null",
        "{}",
        '{"head":{}}',
        '{"head":{"selfSize":-1}}',
        '{"head":{"selfSize":1,"children":[7]}}',
      ]
    ) {
      assertEquals(readHeapProfile(text).ok, false, text);
    }
  });

  const { heapProfiler } = defaultRuntime();
  it("of this runtime is read", { skip: heapProfiler === undefined ? "only on Deno and Node" : false }, async () => {
    await heapProfiler!.start(1_024);
    const kept = Array.from({ length: 20_000 }, (_, i) => ({ i }));
    const read = readHeapProfile(JSON.stringify(await heapProfiler!.stop()));
    assert(read.ok && kept.length > 0);
    assert(callTree([read.value]).total > 100_000);
  });

  it("is in the report of its directory", async () => {
    await inDirectory({
      "profiler.7-0000000a-000001.heapprofile": FILE,
      "profiler.8-0000000a-000001.heapprofile": "{",
      "other.heapprofile": FILE,
    }, (directory) => {
      const { heapProfiles, profiles, problems } = readProfiles([directory], defaultRuntime().files);
      assertEquals(profiles, []);
      assertEquals(heapProfiles.map(({ name, of, tree }) => [name, of?.pid, tree.total]), [
        ["profiler.7-0000000a-000001.heapprofile", 7, 301_000],
      ]);
      assert(problems.length === 1 && problems[0]!.endsWith("not JSON, or cut off"), problems.join());
      return Promise.resolve();
    });
  });
});
