import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import type { Summary } from "../../../../../src/analysis/summary/summary.ts";
import { displayWidth } from "../../../../../src/display/text_width.ts";
import { formatSummary, type SummaryLook } from "../../../../../src/cli/commands/summary/text.ts";
import { look, runtimeOf, seriesOf, summaryOf } from "./summaries.ts";

/** The lines of a summary below its header and an empty line. */
function lines(summary: Partial<Summary>, properties: Partial<SummaryLook> = {}): string[] {
  return formatSummary(summaryOf(summary), { ...look, ...properties }).split("\n").slice(4, -1);
}

describe("the header of a summary", () => {
  it("has what was read, and its time", () => {
    const text = formatSummary(
      summaryOf({ rows: 25_472, processes: [{ pid: 1, isolate: "" }, { pid: 2, isolate: "" }] }),
      {
        ...look,
        sources: ["one", "evil \x1b[2J"],
        reading: { ...look.reading, files: 1, spools: 3 },
      },
    );
    const [sources, time = "", rows] = text.split("\n");
    assertEquals(sources, "one evil \\x1b[2J");
    assertMatch(time, /^2023-11-1[45] \d\d:\d\d:20\.000 to \d\d:\d\d:30\.000 [+-]\d\d:\d\d, 10 s$/);
    assertEquals(rows, "25,472 rows, 2 processes, 1 file, 3 spools");
  });

  it("says that no observation is selected", () => {
    const text = formatSummary(summaryOf({ rows: 0, range: undefined, processes: [], bins: undefined }), look);
    assertEquals(text, "_monitoring\nno observation is selected\n0 rows, 0 processes, 2 files\n");
  });
});

describe("the table of durations", () => {
  it("has how often, how long and when, for each label", () => {
    assertEquals(lines({ durations: [seriesOf({})] }), [
      "Durations, by total time",
      "label  count  rate/s  total    mean     p50     p90     p99   p99.9    max  over time",
      "work   1,000     100  12.0s  12.0ms  3.91ms  7.03ms  7.73ms  7.80ms  1.50s   ██",
    ]);
  });

  it("is in the order that its title names", () => {
    const durations = [
      seriesOf({ label: "a", sum: 1, count: 3, quantiles: [{ q: 0.99, value: 2 }] }),
      seriesOf({ label: "b", sum: 3, count: 2, quantiles: [{ q: 0.99, value: 1 }] }),
      seriesOf({ label: "c", sum: 2, count: 1, quantiles: [{ q: 0.99, value: 3 }] }),
    ];
    for (
      const [sort, order, says] of [
        ["total", "bca", "Durations, by total time"],
        ["count", "abc", "Durations, by count"],
        ["p99", "cab", "Durations, by p99"],
        ["label", "abc", "Durations"],
      ] as const
    ) {
      const [title, , ...rows] = lines({ durations }, { sort });
      assertEquals([title, rows.map((row) => row[0]).join("")], [says, order]);
    }
  });

  it("fits in 80 columns with the most important columns", () => {
    const label = "a very long label: /orders/:id/items/:item/history [DELETE]";
    const table = lines({ durations: [seriesOf({ label }), seriesOf({ label: "日本語".repeat(10) })] }, { width: 80 });
    assertMatch(table[1]!, /^label +count +rate\/s +mean +p50 +p99 +max +over time *$/);
    assertMatch(table[2]!, /^a very .*….*DELETE\] +1,000/);
    for (const line of table) assertEquals(displayWidth(line) <= 80, true, line);
  });

  it("shows as many series as asked for, and how many more there are", () => {
    const durations = Array.from({ length: 1_203 }, (_, i) => seriesOf({ label: `${i}`, sum: i }));
    const some = lines({ durations }, { top: 3 });
    assertEquals(some.slice(2).map((line) => line.split(" ")[0]), ["1202", "1201", "1200", "and"]);
    assertEquals(some.at(-1), "and 1,200 more");
    assertEquals(lines({ durations }, { top: 0 }).length, 1_205);
    assertEquals(lines({ durations: durations.slice(0, 3) }, { top: 3 }).length, 5);
  });

  it("fits in any terminal", () => {
    const durations = [seriesOf({ label: "a very long label: /orders/:id/items/:item/history [DELETE]" })];
    for (let width = 30; width < 200; width++) {
      for (const line of lines({ durations }, { width })) assertEquals(displayWidth(line) <= width, true, line);
    }
  });

  it("shows each process separately with --by-process", () => {
    const durations = [seriesOf({ pid: 42 }), seriesOf({ pid: 43 })];
    const [, titles = "", ...rows] = lines({ durations }, { byProcess: true });
    assertMatch(titles, /^label +process +count/);
    assertEquals(rows.map((row) => row.slice(0, 13)), ["work   PID 42", "work   PID 43"]);
  });

  it("sanitizes labels", () => {
    assertMatch(
      lines({ durations: [seriesOf({ label: "\x1b]0;title\x07\r\n" })] })[2]!,
      /^\\x1b\]0;title\\x07\\r\\n {2}/,
    );
  });

  it("has no rates if all observations have the same time", () => {
    const range = { first: 1n, last: 1n };
    assertMatch(lines({ range, durations: [seriesOf({ counts: [1] })] })[2]!, /^work +1,000 +– +12.0s.* █$/);
  });

  it("has colours only where they are supported", () => {
    assertEquals(lines({ durations: [seriesOf({})] }).join("").includes("\x1b"), false);
    const coloured = lines({ durations: [seriesOf({})] }, { hasColors: true });
    assertEquals(coloured.map((line) => line.includes("\x1b[")), [true, true, true]);
  });
});

describe("the table of quantities", () => {
  it("is one per channel, without units", () => {
    const quantity = { count: 2, sum: 30, mean: 15, max: 17.5, latest: 12, quantiles: [{ q: 0.5, value: 15 }] };
    const quantities = [
      seriesOf({ ...quantity, channel: "custom", label: "queue length" }),
      seriesOf({ ...quantity, channel: "sales", label: "price", count: 0, mean: NaN, max: NaN, latest: NaN }),
    ];
    assertEquals(lines({ quantities }, { sort: "label" }), [
      "Custom",
      "label         count  rate/s  last  mean  p50   max  over time",
      "queue length      2     0.2    12    15   15  17.5   ██",
      "",
      "Sales",
      "label  count  rate/s  last  mean  p50  max  over time",
      "price      0       0     –     –   15    –   ██",
    ]);
  });
});

describe("the table of the runtime", () => {
  const counter = { kind: "counter", mean: NaN, growth: 5 } as const;

  it("shows levels by last value, mean and maximum, counters by growth, and events by sum", () => {
    const runtime = [
      runtimeOf({ ...counter, label: "user time", unit: "s" }),
      runtimeOf({}),
      runtimeOf({ label: "gc pause", unit: "s", kind: "event", count: 3, sum: 0.006, mean: 0.002, max: 0.004 }),
      runtimeOf({ ...counter, label: "gc collections", unit: "" }),
      runtimeOf({ label: "event loop lag", unit: "s", kind: "peak", sum: 0.022, max: 0.004 }),
    ];
    assertEquals(lines({ runtime }), [
      "Runtime",
      "series            last    mean     max  total",
      "user time                               5.00s, 0.500 cores",
      "rss             2.50MB  2.00MB  3.00MB",
      "gc pause                2.00ms  4.00ms  6.00ms in 3 events",
      "gc collections                          5",
      "event loop lag          2.00ms  4.00ms",
    ]);
  });

  it("shows up to four processes separately", () => {
    assertEquals(lines({ runtime: [runtimeOf({ pid: 42 }), runtimeOf({ pid: 43, latest: 1 })] }), [
      "Runtime",
      "series  process    last    mean     max  total",
      "rss     PID 42   2.50MB  2.00MB  3.00MB",
      "        PID 43       1B  2.00MB  3.00MB",
    ]);
  });

  const five = [1, 2, 3, 4, 5];

  it("shows more processes together", () => {
    const runtime = [
      ...five.map((pid) => runtimeOf({ ...counter, label: "user time", unit: "s", pid })),
      ...five.map((pid) => runtimeOf({ pid, mean: pid * 1e6, sum: pid * 11e6, max: pid * 2e6 })),
    ];
    assertEquals(lines({ runtime }), [
      "Runtime",
      "series     process      last    mean     max  total",
      "user time  5 processes                        25.0s, 2.50 cores",
      "rss        5 processes        3.00MB  10.0MB",
    ]);
  });

  it("shows each of them with --by-process", () => {
    assertEquals(lines({ runtime: five.map((pid) => runtimeOf({ pid })) }, { byProcess: true }).length, 7);
  });

  it("has no growth of counters that mix several isolates", () => {
    const runtime = [runtimeOf({ ...counter, label: "gc collected", growth: NaN })];
    assertMatch(lines({ runtime })[2]!, /^gc collected +– \(mixed processes\)$/);
  });

  it("does not add series with different units", () => {
    const runtime = five.flatMap((pid) => [
      runtimeOf({ label: "max rss", pid }),
      runtimeOf({ label: "max rss", pid: pid + 5, unit: "", mean: 51_200, sum: 11 * 51_200, max: 51_200 }),
    ]);
    assertEquals(lines({ runtime }).slice(2), [
      "max rss  5 processes        2.00MB  3.00MB",
      "         5 processes        51,200  51,200",
    ]);
  });
});

describe("further columns of a summary", () => {
  it("stand after the maximum, and are not dropped", () => {
    const summary = { durations: [seriesOf({ std: 0.25 })], runtime: [runtimeOf({})] };
    const shown = lines(summary, { columns: ["min", "std"], width: 60 }).join("\n");
    assertMatch(shown, /^label.* max +min +std\nwork.* 1\.50s +1\.00ms +250ms$/m);
    assertMatch(shown, /^series +last +mean +max +min +total\nrss +2\.50MB +2\.00MB +3\.00MB +1\.00MB$/m);
  });
});

describe("the marks of a summary", () => {
  const at = 1_700_000_000_250_000_000n;

  it("are times and texts, by whom if several marked", () => {
    const list = [{ at, text: "deploy\n1", pid: 1, isolate: "" }, {
      at: at + 10n ** 9n,
      text: "deploy 2",
      pid: 2,
      isolate: "",
    }];
    const marks = { list, count: 3, range: undefined, processes: [] };
    const [title, head, ...rest] = lines({ marks });
    assertEquals(title, "Marks");
    assertMatch(head!, /^at \([+-]\d\d:\d\d\) +mark +process$/);
    assertMatch(rest[0]!, /^2023-11-1[45] \d\d:\d\d:20\.250 {2}deploy\\n1 {2}PID 1$/);
    assertMatch(rest[1]!, /:21\.250 {2}deploy 2 {3}PID 2$/);
    assertEquals(rest[2], "and 1 more");
    assertEquals(lines({ marks: { ...marks, list: [list[0]!], count: 1 } })[1]!.endsWith("mark"), true);
  });
});
