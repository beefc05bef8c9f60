import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import type { FindingInputs, Stalls } from "../../../../src/report/findings/finding_inputs.ts";
import { withTimesOfDay } from "../../../../src/report/shared/clock_times.ts";
import { findWhatStandsOut, toCards } from "../../../../src/report/findings/what_stands_out.ts";
import type { Finding } from "../../../../src/report/shared/report_data.ts";
import { processOf } from "../../../support/fake/report_data.ts";
import { frame, inputs, level, series } from "../../../support/fake/finding_inputs.ts";
import { plain } from "../../../support/analysis/report_recording.ts";

const MB = 1e6;

/** Weight, text and reason of each finding; those that share the card of another one are indented. */
function findings(different: Partial<FindingInputs>, pids?: readonly number[]): string[] {
  return cardsOf(inputs(different, pids)).flatMap(({ also = [], ...first }) =>
    [first, ...also].map(({ weight, text, because }, i) =>
      plain(
        withTimesOfDay(`${i === 0 ? "" : "  "}${weight}: ${text}${because === undefined ? "" : ` ${because}`}`, (at) =>
          `[${at / 1e9} s]`),
      )
    )
  );
}

function cardsOf(inputs: FindingInputs): Finding[] {
  return toCards(findWhatStandsOut(inputs), inputs);
}

const even = [series("/a [GET]", 0.01), series("/b [GET]", 0.012), series("/c [GET]", 0.011)];
const even3 = even.map(({ label }) => series(label, 0.01));
const nothing = "note: Nothing stands out";
const even1 = "none became slower, or has typical times far from each other";
const tooFew = "note: Too few to tell: of 10,000 observations nothing can be said.";
const stallsBy: Stalls["by"] = [{ what: { label: "render" }, count: 16, sum: 2.7 }, {
  what: "unknown",
  count: 2,
  sum: 0.3,
}];

/** A recording of six seconds, in 100 bins. */
function shortLives(): Partial<FindingInputs> {
  const bins = { width: 66e6, count: 100 };
  const span = bins.width * bins.count;
  return {
    span,
    bins,
    processes: [1, 2].map((pid, line) => ({ ...processOf(pid, line, 100, span), name: `orders@web-${pid}` })),
  };
}

describe("the findings of a report", () => {
  const cases: [what: string, texts: string[], inputs: Partial<FindingInputs>, pids?: number[]][] = [
    ["nothing that can be checked", [tooFew], {}],
    ["an even service", [
      `${nothing}: no request failed, no kind of request is much slower than the others, ${even1}. ` +
      "/b [GET] took the most time in total, 36.4 % of the time of all requests: 1,000 requests of 12.0 ms on average.",
    ], { durations: even }],
    ["even runs", [`${nothing}: no kind of run is much slower than the others, ${even1}.`], {
      durations: ["a", "b", "c", "d"].map((label) => series(label, 0.01)),
    }],
    ["a calm runtime", [
      `${nothing}: the event loop was never blocked for 50 ms, garbage collection took little time, memory did not grow much.`,
    ], {
      quantities: [
        level("event loop lag", "s", () => 0.01),
        level("gc pause", "s", () => 0.001),
        level("rss", "bytes", (time) => 80 * MB + 4 * MB * time),
      ],
    }],
    ["a slow series among code blocks", [
      "attention: /slow [GET] is the slowest: half of its 1,000 requests took more than 200 ms, and 1 % more than 600 ms, " +
      "which is 18.2 times the median p99 of the others. It took 85.8 % of the time of all requests.",
    ], { durations: [series("/slow [GET]", 0.2), series("render", 0.19), ...even] }],
    ["a very slow one", [
      "bad: b is the slowest: half of its 1,000 runs took more than 2.00 s, and 1 % more than 6.00 s, " +
      "which is 200 times the median p99 of the others. It took 99.5 % of the time of all runs.",
    ], { durations: [series("a", 0.01), series("b", 2)] }],
    ["too few durations to say anything", [`${tooFew} 2 labels have too few runs to tell.`], {
      durations: [series("a", 0.01, { count: 9 }), series("b", 2, { count: 9 })],
    }],
    ["a rare slow series, which takes most of the time", [
      "bad: /export [GET] is the slowest: half of its 45 requests took more than 8.00 s, the longest 48.0 s; its median is " +
      "242 times the median p99 of the others. It took 91.6 % of the time of all requests.",
    ], { durations: [...even, series("/export [GET]", 8, { count: 45 })] }],
    ["one with few durations beside others", [
      `${nothing}: no request failed, no kind of request is much slower than the others, ${even1}. ` +
      "/b [GET] took the most time in total, 36.3 % of the time of all requests: 1,000 requests of 12.0 ms on average. " +
      "1 label has too few requests to tell.",
    ], { durations: [...even, series("/export [GET]", 0.01, { count: 3 })] }],
    ["a long tail", [
      "attention: /a [GET] is uneven: half of its requests took at most 10.0 ms, but 1 % more than 300 ms, 30 times as long; " +
      "the longest took 600 ms.",
    ], { durations: [series("/a [GET]", 0.01, { p99: 30 })] }],
    [
      "a stall",
      [
        "bad: The event loop of the process was blocked 18 times for at least 50 ms, 3.00 s in total; the longest stall took 1.20 s at " +
        `[178.2 s]. “render” took most of 16, 2.70 s in total; in 2 nothing that was recorded ran for half of the time, 300 ms in total.`,
      ],
      { stalls: [{ process: 0, count: 18, sum: 3, longest: 1.2, at: 179.4e9, by: stallsBy }] },
    ],
    [
      "stalls of several processes",
      [
        `attention: The event loop of PID 2 was blocked for 120 ms at [0.8796 s].`,
        `note: The event loop of PID 1 was blocked for 60.0 ms at [1.94 s]. Garbage collection took most of it.`,
      ],
      {
        stalls: [
          { process: 0, count: 1, sum: 0.06, longest: 0.06, at: 2e9, by: [{ what: "gc", count: 1, sum: 0.06 }] },
          { process: 1, count: 1, sum: 0.12, longest: 0.1204, at: 1e9, by: [] },
        ],
      },
      [1, 2],
    ],
    [
      "much garbage",
      [
        "attention: Garbage collection took 8 % of the time of the process: 1,204 pauses, 48.0 s in total, the longest 45.0 ms " +
        `before [10 s].`,
      ],
      { gcPauses: [{ process: 0, count: 1_204, sum: 48, longest: 0.045, at: 10e9 }] },
    ],
    ["little garbage", [tooFew], { gcPauses: [{ process: 0, count: 9, sum: 0.1, longest: 0.045, at: 10e9 }] }],
    ["memory that grows", [
      "bad: The memory (RSS) of the process grew from 96.1 MB to 240 MB within 8 min 54 s " +
      `from [63 s] on, about 16.2 MB per minute; ` +
      "its used heap grew too, from 49.1 MB to 130 MB.",
    ], {
      quantities: [
        level("rss", "bytes", (time) => 80 * MB + 160 * MB * time + 2 * MB * Math.sin(90 * time)),
        level("heap used", "bytes", (time) => 40 * MB + 90 * MB * time),
      ],
    }],
    ["memory that grows and falls", [`${nothing}: memory did not grow much.`], {
      quantities: [level("rss", "bytes", (time) => 80 * MB + 160 * MB * (time * 7 % 1))],
    }],
    ["memory that grew at the beginning", [`${nothing}: memory did not grow much.`], {
      quantities: [level("rss", "bytes", (time) => 80 * MB + 160 * MB * Math.min(1, 12 * time))],
    }],
    [
      "a slow process",
      [
        "attention: PID 2 is 1.5 times as slow as the others at the same work. Most of the lost time is of /b [GET], whose median is " +
        "20.0 ms there and 800 µs in the others, 25 times as long.",
      ],
      {
        durations: [1, 2, 3, 4].map((_, i) =>
          series(
            `/${"abcd"[i]} [GET]`,
            (_, pid) => i === 1 ? (pid === 2 ? 0.02 : 0.0008) : 0.0125,
            { pids: [1, 2, 3] },
          )
        ),
      },
      [1, 2, 3],
    ],
    [
      "processes that differ by microseconds",
      [`${nothing}: no request failed, no kind of request is much slower than the others, ${even1}.`],
      {
        durations: [1, 2, 3, 4].map((i) => series(`/${i} [GET]`, (_, pid) => pid * 20e-6, { pids: [1, 2] })),
      },
      [1, 2],
    ],
    ["a series that became slower", [
      "attention: a became slower: its median was 11.6 ms in the first third of the recording and 18.3 ms in the last, 1.58 times as long.",
    ], { durations: [series("a", (time) => 0.01 + 0.01 * time)] }],
    ["a series that was slower for a while", [`${nothing}: ${even1}.`], {
      durations: [series("a", (time) => time > 0.3 && time < 0.6 ? 0.1 : 0.01)],
    }],
    ["a busy processor", [
      "attention: The process used 0.97 CPU cores on average, and at least 0.8 for 100 % of the time; the JavaScript of an isolate can use one core.",
    ], { quantities: [level("cpu", "cores", () => 0.97)] }],
    ["a hot function", [
      "note: The function isPrime (main.ts:1) took 60 % of the busy time in the CPU profile of the process: 3.00 s in the function itself.",
    ], {
      profiles: [{
        name: "",
        process: 0,
        duration: 10,
        time: undefined,
        assumed: [],
        tree: frame(
          "(root)",
          0,
          frame("main", 0.5, frame("isPrime", 2)),
          frame("isPrime", 1),
          frame("(program)", 1.5),
        ),
      }],
    }],
    [
      "measurements that are no numbers",
      [
        tooFew,
        "note: 1,200 observations of gauge, 2 of a, 1 of b and 5 of 2 other labels are NaN, infinite or beyond 1e290; " +
        "charts and statistics leave them out.",
      ],
      {
        notFinite: [["gauge", 1_200], ["a", 2], ["b", 1], ["c", 4], ["d", 1]].map(([label, count]) => ({
          label: String(label),
          count: Number(count),
        })),
      },
    ],
    [
      "hot functions of several processes",
      [
        "note: The function a (main.ts:1) took 90 % of the busy time in the CPU profile of PID 2: 9.00 s in the function itself.",
        "note: The function a (main.ts:1) took 80 % of the busy time in the CPU profile of PID 1: 8.00 s in the function itself.",
      ],
      {
        profiles: [[1, 8], [2, 9], [3, 7]].map(([pid, self]) => ({
          name: "",
          process: pid! - 1,
          duration: 10,
          time: undefined,
          assumed: [],
          tree: frame("(root)", 0, frame("a", self!), frame("b", 10 - self!)),
        })),
      },
      [1, 2, 3],
    ],
    ["a route that always fails", [
      "bad: /broken [GET]: 100 % of 240 requests failed (5xx).",
    ], {
      durations: [...even3, series("/broken [GET] 5xx", 9, { count: 240 })],
    }],
    ["failures of several kinds, those of the server first", [
      "bad: /b [GET]: 2.91 % of 1,030 requests failed (5xx 20, threw 10).",
      "attention: /c [GET]: 50 % of 2,000 requests failed (aborted 100, 4xx 900).",
      "note: /a [GET]: 0.2 % of 1,002 requests failed (threw).",
    ], {
      durations: [
        ...even3,
        series("/a [GET] threw", 0.01, { count: 2 }),
        series("/b [GET] 5xx", 0.01, { count: 20 }),
        series("/b [GET] threw", 0.01, { count: 10 }),
        series("/c [GET] 4xx", 0.01, { count: 900 }),
        series("/c [GET] aborted", 0.01, { count: 100 }),
      ],
    }],
    ["failures that the clients of a server saw, on its card", [
      "bad: /broken [GET]: 100 % of 240 requests failed (5xx).",
      "  bad: → one:1/broken [GET]: 100 % of 240 requests failed (5xx).",
      "bad: → two:2/other [GET]: 100 % of 10 requests failed (5xx).",
    ], {
      durations: [
        ...even3,
        series("/broken [GET] 5xx", 9, { count: 240 }),
        series("→ one:1/broken [GET] 5xx", 9, { count: 240 }),
        series("→ two:2/other [GET] 5xx", 9, { count: 10 }),
      ],
    }],
    ["streams that last and scanners that find nothing", [
      `${nothing}: few requests failed, no kind of request is much slower than the others, ${even1}. ` +
      "/a [GET] took the most time in total, 33.3 % of the time of all requests: 1,000 requests of 10.0 ms on average.",
    ], {
      durations: [
        ...even3,
        series("/events [GET] stream", 600, { count: 60 }),
        series("unmatched [GET] 4xx", 0.000_1, { count: 4 }),
      ],
    }],
    ["a leak that ends a program within seconds", [
      "attention: The memory (RSS) of orders@web-2 grew from 80.3 MB to 350 MB within 5.87 s " +
      `from [0.693 s] on, about 2.75 GB per minute, ` +
      "which is too short to tell a leak from a program that starts.",
    ], {
      ...shortLives(),
      quantities: [level("rss", "bytes", (time) => 50 * MB + 300 * MB * time, 2)],
    }, [1, 2]],
    ["rows that could not be read", ["attention: 12 rows could not be read, 0.12 % of all.", tooFew], {
      unread: { rows: 12, problems: ["a.csv:3: it has no PID"] },
    }],
    ["many of them", ["bad: 1,000 rows could not be read, 9.09 % of all.", tooFew], {
      unread: { rows: 1_000, problems: ["a.csv:3: it has no PID"] },
    }],
  ];
  for (const [what, texts, different, pids] of cases) {
    it(`of ${what}`, () => assertEquals(findings(different, pids), texts));
  }

  it("are at most eight, the most important first", () => {
    const found = cardsOf(
      inputs({
        durations: [
          series("/slow [GET]", (time) => 1 + time),
          series("/slow too [GET]", 0.9),
          ...even,
          series("/d [GET]", 0.01, { p99: 20 }),
        ],
        quantities: [level("rss", "bytes", (time) => 80 * MB + 160 * MB * time), level("cpu", "cores", () => 0.97)],
        unread: { rows: 12, problems: [] },
        stalls: [0, 1].map((process) => ({ process, count: 1, sum: 0.06, longest: 0.06, at: 2e9, by: [] })),
        gcPauses: [{ process: 0, count: 1_204, sum: 48, longest: 0.045, at: 10e9 }],
      }, [1, 2]),
    );
    assertEquals(found.map(({ weight, kind }) => `${weight} ${kind}`), [
      "bad latency",
      "bad latency",
      "bad memory",
      "attention latency",
      "attention cpu",
      "attention data",
      "note stall",
      "note stall",
    ]);
  });
});

it("a finding about a hot function names it, for the page to mark it", () => {
  const tree = frame("PID 1", 0, frame("isPrime", 2), frame("main", 1));
  const [found] = cardsOf(
    inputs({ profiles: [{ name: "", process: 0, duration: 3, time: undefined, assumed: [], tree }] }),
  );
  assertEquals([found?.kind, found?.function], ["cpu", "isPrime"]);
});
