import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { inSource } from "../../../src/profiling/source_positions.ts";
import type { CpuProfile, CpuProfileNode, SourcePosition } from "../../../src/runtime.ts";

const MODULE = "file:///app/main.ts";

function node(id: number, callFrame: Partial<CpuProfileNode["callFrame"]>, more?: Partial<CpuProfileNode>) {
  const unknown = { functionName: "f", scriptId: "1", url: MODULE, lineNumber: -1, columnNumber: -1 };
  return { id, callFrame: { ...unknown, ...callFrame }, hitCount: 0, ...more };
}

const root = node(1, { functionName: "(root)", scriptId: "0", url: "" }, { children: [2] });

function profileOf(second: CpuProfileNode): CpuProfile {
  return { nodes: [root, second], startTime: 10, endTime: 50, samples: [2, 2, 1], timeDeltas: [5, 10, 10] };
}

/** The second node of a profile, mapped. */
function mapped(second: CpuProfileNode, original: (position: SourcePosition) => SourcePosition | undefined) {
  return inSource(profileOf(second), original).nodes[1];
}

describe("a profile in source positions", () => {
  it("maps the definition of a function from 0 and its ticks from 1", () => {
    const asked: SourcePosition[] = [];
    const original = (position: SourcePosition) => {
      asked.push(position);
      return { ...position, line: position.line + 100, column: position.column + 7 };
    };
    const ticks = [{ line: 4, ticks: 2 }, { line: 5, ticks: 1 }];
    assertEquals(
      mapped(node(2, { lineNumber: 3, columnNumber: 16 }, { hitCount: 3, positionTicks: ticks }), original),
      node(2, { lineNumber: 103, columnNumber: 23 }, {
        hitCount: 3,
        positionTicks: [{ line: 104, ticks: 2 }, { line: 105, ticks: 1 }],
      }),
    );
    assertEquals(asked, [{ url: MODULE, line: 3, column: 16 }, { url: MODULE, line: 3, column: 0 }, {
      url: MODULE,
      line: 4,
      column: 0,
    }]);
  });

  it("leaves what is not known as it is", () => {
    const builtin = node(2, { url: "node:fs", lineNumber: 3, columnNumber: 1 }, {
      positionTicks: [{ line: 4, ticks: 1 }],
    });
    assertEquals(mapped(builtin, () => undefined), builtin);
  });

  it("asks nothing about a function without a position", () => {
    const nowhere = node(2, { functionName: "(program)", url: "" });
    assertEquals(mapped(nowhere, () => ({ url: MODULE, line: 1, column: 1 })), nowhere);
  });

  it("reports no line for code without source", () => {
    const helper = node(2, { lineNumber: 0, columnNumber: 9 }, { hitCount: 1, positionTicks: [{ line: 1, ticks: 1 }] });
    assertEquals(
      mapped(helper, ({ url }) => ({ url, line: -1, column: -1 })),
      node(2, { lineNumber: -1, columnNumber: -1 }, { hitCount: 1, positionTicks: [] }),
    );
  });

  it("keeps no ticks of another file than the function's", () => {
    const bundled = node(2, { lineNumber: 8, columnNumber: 0 }, {
      hitCount: 2,
      positionTicks: [{ line: 9, ticks: 1 }, { line: 20, ticks: 1 }],
    });
    const original = ({ line, column }: SourcePosition) => ({
      url: line < 10 ? "file:///a.ts" : "file:///b.ts",
      line,
      column,
    });
    assertEquals(mapped(bundled, original)?.callFrame.url, "file:///a.ts");
    assertEquals(mapped(bundled, original)?.positionTicks, [{ line: 9, ticks: 1 }]);
  });

  it("does not touch the profile it is given, nor samples and times", () => {
    const profile = profileOf(node(2, { lineNumber: 3, columnNumber: 0 }));
    const before = structuredClone(profile);
    const { nodes, ...rest } = inSource(profile, (position) => ({ ...position, line: 9 }));
    assertEquals(profile, before);
    assertEquals({ ...rest, nodes: profile.nodes }, profile);
    assertEquals(nodes.length, 2);
  });
});
