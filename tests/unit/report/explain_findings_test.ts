import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { whySlow } from "../../../src/report/findings/explain_findings.ts";
import { plain } from "../../support/analysis/report_recording.ts";

describe("the reason for slowness", () => {
  const group = { count: 10, examined: 10, time: 1 };
  const others = { ...group, count: 990 };
  const met = { slow: 10, others: 10 };
  const cases: [
    text: string | undefined,
    correlated: [kind: "duration" | "client" | "lag" | "gc", label: string, slow: number, others: number][],
    chance?: number,
  ][] = [
    ["98 % of the time of its 10 slowest runs was within “render”, as in all its runs.", [[
      "duration",
      "sort",
      0.6,
      0.5,
    ], [
      "duration",
      "render",
      0.98,
      0.97,
    ]]],
    ["44 % of the time of its 10 slowest runs was within “sync”, but only 7.6 % of the time of the others.", [[
      "duration",
      "sync",
      0.44,
      0.076,
    ]]],
    [
      "90 % of the time of its 10 slowest runs was spent on “→ api.example.com [GET]”, but only 20 % of the time of the others.",
      [["duration", "load", 0.95, 0.25], ["client", "api.example.com [GET]", 0.9, 0.2]],
    ],
    [undefined, [["duration", "what runs all the time", 0.99, 0.99]], 0.8],
    [
      "The event loop was blocked for 74 % of the time of its 10 slowest runs, but only 2 % of the time of the others: the slowest waited while something else ran.",
      [["lag", "event loop lag", 0.74, 0.02], ["gc", "gc pause", 0.5, 0.1], ["duration", "sync", 0.1, 0]],
    ],
    [
      "Garbage collection took about 50 % of the time around its 10 slowest runs, but only 10 % of the time around the others.",
      [["gc", "gc pause", 0.5, 0.1], ["lag", "event loop lag", 0.1, 0.02]],
    ],
    [undefined, [["gc", "gc pause", 0.15, 0.1]]],
    [undefined, []],
  ];
  for (const [text, correlated, chance = 0] of cases) {
    it(`is ${text ?? "unknown"} (${correlated.length} series)`, () => {
      const correlation = {
        label: "a",
        threshold: 1,
        slow: group,
        others,
        correlated: correlated.map(([kind, label, slow, others]) => ({ kind, label, share: { slow, others }, met })),
      };
      const explanation = whySlow(correlation, () => chance);
      assertEquals(explanation && plain(explanation), text);
    });
  }
});
