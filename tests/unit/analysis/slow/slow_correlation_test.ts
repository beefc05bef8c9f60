import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import {
  type CorrelatedSeries,
  correlateSlow,
  type SlowCorrelation,
} from "../../../../src/analysis/slow/slow_correlation.ts";
import type { SlowCorrelationOptions } from "../../../../src/analysis/slow/slow_correlation.ts";
import { TelemetryDB } from "../../../../src/analysis/frames/telemetry_db.ts";
import { KymoError } from "../../../../src/errors.ts";
import { epochOf, Recordings, type Row } from "../../../support/analysis/comparison_runs.ts";

/** A duration from one time to another, in seconds. */
function from(start: number, end: number, label: string, pid = 42): Row {
  return { time: end, value: (end - start).toFixed(9), label, pid };
}

/**
 * 1,000 requests, one a second: 10 ms each, but every hundredth 100 ms; `during` returns what
 * happened meanwhile.
 */
function requests(during: (start: number, isSlow: boolean) => Row[] = () => []): Row[] {
  return Array.from({ length: 1000 }, (_, i) => {
    const isSlow = i % 100 === 50;
    return [...during(i, isSlow), from(i, i + (isSlow ? 0.1 : 0.01), "/a")];
  }).flat();
}

async function correlate(
  files: Readonly<Record<string, Iterable<Row>>>,
  options: SlowCorrelationOptions = {},
  label = "/a",
): Promise<SlowCorrelation> {
  using recordings = new Recordings();
  await using db = await TelemetryDB.open(recordings.write(files));
  return await correlateSlow(db, label, options);
}

function shares({ correlated }: SlowCorrelation): Record<string, [slow: number, others: number]> {
  const rounded = (share: number) => Number(share.toFixed(6));
  return Object.fromEntries(
    correlated.map(({ label, share }) => [label, [rounded(share.slow), rounded(share.others)]]),
  );
}

describe("correlateSlow", () => {
  it("lays the time of slow requests to outgoing ones within them", async () => {
    const outgoing = Array.from({ length: 1000 }, (_, i) => {
      const isSlow = i % 100 === 50;
      return [
        from(i, i + (isSlow ? 0.08 : 0.001), "api.example.com [GET]"),
        from(i, i + 0.08, "api.example.com [GET]", 43),
      ];
    }).flat();
    const found = await correlate({ duration: requests(), client: outgoing });
    assertEquals(found.correlated.filter(({ kind }) => kind === "client").length, 1);
    assertEquals(shares(found), { "api.example.com [GET]": [0.8, 0.1] });
  });

  it("takes the slowest requests, and examines a sample of them", async () => {
    const all = await correlate({ duration: requests() });
    // At least 20 should be slow, but all others take equally long.
    assertEquals([all.threshold, all.slow.count, all.others.count], [0.01, 10, 990]);
    const few = await correlate(
      { duration: requests((i) => [from(i, i + 0.02 + i / 1e6, "/b")]) },
      { examine: 10 },
      "/b",
    );
    assertEquals([few.slow.count, few.others.count, few.slow.examined, few.others.examined], [20, 980, 10, 10]);
    assertAlmostEquals(few.threshold, 0.020979, 1e-9);
    assertAlmostEquals(few.slow.time, 0.21, 0.001);
    const more = await correlate(
      { duration: requests((i) => [from(i, i + 0.02 + i / 1e6, "/b")]) },
      { share: 0.1 },
      "/b",
    );
    assertEquals([more.slow.count, more.slow.examined, more.others.examined], [100, 100, 300]);
  });
});

/** As `requests`, but 40 of 1,000 are slow, and none of the others takes as long as another. */
function varied(during: (start: number, isSlow: boolean) => Row[]): Row[] {
  return Array.from({ length: 1000 }, (_, i) => {
    const isSlow = i % 25 === 13;
    return [...during(i, isSlow), from(i, i + (isSlow ? 0.1 : 0.01 + i / 1e9), "/a")];
  }).flat();
}

const slowest = { share: 0.04 };

describe("correlateSlow: durations within slow requests", () => {
  it("have a share of the time of the requests", async () => {
    const duration = varied((
      start,
      isSlow,
    ) => [from(start + 0.001, start + (isSlow ? 0.073 : 0.0022), "render report")]);
    const correlation = await correlate({ duration }, slowest);
    assertEquals(correlation.slow, { count: 40, examined: 40, time: 4 });
    assertEquals(shares(correlation), { "render report": [0.72, 0.119994] });
    assertEquals(correlation.correlated[0]!.met, { slow: 40, others: 300 });
  });

  it("count once where they overlap, and only within a request of the same process", async () => {
    const duration = varied((start, isSlow) =>
      isSlow
        ? [
          from(start, start + 0.05, "overlapping"),
          from(start + 0.04, start + 0.06, "overlapping"),
          from(start + 0.01, start + 0.02, "overlapping"),
          from(start - 0.001, start + 0.05, "earlier"),
          from(start + 0.01, start + 0.101, "later"),
          from(start + 0.01, start + 0.05, "elsewhere", 43),
          from(start, start + 0.1, "the same"),
        ]
        : []
    );
    assertEquals(shares(await correlate({ duration }, slowest)), { overlapping: [0.6, 0], "the same": [1, 0] });
  });

  it("are found in long and short requests alike", async () => {
    const duration = [
      ...varied((start) => [from(start + 0.001, start + 0.002, "short")]),
      from(0, 5000, "/a"),
      from(10, 3010, "long"),
    ];
    const correlation = await correlate({ duration }, slowest);
    assertEquals(correlation.slow, { count: 1, examined: 1, time: 5000 });
    const { long, short } = shares(correlation);
    assertEquals(long![0], 0.6);
    assertEquals(short![0], 1000 * 0.001 / 5000);
    assertAlmostEquals(short![1], 0.1, 0.03);
  });

  it("are left out if they are NaN, infinite, negative or absurdly long", async () => {
    const wrong = ["NaN", "Infinity", "-Infinity", "-1", "1e300"];
    const duration = [
      ...varied((start, isSlow) => isSlow ? [from(start, start + 0.05, "half")] : []),
      ...wrong.flatMap((value) => ["/a", "x"].map((label) => ({ time: 13.01, value, label }))),
    ];
    assertEquals(shares(await correlate({ duration }, slowest)), { half: [0.5, 0] });
  });

  it("are listed even if all requests have them", async () => {
    const duration = varied((start, isSlow) => [from(start, start + (isSlow ? 0.09 : 0.0091), "work")]);
    const { work } = shares(await correlate({ duration }, slowest));
    assertEquals(work![0], 0.9);
    assertAlmostEquals(work![1], 0.9, 0.05);
  });
});

describe("correlateSlow: event-loop lags during slow requests", () => {
  const lag = (end: number, value: number, pid?: number): Row => ({
    time: end,
    value,
    label: "event loop lag",
    ...pid && { pid },
  });

  it("have a share of the time of the requests, and a number of requests", async () => {
    const runtime = Array.from({ length: 40 }, (_, i) => 13 + 25 * i).slice(0, 31).flatMap((start) => [
      lag(start + 0.08, 0.07),
      lag(start + 0.09, 0.03), // from 0.06 on, of which 0.02 is known already
      lag(start + 0.1, 0.015), // too small: its time is unknown
      lag(start + 0.1, 0.1, 43),
    ]);
    const correlation = await correlate({ duration: varied(() => []), runtime }, slowest);
    assertEquals(shares(correlation), { "event loop lag": [0.62, 0] });
    assertEquals(correlation.correlated[0]!.met, { slow: 31, others: 0 });
  });

  it("are left out if all are below 20 ms", async () => {
    const runtime = [lag(1, 0.001)];
    assertEquals(shares(await correlate({ duration: varied(() => []), runtime }, slowest)), {});
  });
});

describe("correlateSlow: garbage collection during slow requests", () => {
  it("counts as spread uniformly over the time since the previous sampling tick", async () => {
    // A tick each half second; in the half second of each slow request there are pauses of 0.1 and
    // 0.05 s.
    const runtime = Array.from({ length: 2002 }, (_, i): Row[] => {
      const time = (i - 1) / 2;
      const row = (label: string, value: number): Row => ({ time, value, label });
      return Math.floor(time - 0.5) % 25 === 13 && time % 1 === 0.5
        ? [row("gc collections", i), row("gc pause", 0.1), row("gc pause", 0.05)]
        : [row("gc collections", i)];
    }).flat();
    const correlation = await correlate({ duration: varied(() => []), runtime }, slowest);
    assertEquals(shares(correlation), { "gc pause": [0.3, 0] });
    // Where there was no tick before the pauses, but recording was switched on then, the same.
    const switched = runtime.map((row, i) =>
      runtime[i + 2]?.label === "gc pause" && row.label === "gc collections"
        ? { ...row, value: 1, label: "recording" }
        : row
    );
    assertEquals(shares(await correlate({ duration: varied(() => []), runtime: switched }, slowest)), {
      "gc pause": [0.3, 0],
    });
  });
});

describe("correlateSlow: the result", () => {
  it("is sorted by descending difference between slow and other requests", async () => {
    const duration = varied((start, isSlow) => [
      from(start, start + 0.009, "always"),
      ...isSlow ? [from(start, start + 0.03, "third"), from(start, start + 0.05, "half")] : [],
    ]);
    const { correlated } = await correlate({ duration }, slowest);
    assertEquals(correlated.map(({ label }: CorrelatedSeries) => label), ["half", "third", "always"]);
  });

  it("can be limited to processes and a time range", async () => {
    const duration = varied((start, isSlow) => isSlow ? [from(start, start + 0.05, "half")] : []);
    const all = await correlate({ duration }, slowest);
    assertEquals(await correlate({ duration }, { ...slowest, within: { pids: [42] } }), all);
    await assertRejects(
      () => correlate({ duration }, { within: { pids: [43] } }),
      KymoError,
      "no durations with this label",
    );
    const later = await correlate({ duration }, { ...slowest, within: { from: epochOf(500) } });
    assertEquals(later.slow.count + later.others.count, 500);
  });

  it("is the same on each call", async () => {
    const duration = varied((start, isSlow) => isSlow ? [from(start, start + 0.05, "half")] : []);
    assertEquals(await correlate({ duration }, { examine: 10 }), await correlate({ duration }, { examine: 10 }));
  });

  it("rejects labels without durations, and options out of range", async () => {
    const duration = varied(() => []);
    const noSuch = () => correlate({ duration }, {}, "/none");
    const notFound = await assertRejects(
      noSuch,
      KymoError,
      'Cannot correlate: "/none": no durations with this label',
    );
    assertEquals(notFound.code, "not-found");
    for (const options of [{ share: 0 }, { share: 0.6 }, { examine: 9 }, { examine: 10.5 }]) {
      const error = await assertRejects(() => correlate({ duration }, options), KymoError, "Cannot correlate: ");
      assertEquals(error.code, "invalid-argument");
    }
  });
});
