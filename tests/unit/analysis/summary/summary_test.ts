import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { summarize, type SummaryOptions, timeRange } from "../../../../src/analysis/summary/summary.ts";
import { recordFiles, type Rows } from "../../../support/analysis/recorded_files.ts";

const SECOND = 1_000_000_000n;
const BEGIN = 1_700_000_000n * SECOND;

/** Summarizes what these files hold. */
async function summaryOf(files: Readonly<Record<string, Rows>>, options: Partial<SummaryOptions> = {}) {
  using recorded = recordFiles(files);
  await using db = await TelemetryDB.open(recorded.path);
  return await summarize(db, { quantiles: [0.5, 1], ...options });
}

const files: Record<string, Rows> = {
  "duration.1.csv": [
    [BEGIN + 7n, 0.1, "a", 1],
    [BEGIN + 2n * SECOND, 0.2, "a", 2],
    [BEGIN + 1n * SECOND, 0.6, "a", 2],
    [BEGIN + 3n * SECOND, 1, "b", 2],
  ],
  "duration.2.csv": [[BEGIN + 4n * SECOND, 2, "b", 3]],
  "custom.1.csv": [[BEGIN + 1n, 5, "queue", 1], [BEGIN + 5n, 3, "queue", 1], [BEGIN + 3n, 4, "queue", 1]],
  "sales.1.csv": [[BEGIN + 10n * SECOND, 12.5, "price", 4]],
};

describe("summarize", () => {
  it("counts observations, and gives their time range and processes", async () => {
    const { rows, range, processes, bins } = await summaryOf(files);
    assertEquals({ rows, range, processes }, {
      rows: 9,
      range: { first: BEGIN + 1n, last: BEGIN + 10n * SECOND },
      processes: [1, 2, 3, 4].map((pid) => ({ pid, isolate: "" })),
    });
    assertEquals(
      bins!.from <= BEGIN + 1n && BEGIN + 10n * SECOND < bins!.from + BigInt(bins!.length) * bins!.width,
      true,
    );
  });

  it("lists marks, which are no series, and computes deviations if asked", async () => {
    const marked: Record<string, Rows> = {
      "mark.1.csv": [[BEGIN + 9n * SECOND, 1, "deploy 2", 7], [BEGIN, 1, "deploy 1", 1]],
      "duration.1.csv": [[BEGIN + 1n, 0.25, "work", 1], [BEGIN + 2n, 0.75, "work", 1]],
    };
    const { rows, range, processes, quantities, marks, durations } = await summaryOf(marked);
    assertEquals({ rows, range, quantities }, {
      rows: 4,
      range: { first: BEGIN, last: BEGIN + 9n * SECOND },
      quantities: [],
    });
    assertEquals([processes.map(({ pid }) => pid), durations[0]!.std], [[1, 7], undefined]);
    assertEquals([marks.count, marks.list], [2, [
      { at: BEGIN, text: "deploy 1", pid: 1, isolate: "" },
      { at: BEGIN + 9n * SECOND, text: "deploy 2", pid: 7, isolate: "" },
    ]]);
    const selected = await summaryOf(marked, { withDeviation: true, from: BEGIN + 1n, to: BEGIN + SECOND });
    assertEquals([selected.marks.count, selected.rows], [0, 2]);
    assertAlmostEquals(selected.durations[0]!.std!, Math.sqrt(0.125));
  });

  it("takes outgoing requests for durations, after those of the program itself", async () => {
    const { durations, quantities } = await summaryOf({
      "client.1.csv": [[BEGIN, 0.25, "api.example.com [GET]", 1]],
      "duration.1.csv": [[BEGIN, 0.5, "work", 1]],
    });
    assertEquals(durations.map(({ channel, label, max }) => [channel, label, max]), [
      ["duration", "work", 0.5],
      ["client", "api.example.com [GET]", 0.25],
    ]);
    assertEquals([quantities, durations[1]!.latest], [[], undefined]);
  });

  it("computes the statistics of each series of durations", async () => {
    const { durations: [a, b, ...none] } = await summaryOf(files);
    assertEquals(none, []);
    const { counts: _, mean, sum, ...rest } = a!;
    assertEquals(rest, {
      channel: "duration",
      label: "a",
      rows: 3,
      count: 3,
      min: 0.1,
      max: 0.6,
      quantiles: [{ q: 0.5, value: 0.2 }, { q: 1, value: 0.6 }],
      first: BEGIN + 7n,
      last: BEGIN + 2n * SECOND,
    });
    assertAlmostEquals(mean, 0.3);
    assertAlmostEquals(sum, 0.9);
    assertEquals([b?.label, b?.count, b?.sum], ["b", 2, 3]);
  });

  it("counts observations in time bins that all series share", async () => {
    const { durations: [a, b], bins } = await summaryOf(files);
    const binAt = (timepoint: bigint) => Number((timepoint - bins!.from) / bins!.width);
    const expected = new Array(bins!.length).fill(0);
    for (const timepoint of [BEGIN + 7n, BEGIN + SECOND, BEGIN + 2n * SECOND]) expected[binAt(timepoint)]++;
    assertEquals(a?.counts, expected);
    assertEquals(b?.counts.flatMap((count, bin) => count > 0 ? [bin] : []), [
      binAt(BEGIN + 3n * SECOND),
      binAt(BEGIN + 4n * SECOND),
    ]);
  });

  it("does not depend on the estimate of the time range", async () => {
    const expected = await summaryOf(files);
    const estimates = [
      [BEGIN, BEGIN + 1n],
      [BEGIN - SECOND, BEGIN + 11n * SECOND],
      [
        BEGIN + 9n * SECOND,
        BEGIN + 10n * SECOND,
      ],
      [7n, 8n],
      [BEGIN + 3_600n * SECOND, BEGIN + 3_601n * SECOND],
      [BEGIN - 3_600n * SECOND, BEGIN + 3_600n * SECOND],
    ];
    for (const [first = 0n, last = 0n] of estimates) {
      assertEquals(await summaryOf(files, { estimate: { first, last } }), expected);
    }
  });

  it("gives the measurement of a quantity with the latest timepoint, in whichever row it is", async () => {
    const { quantities } = await summaryOf(files);
    assertEquals(quantities.map(({ channel, label, latest, mean }) => [channel, label, latest, mean]), [
      ["custom", "queue", 3, 4],
      ["sales", "price", 12.5, 12.5],
    ]);
  });

  it("summarizes each process separately on request", async () => {
    const { durations } = await summaryOf(files, { byProcess: true });
    assertEquals(durations.map(({ label, pid, count }) => [label, pid, count]), [
      ["a", 1, 1],
      ["a", 2, 2],
      ["b", 2, 1],
      ["b", 3, 1],
    ]);
  });

  it("summarizes only selected observations", async () => {
    const counted = async (options: Partial<SummaryOptions>) =>
      (await summaryOf(files, options)).durations.map(({ label, count }) => [label, count]);
    assertEquals(await counted({ labels: ["b", "c*"] }), [["b", 2]]);
    assertEquals(await counted({ labels: ["?", "b"], pids: [2] }), [["a", 2], ["b", 1]]);
    assertEquals(await counted({ from: BEGIN + SECOND, to: BEGIN + 3n * SECOND }), [["a", 2]]);
    assertEquals((await summaryOf(files, { labels: ["none"] })).range, undefined);
    assertEquals((await summaryOf(files, { labels: [] })).rows, 0);
    assertEquals(await counted({ labels: "a" }), [["a", 3]]);
  });

  it("excludes NaN from statistics, and counts it in rows", async () => {
    const { quantities: [nothing, queue], rows } = await summaryOf({
      "custom.1.csv": [[BEGIN, NaN, "queue", 1], [BEGIN, 3, "queue", 1], [BEGIN, NaN, "nothing", 1]],
    });
    assertEquals([queue?.rows, queue?.count, queue?.mean, queue?.max], [2, 1, 3, 3]);
    assertEquals([nothing?.rows, nothing?.count, nothing?.mean], [1, 0, NaN]);
    assertEquals(rows, 3);
  });

  it("includes infinities in statistics", async () => {
    const { quantities: [queue] } = await summaryOf({
      "custom.1.csv": [[BEGIN, Infinity, "queue", 1], [BEGIN, 3, "queue", 1]],
    });
    assertEquals([queue?.count, queue?.sum, queue?.min, queue?.max], [2, Infinity, 3, Infinity]);
  });

  it("accepts timepoints at both ends of the 64-bit range", async () => {
    const [first, last] = [-(2n ** 63n), 2n ** 63n - 1n];
    const { range, durations: [a] } = await summaryOf({ "duration.1.csv": [[first, 1, "a", 1], [last, 2, "a", 1]] });
    assertEquals(range, { first, last });
    assertEquals([a?.counts.at(0), a?.counts.at(-1), a?.counts.length], [1, 1, 256]);
  });

  it("accepts more series than a function takes arguments", async () => {
    const rows = Array.from({ length: 150_000 }, (_, i) => [BEGIN + BigInt(i), 1, `${i}`, i % 7] as const);
    const { durations, processes, rows: all } = await summaryOf({ "duration.1.csv": rows });
    assertEquals([durations.length, processes.map(({ pid }) => pid), all], [150_000, [0, 1, 2, 3, 4, 5, 6], 150_000]);
  });

  it("is empty without observations", async () => {
    const { rows, range, bins, processes, durations } = await summaryOf({});
    assertEquals({ rows, range, bins, processes, durations }, {
      rows: 0,
      range: undefined,
      bins: undefined,
      processes: [],
      durations: [],
    });
  });
});

const at = (
  second: number,
  value: number,
  label: string,
  pid: number,
): Rows[number] => [BEGIN + BigInt(second * 1e9), value, label, pid];

describe("summarize: runtime series", () => {
  it("are listed for each process, in a fixed order", async () => {
    const { runtime } = await summaryOf({
      "runtime.1.csv": [
        at(1, 5, "unheard of", 1),
        at(0, 30, "rss", 2),
        at(0, 10, "rss", 1),
        at(2, 30, "rss", 1),
        at(1, 50, "rss", 1),
        at(1, 0.25, "gc pause", 1),
      ],
    });
    assertEquals(
      runtime.map((
        { label, pid, unit, kind, count, mean, max, latest },
      ) => [label, pid, unit, kind, count, mean, max, latest]),
      [
        ["rss", 1, "bytes", "level", 3, 30, 50, 30],
        ["rss", 2, "bytes", "level", 1, 30, 30, 30],
        ["gc pause", 1, "s", "event", 1, 0.25, 0.25, 0.25],
        ["unheard of", 1, "", "level", 1, 5, 5, 5],
      ],
    );
  });

  it("have no unit where that of the Python original differs, even if only some series are selected", async () => {
    const files: Record<string, Rows> = {
      "runtime.1.csv": [
        at(0, 51_200, "max rss", 1),
        at(0, 1_000, "gc collected", 1),
        at(1, 5_000, "gc collected", 1),
        at(0, 0, "gc uncollectable", 1),
        at(1, 3, "user time", 1),
        at(0, 7, "max rss", 2),
        at(0, 6, "rss", 2),
      ],
    };
    const told = async (options: Partial<SummaryOptions> = {}) =>
      (await summaryOf(files, options)).runtime.map(({ label, pid, unit, kind }) => [label, pid, unit, kind]);
    assertEquals(await told(), [
      ["user time", 1, "s", "counter"],
      ["rss", 2, "bytes", "level"],
      ["max rss", 1, "", "level"],
      ["max rss", 2, "bytes", "level"],
      ["gc collected", 1, "", "counter"],
      ["gc uncollectable", 1, "", "counter"],
    ]);
    assertEquals(await told({ labels: ["max*"] }), [["max rss", 1, "", "level"], ["max rss", 2, "bytes", "level"]]);
  });

  it("have the growth of counters, or NaN if they decrease, since several processes are mixed", async () => {
    const { runtime } = await summaryOf({
      "runtime.1.csv": [
        at(0, 100, "user time", 1),
        at(9, 103, "user time", 1),
        at(5, 101, "user time", 1),
        at(7, NaN, "user time", 1),
        at(0, 0, "gc collections", 2),
        at(1, 7, "gc collections", 2),
        at(2, 1, "gc collections", 2),
        at(3, NaN, "gc collections", 2),
        at(4, 3, "gc collections", 2),
        ...[0, 1, 2].flatMap((second) => [
          at(second, 100 + second, "gc collected", 3),
          at(second + 0.5, 5 + second, "gc collected", 3),
        ]),
      ],
    });
    assertEquals(runtime.map(({ label, growth }) => [label, growth]), [
      ["user time", 3],
      ["gc collections", NaN],
      ["gc collected", NaN],
    ]);
  });

  it("that no double can hold are NaN, as of other channels, and take no others with them", async () => {
    const { quantities, runtime } = await summaryOf({
      "custom.csv": [
        ...[1e308, -1e308].map((value, i) => at(i, value, "opposite", 1)),
        ...[1e308, 1e308].map((value, i) => at(i, value, "huge", 1)),
        ...[Infinity, 2].map((value, i) => at(i, value, "infinite", 1)),
        ...[2, 3].map((value, i) => at(i, value, "fine", 1)),
      ],
      "runtime.csv": [
        ...[-1e308, 1e308].map((value, i) => at(i, value, "user time", 1)),
        ...[1, 3].map((value, i) => at(i, value, "system time", 1)),
        ...[1e308, 1e308].map((value, i) => at(i, value, "gc pause", 1)),
      ],
    });
    assertEquals(quantities.map(({ label, count, sum, mean }) => [label, count, sum, mean]), [
      ["fine", 2, 5, 2.5],
      ["huge", 2, NaN, NaN],
      ["infinite", 2, Infinity, Infinity],
      ["opposite", 2, 0, 0],
    ]);
    assertEquals(runtime.map(({ label, sum, growth }) => [label, sum, growth]), [
      ["user time", 0, NaN],
      ["system time", 4, 2],
      ["gc pause", NaN, undefined],
    ]);
  });
});

describe("summarize: processes", () => {
  it("tells processes of one PID apart by their isolates", async () => {
    const { processes, runtime, durations } = await summaryOf({
      "runtime.1-0000000a-000001.csv": [at(0, 15, "user time", 1), at(9, 15.25, "user time", 1)],
      "runtime.1-0000000b-000001.csv": [at(1, 0, "user time", 1), at(9, 0.5, "user time", 1)],
      "duration.1-0000000a-000001.csv": [at(0, 1, "work", 1)],
      "duration.1-0000000b-000001.csv": [at(0, 3, "work", 1)],
    }, { byProcess: true });
    const [a, b] = [{ pid: 1, isolate: "0000000a" }, { pid: 1, isolate: "0000000b" }];
    assertEquals(processes, [a, b]);
    assertEquals(runtime.map(({ pid, isolate, growth }) => ({ pid, isolate, growth })), [
      { ...a, growth: 0.25 },
      { ...b, growth: 0.5 },
    ]);
    assertEquals(durations.map(({ pid, isolate, sum }) => ({ pid, isolate, sum })), [
      { ...a, sum: 1 },
      { ...b, sum: 3 },
    ]);
  });

  it("selects those of an isolate", async () => {
    const { processes, rows } = await summaryOf({
      "custom.1-0000000a-000001.csv": [at(0, 1, "x", 1)],
      "custom.1-0000000b-000001.csv": [at(0, 1, "x", 1), at(1, 1, "x", 1)],
      "custom.csv": [at(0, 1, "x", 1)],
    }, { isolates: ["0000000b"] });
    assertEquals([processes, rows], [[{ pid: 1, isolate: "0000000b" }], 2]);
  });
});

describe("timeRange", () => {
  it("covers all observations", async () => {
    using recorded = recordFiles(files);
    await using db = await TelemetryDB.open(recorded.path);
    assertEquals(await timeRange(db), { first: BEGIN + 1n, last: BEGIN + 10n * SECOND });
  });

  it("is undefined without observations", async () => {
    using recorded = recordFiles({});
    await using db = await TelemetryDB.open(recorded.path);
    assertEquals(await timeRange(db), undefined);
  });
});
