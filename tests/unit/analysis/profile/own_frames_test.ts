import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type CallNode, callTree } from "../../../../src/analysis/profile/call_tree.ts";
import { foldOwnFrames } from "../../../../src/analysis/profile/own_frames.ts";
import type { CpuProfile } from "../../../../src/runtime.ts";
import { profileOf } from "../../../support/analysis/profile_stacks.ts";

/** Functions that begin with "kymo" are Kymo's, with "native" the runtime's, others the program's. */
function placed(profile: CpuProfile): CpuProfile {
  const urlOf = (name: string): string =>
    name.startsWith("kymo") ? "kymo.ts" : name.startsWith("native") || name.startsWith("(") ? "" : "app.ts";
  return {
    ...profile,
    nodes: profile.nodes.map((node) => ({
      ...node,
      callFrame: { ...node.callFrame, url: urlOf(node.callFrame.functionName) },
    })),
  };
}

const isOwn = (url: string): boolean => url === "kymo.ts";

/** The stacks of a tree that took time, in ms. */
function stacksOf(profile: CpuProfile): Record<string, number> {
  const stacks: Record<string, number> = {};
  const walk = (node: CallNode, stack: string): void => {
    for (const child of node.children) {
      const path = `${stack} ${child.function.name}`.trim();
      if (child.self > 0) stacks[path] = Math.round(child.self * 1e3);
      walk(child, path);
    }
  };
  walk(callTree([profile]), "");
  return stacks;
}

const folded = (stacks: readonly (readonly [string, number])[]) =>
  stacksOf(foldOwnFrames(placed(profileOf(stacks)), isOwn));

describe("foldOwnFrames", () => {
  it("gives what the program calls through Kymo to the program's caller", () => {
    assertEquals(folded([["main kymoTimed work", 10], ["main work", 5], ["main kymoWrapper kymoTimed work a", 1]]), {
      "main work": 15,
      "main work a": 1,
    });
  });

  it("makes Kymo's own time, with all that it calls of the runtime, one callee of its caller", () => {
    const stacks = [
      ["main kymoTimed", 3],
      ["main kymoTimed kymoObserve", 2],
      ["main kymoTimed nativeNow", 1],
      ["main nativeNow", 7],
      ["kymoFlush nativeWrite", 4],
    ] as const;
    assertEquals(folded(stacks), { "main (kymo)": 6, "main nativeNow": 7, "(kymo)": 4 });
  });

  it("finds the program again behind a function of the runtime that Kymo called", () => {
    assertEquals(folded([["main kymoTimed nativeThen work", 8], ["main kymoTimed nativeThen kymoStop", 2]]), {
      "main work": 8,
      "main (kymo)": 2,
    });
  });

  it("keeps time and samples, and the form of a profile", () => {
    const before = placed(profileOf([["main kymoTimed work", 10], ["main kymoTimed", 5], ["(idle)", 5]]));
    const after = foldOwnFrames(before, isOwn);
    const [a, b] = [callTree([before]), callTree([after])];
    assertEquals([b.total, after.samples?.length], [a.total, before.samples?.length]);
    assertEquals(after.nodes[0]!.callFrame.functionName, "(root)");
    assertEquals(new Set(after.nodes.map(({ id }) => id)).size, after.nodes.length);
    const hits = (profile: CpuProfile) => profile.nodes.reduce((sum, { hitCount = 0 }) => sum + hitCount, 0);
    assertEquals(hits(after), hits(before));
  });

  it("leaves a profile without frames of Kymo as it is", () => {
    const profile = placed(profileOf([["main work", 10]]));
    assert(foldOwnFrames(profile, isOwn) === profile);
  });

  it("folds stacks deeper than our own", () => {
    const stack = Array.from({ length: 50_000 }, (_, i) => i % 2 === 0 ? "kymoTimed" : "work").join(" ");
    const { nodes } = foldOwnFrames(placed(profileOf([[stack, 10]])), isOwn);
    assertEquals(nodes.filter(({ callFrame }) => callFrame.functionName === "work").length, 25_000);
  });
});
