import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import type { SlowCorrelation } from "../../../../src/analysis/slow/slow_correlation.ts";
import { groupByCause } from "../../../../src/report/findings/causes.ts";
import { describeModes } from "../../../../src/report/findings/modes.ts";
import { factorsOf, sureness } from "../../../../src/report/findings/why_slow.ts";
import type { Finding } from "../../../../src/report/shared/report_data.ts";
import { plain } from "../../../support/analysis/report_recording.ts";

/** A series that was active: its shares of the time, how many of 100 others met it, and its longest one. */
type Active = [
  kind: "duration" | "client" | "lag" | "gc",
  label: string,
  slow: number,
  others: number,
  more?: { met?: number; longest?: number; chance?: number },
];

function correlationOf(active: readonly Active[], different: Partial<SlowCorrelation> = {}): SlowCorrelation {
  return {
    label: "a",
    threshold: 1,
    slow: { count: 10, examined: 10, time: 1 },
    others: { count: 990, examined: 100, time: 1 },
    correlated: active.map(([kind, label, slow, others, { met = 100, longest = slow, chance = 1e-9 } = {}]) => ({
      kind,
      label,
      share: { slow, others },
      longest: { slow: longest, others },
      met: { slow: 10, others: met },
      chance,
    })),
    queueing: { slow: 0, others: 0, chance: 1 },
    ...different,
  };
}

const context = {
  chance: () => 0,
  expected: () => 0,
  time: (timepoint: bigint) => `${timepoint}`,
  nameProcess: (pid: bigint) => `PID ${pid}`,
};

describe("what sets slow durations apart", () => {
  const cases: [
    text: string | undefined,
    active: Active[],
    different?: Partial<SlowCorrelation>,
    chances?: Partial<typeof context>,
  ][] = [
    ["“render” ran for 98 % of the time of its 10 slowest runs, as in all its runs.", [
      ["duration", "sort", 0.6, 0.5],
      ["duration", "render", 0.98, 0.97, { longest: 0.1 }],
    ]],
    [
      "“render” ran for 98 % of the time of its 10 slowest runs, as in all its runs: 98.0 ms each, and 9.70 ms in the others.",
      [
        ["duration", "sort", 0.6, 0.5],
        ["duration", "render", 0.98, 0.97],
      ],
    ],
    ["“sync” ran for 44 % of the time of its 10 slowest runs, but only 7.6 % of the time of the others.", [
      ["duration", "sync", 0.44, 0.076],
    ]],
    ["“sync” ran for 94 % of the time of its 10 slowest runs, but only 10 % of the others met it.", [
      ["duration", "sync", 0.94, 0.93, { met: 10 }],
    ]],
    ["“sync” ran for 94 % of the time of its 10 slowest runs, but none of the others met it.", [
      ["duration", "sync", 0.94, 0, { met: 0 }],
    ]],
    ["“parse” ran for 93 % of the time of its 10 slowest runs, but only 20 % of the time of the others.", [
      ["duration", "load", 0.95, 0.2],
      ["duration", "parse", 0.93, 0.2],
    ]],
    [
      "90 % of the time of its 10 slowest runs was spent on “→ api.example.com [GET]”, but only 20 % of the time of the others.",
      [["duration", "load", 0.95, 0.25], ["client", "api.example.com [GET]", 0.9, 0.2]],
    ],
    [undefined, [["duration", "what runs all the time", 0.99, 0.99, { longest: 0.1 }]], {}, { chance: () => 0.8 }],
    [undefined, [["duration", "what is often long", 0.99, 0.2]], {}, { chance: () => 3, expected: () => 0.8 }],
    [
      "95 % of the time of its 10 slowest runs was spent on “→ api.example.com [GET]”, but only 20 % of the time of the others.",
      [["client", "api.example.com [GET]", 0.95, 0.2]],
      {},
      // Some are under way all the time, but few lie wholly within 100 ms.
      {
        chance: () => 3,
        expected: (...of: unknown[]) => String(of) === "→ api.example.com [GET],0.0475,0.1" ? 0.1 : 9,
      },
    ],
    [undefined, [["duration", "what differs by chance", 0.4, 0.1, { chance: 0.02 }]]],
    [
      "The event loop was blocked for 74 % of the time of its 10 slowest runs, but only 2 % of the time of the others: " +
      "they waited for garbage collection.",
      [["lag", "event loop lag", 0.74, 0.02], ["gc", "gc pause", 0.5, 0.1], ["duration", "sync", 0.1, 0]],
    ],
    [
      "The event loop was blocked for 74 % of the time of its 10 slowest runs, but only 2 % of the time of the others: " +
      "they waited while “/report [GET]” ran.",
      [["lag", "event loop lag", 0.74, 0.02], ["duration", "/report [GET]", 0.75, 0.02]],
    ],
    [
      "The event loop was blocked for 74 % of the time of its 10 slowest runs, but only 2 % of the time of the others: " +
      "they waited while something else ran.",
      [["lag", "event loop lag", 0.74, 0.02]],
    ],
    [
      "Garbage collection took about 50 % of the time around its 10 slowest runs, but only 10 % of the time around the others.",
      [["gc", "gc pause", 0.5, 0.1], ["lag", "event loop lag", 0.1, 0.02]],
    ],
    [undefined, [["gc", "gc pause", 0.15, 0.1]]],
    // A request of the same process is not called by another one.
    [undefined, [["duration", "/report [GET]", 0.9, 0.1]]],
    [
      "When its 10 slowest runs began, 14 others of a were under way (median), but only 1 when the others began: " +
      "they waited in a queue.",
      // What works off the queue runs all the time, in short pieces.
      [["duration", "work", 0.98, 0.6, { longest: 0.05 }]],
      { queueing: { slow: 14, others: 1, chance: 1e-9 } },
    ],
    [
      "100 % of its 10 slowest runs are of PID 7, but only 10 % of the others.",
      [],
      { process: { pid: 7n, isolate: "", share: { slow: 1, others: 0.1 }, chance: 1e-9 } },
    ],
    [
      "90 % of its 10 slowest runs were from 3 to 4, but only 10 % of the others.",
      [],
      { time: { from: 3n, to: 4n, share: { slow: 0.9, others: 0.1 }, chance: 1e-9 } },
    ],
    [undefined, []],
  ];
  for (const [text, active, different, chances] of cases) {
    it(`is ${text ?? "unknown"} (${active.length} series)`, () => {
      const [first] = factorsOf(correlationOf(active, different), { ...context, ...chances });
      assertEquals(first && plain(first.text), text);
    });
  }

  it("is told with how sure that is", () => {
    const of = correlationOf([]);
    assertEquals([1e-9, 2e-4, 5e-3, 0.04, 1].map((chance) => plain(sureness({ chance }, of)).replace(/[;:] .*/, "")), [
      "sure",
      "sure",
      "likely",
      "uncertain, by chance 4 % of the time",
      "the same share in all",
    ]);
    assert(sureness({ chance: 1e-9 }, of).endsWith("10 slow and 100 other ones were compared"));
  });
});

describe("findings with one cause", () => {
  const finding = (text: string, weight: Finding["weight"], causes: string[], kind: Finding["kind"] = "latency") => ({
    kind,
    weight,
    text,
    causes,
  });
  const told = (cards: readonly Finding[]): string[] =>
    cards.map(({ text, also = [] }) => [text, ...also.map(({ text }) => text)].join(" + "));

  it("share a card, the worst first, also if they are connected by others only", () => {
    assertEquals(
      told(groupByCause([
        finding("a", "note", ["1"]),
        finding("b", "attention", ["2"]),
        finding("c", "note", []),
        finding("d", "attention", ["3"]),
        finding("e", "bad", ["1", "2"]),
        finding("f", "bad", ["4"]),
      ])),
      ["e + b + a", "f", "d", "c"],
    );
  });
  it("begin with what comes first of equals: memory, stalls, garbage collection", () => {
    assertEquals(
      told(groupByCause([
        finding("slow", "bad", ["x"]),
        finding("gc", "bad", ["x"], "gc"),
        finding("stall", "bad", ["x"], "stall"),
        finding("memory", "bad", ["x"], "memory"),
      ])),
      ["memory + stall + gc + slow"],
    );
  });
});

it("modes are told in words", () => {
  const modes = [[0.604, 0.003], [0.2961, 0.0445], [0.0995, 0.388]].map(([share, around]) => ({
    share: share!,
    around: around!,
    from: 0,
  }));
  assertEquals(plain(describeModes(modes)), "60 % around 3.00 ms, 30 % around 44.5 ms, 10 % around 388 ms");
});
