import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { TelemetryDB } from "../../../../src/analysis/frames/telemetry_db.ts";
import { type Overlap, readOverlaps, type TimedSample } from "../../../../src/analysis/slow/overlaps.ts";
import { slowest, type SlowestOptions, type SlowSample } from "../../../../src/analysis/slow/slowest.ts";
import { KymoError } from "../../../../src/errors.ts";
import { epochOf, Recordings, type Row } from "../../../support/analysis/comparison_runs.ts";
import { randomNumbers } from "../../../../src/analysis/compare/random.ts";

/** A duration from one time to another, in seconds. */
function from(start: number, end: number, label: string, pid = 42): Row {
  return { time: end, value: (end - start).toFixed(9), label, pid };
}

async function find(
  files: Readonly<Record<string, Iterable<Row>>>,
  options: SlowestOptions = {},
): Promise<SlowSample[]> {
  using recordings = new Recordings();
  await using db = await TelemetryDB.open(recordings.write(files));
  return await slowest(db, options);
}

function inWords({ kind, label, position, count, time, atMost }: Overlap): string {
  const most = atMost === undefined ? "" : ` of at most ${Number(atMost.toFixed(6))}`;
  return `${count} ${kind} ${label} ${position ?? ""} ${Number(time.toFixed(6))}${most}`.replaceAll("  ", " ");
}

describe("slowest", () => {
  const rows = [
    from(1, 1.1, "/a [GET]"),
    from(2, 2.4, "/a [GET]"),
    from(3, 3.3, "/b [GET]", 43),
    from(4, 4.2, "/a [GET]"),
    from(0, 9, "/events [GET] stream"),
  ];
  const client = [from(5, 6, "api.example.com [GET]")];

  it("finds the slowest samples of all labels, without streams and outgoing requests", async () => {
    const found = await find({ duration: rows, client }, { count: 2 });
    assertEquals(found.map(({ overlaps: _, ...sample }) => sample), [
      {
        channel: "duration",
        label: "/a [GET]",
        pid: 42,
        isolate: "",
        start: epochOf(2),
        end: epochOf(2.4),
        duration: 0.4,
      },
      {
        channel: "duration",
        label: "/b [GET]",
        pid: 43,
        isolate: "",
        start: epochOf(3),
        end: epochOf(3.3),
        duration: 0.3,
      },
    ]);
  });

  it("finds those of a label or pattern, whatever it is", async () => {
    const labelsOf = async (labels: string): Promise<string[]> =>
      (await find({ duration: rows, client }, { labels })).map(({ label }) => label);
    assertEquals(await labelsOf("/a [GET]"), ["/a [GET]", "/a [GET]", "/a [GET]"]);
    assertEquals(await labelsOf("/events*"), ["/events [GET] stream"]);
    assertEquals(await labelsOf("api*"), ["api.example.com [GET]"]);
    assertEquals(await labelsOf("none"), []);
  });

  it("finds those of each label", async () => {
    const found = await find({ duration: rows }, { count: 2, of: "each" });
    assertEquals(found.map(({ label, duration }) => [label, duration]), [
      ["/a [GET]", 0.4],
      ["/b [GET]", 0.3],
      ["/a [GET]", 0.2],
    ]);
  });

  it("takes the first of those that took equally long", async () => {
    const equal = Array.from({ length: 50 }, (_, i) => from(i, i + 0.5, "/a [GET]"));
    for (const which of ["all", "each"] as const) {
      const found = await find({ duration: equal.toReversed() }, { count: 3, of: which });
      assertEquals(found.map(({ start }) => start), [0, 1, 2].map(epochOf));
    }
  });

  it("finds those of a time and process, and what overlapped them and ended later", async () => {
    const found = await find({ duration: [...rows, from(2.1, 5, "later")] }, {
      within: { pids: [42], to: epochOf(2.5) },
    });
    assertEquals(found.map(({ duration, overlaps }) => [duration, ...overlaps.map(({ label }) => label)]), [
      [0.4, "/events [GET] stream", "later"],
      [0.1, "/events [GET] stream"],
    ]);
  });

  it("leaves out numbers that are no durations", async () => {
    const wrong = ["NaN", "Infinity", "-1", "1e300"].map((value) => ({ time: 5, value, label: "/a [GET]" }));
    assertEquals((await find({ duration: [...rows, ...wrong] }, { labels: "/a*" })).length, 3);
  });

  it("rejects options out of range", async () => {
    for (const options of [{ count: 0 }, { count: 1.5 }, { overlaps: 0 }, { of: "some" }, { top: 3 }]) {
      const error = await assertRejects(
        () => find({}, options as SlowestOptions),
        KymoError,
        "Cannot find the slowest",
      );
      assertEquals(error.code, "invalid-argument");
    }
  });
});

describe("what overlapped a slow sample", () => {
  it("is within it, around it or beside it, of the same process", async () => {
    const [sample] = await find({
      duration: [
        from(10, 11, "/a"),
        from(10.1, 10.3, "within"),
        from(10.2, 10.4, "within"),
        from(10.6, 10.7, "within"),
        from(9, 12, "around"),
        from(9.5, 10.5, "beside"),
        from(10.75, 11.5, "beside"),
        from(9.9, 10.2, "/a"),
        from(9, 10, "before"),
        from(11, 12, "after"),
        from(10.1, 10.9, "elsewhere", 43),
      ],
      client: [from(10.2, 10.6, "api.example.com [GET]")],
    }, { labels: "/a", count: 1 });
    assertEquals(sample!.overlaps.map(inWords), [
      "1 duration around around 1",
      "2 duration beside beside 0.75",
      "1 client api.example.com [GET] within 0.4",
      "3 duration within within 0.4",
      "1 duration /a beside 0.2",
    ]);
  });

  it("is how long the event loop was blocked, and an estimate of garbage collection", async () => {
    const runtime = (time: number, label: string, value: number): Row => ({ time, label, value });
    const [sample] = await find({
      duration: [from(10, 11, "/a")],
      runtime: [
        runtime(10.5, "event loop lag", 0.3), // 10.2 to 10.5
        runtime(10.55, "event loop lag", 0.1), // from 10.45 on
        runtime(10.7, "event loop lag", 0.019), // too small: its time is unknown
        runtime(11.2, "event loop lag", 0.4), // 0.2 s of it
        runtime(9.5, "gc collections", 1),
        runtime(10.5, "gc collections", 3),
        runtime(10.5, "gc pause", 0.1),
        runtime(10.5, "gc pause", 0.02),
        runtime(11.5, "gc collections", 4),
        runtime(11.5, "gc pause", 0.5),
      ],
    });
    assertEquals(sample!.overlaps.map(inWords), [
      "3 lag event loop lag 0.55",
      "3 gc gc pause 0.31 of at most 0.62",
    ]);
  });

  it("is found whatever its length and that of the sample, as comparing every pair finds it", async () => {
    const random = randomNumbers(7);
    const rows = Array.from({ length: 3_000 }, (): Row => {
      const start = Math.round(random() * 100e9);
      const length = Math.round(10 ** (random() * 10.5)); // up to half a minute, ns
      return {
        time: (start + length) / 1e9,
        value: (length / 1e9).toFixed(9),
        label: `l${Math.floor(random() * 3)}`,
        pid: 42 + Math.floor(random() * 2),
      };
    });
    using recordings = new Recordings();
    await using db = await TelemetryDB.open(recordings.write({ duration: rows }));
    await db.load();
    const all = (await db.sql(
      `SELECT Label AS label, PID AS pid, Timepoint - round(Measurement * 1e9)::BIGINT AS "start", Timepoint AS "end" FROM duration`,
    ))
      .rows() as unknown as (Omit<TimedSample, "pid"> & { pid: bigint })[];
    const spans = all.map(({ label, pid, start, end }): TimedSample => ({
      channel: "duration",
      label,
      pid: Number(pid),
      isolate: "",
      start,
      end,
    }));
    const samples = spans.filter((_, i) => i % 60 === 0);
    const found = await readOverlaps(db, samples);
    for (const [i, sample] of samples.entries()) {
      const expected = new Map<string, number>();
      for (const other of spans) {
        if (other === sample || other.pid !== sample.pid || other.start >= sample.end || other.end <= sample.start) {
          continue;
        }
        const position = other.start >= sample.start && other.end <= sample.end
          ? "within"
          : other.start <= sample.start && other.end >= sample.end
          ? "around"
          : "beside";
        const key = `${other.label} ${position}`;
        expected.set(key, (expected.get(key) ?? 0) + 1);
      }
      assertEquals(new Map(found[i]!.map(({ label, position, count }) => [`${label} ${position}`, count])), expected);
    }
    assert(found.flat().length > samples.length);
  });

  it("can be limited to the longest of each kind", async () => {
    const duration = [
      from(10, 11, "/a"),
      ...Array.from({ length: 9 }, (_, i) => from(10.1, 10.2 + i / 100, `part ${i}`)),
    ];
    const [sample] = await find({ duration, client: [from(10, 10.05, "api")] }, { count: 1, overlaps: 2 });
    assertEquals(sample!.overlaps.map(({ label }) => label), ["part 8", "part 7", "api"]);
  });
});
