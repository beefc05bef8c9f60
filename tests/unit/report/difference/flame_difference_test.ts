import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { differenceOf } from "../../../../src/report/difference/flame_difference.ts";
import type { DifferenceNode } from "../../../../src/report/shared/difference_data.ts";
import type { FlameNode } from "../../../../src/report/shared/report_data.ts";
import { describeNode, flamesOf } from "../../../../src/report/viewer/profile/difference_flames.ts";

/** A function with some time of its own. */
function call(name: string, place: string, self: number, ...children: FlameNode[]): FlameNode {
  return { name, place, self, total: self + children.reduce((sum, { total }) => sum + total, 0), children };
}

function root(...children: FlameNode[]): FlameNode {
  return call("PID 7", "", 0, ...children);
}

function nodesOf(node: DifferenceNode): DifferenceNode[] {
  return [node, ...node.children.flatMap(nodesOf)];
}

/** Names with the shares of both sides in percent. */
function shares(node: DifferenceNode): Record<string, [a: number, b: number]> {
  return Object.fromEntries(
    nodesOf(node).map(({ name, place, a, b }) => [`${name} ${place}`.trim(), [100 * a.total, 100 * b.total]]),
  );
}

describe("the difference of two sides' CPU profiles", () => {
  const a = [
    root(call("main", "app.ts:1", 10, call("parse", "app.ts:9", 30), call("old", "app.ts:20", 10))),
    root(call("main", "app.ts:1", 10, call("parse", "app.ts:9", 40))),
  ];
  const b = [root(call("main", "app.ts:3", 10, call("parse", "app.ts:15", 35), call("new", "new.ts:1", 5)))];

  it("has the shares of each side, whose differences add up to 0", () => {
    const tree = differenceOf({ a, b })!;
    const all = nodesOf(tree);
    assertAlmostEquals(all.reduce((sum, node) => sum + node.a.self, 0), 1, 1e-5);
    assertAlmostEquals(all.reduce((sum, node) => sum + node.b.self, 0), 1, 1e-5);
    assertAlmostEquals(all.reduce((sum, node) => sum + node.b.self - node.a.self, 0), 0, 1e-5);
    assertEquals(shares(tree), {
      all: [100, 100],
      "main app.ts:3": [100, 100],
      "parse app.ts:15": [70, 70],
      "old app.ts:20": [10, 0],
      "new new.ts:1": [0, 10],
    });
  });

  it("finds functions that have moved, also where a file has several of one name", () => {
    const before = [root(call("(anonymous)", "a.ts:5:1", 1), call("(anonymous)", "a.ts:9:1", 3))];
    const after = [root(call("(anonymous)", "a.ts:9:1", 1), call("(anonymous)", "a.ts:7:1", 3))];
    assertEquals(shares(differenceOf({ a: before, b: after })!), {
      all: [100, 100],
      "(anonymous) a.ts:9:1": [75, 25],
      "(anonymous) a.ts:7:1": [25, 75],
    });
    const fewer = differenceOf({ a: before, b: [root(call("(anonymous)", "a.ts:5:1", 2))] })!;
    assertEquals(shares(fewer), {
      all: [100, 100],
      "(anonymous) a.ts:5:1": [25, 100],
      "(anonymous) a.ts:9:1": [75, 0],
    });
  });

  it("adds what is too small to be seen to its caller", () => {
    const small = (self: number): FlameNode[] => [root(call("main", "", 1_000_000, call("tiny", "", self)))];
    const tree = differenceOf({ a: small(10), b: small(1) })!;
    assertEquals(nodesOf(tree).map(({ name, a, b }) => [name, a.self, b.self]), [["all", 0, 0], ["main", 1, 1]]);
  });

  it("is nothing if one side has no profile, or nothing ran", () => {
    assertEquals(differenceOf({ a, b: [] }), undefined);
    assertEquals(differenceOf({ a: [root()], b }), undefined);
  });

  it("is drawn with the widths of either side, or of both", () => {
    const tree = differenceOf({ a, b })!;
    const widths = (of: "a" | "b" | "both") =>
      flamesOf(tree, of).children[0]!.children.map(({ name, total }) => [name, Math.round(100 * total)]);
    assertEquals(widths("a"), [["parse", 70], ["old", 10], ["new", 0]]);
    assertEquals(widths("b"), [["parse", 70], ["old", 0], ["new", 10]]);
    assertEquals(widths("both"), [["parse", 70], ["old", 5], ["new", 5]]);
    const words = nodesOf(tree).map((node) => describeNode(node).replaceAll("\u00a0", " "));
    assert(words.includes("new (new.ts:1): only in B, 10.0 % of its CPU time"), words.join("\n"));
    assert(words.includes("old (app.ts:20): only in A, 10.0 % of its CPU time"), words.join("\n"));
    assert(words.includes("parse (app.ts:15): A 70.0 %, B 70.0 %, +0.00 points"), words.join("\n"));
    const all = { name: "all", place: "", children: [], a: { self: 0, total: 1 }, b: { self: 0, total: 1 - 1e-16 } };
    assert(describeNode(all).endsWith(", +0.00 points"));
  });
});
