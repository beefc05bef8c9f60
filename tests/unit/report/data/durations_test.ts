import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { renderPage } from "../../../../src/report/page.ts";
import { DURATION_BUCKETS, partOfBucket } from "../../../../src/report/shared/report_buckets.ts";
import type { DurationCells, ReportData } from "../../../../src/report/shared/report_data.ts";
import { reportOn, type Row } from "../../../support/analysis/report_recording.ts";
import { randomNumbers } from "../../../support/random.ts";

/** Durations of two series in two processes, over 20 s; a few of them huge. */
function someRows(): Row[] {
  const random = randomNumbers(1);
  return Array.from({ length: 4_000 }, (_, i) => {
    const slow = i % 701 === 0 ? 50 : 1;
    const duration = Number((-Math.log(1 - random()) * 0.01 * slow).toFixed(9));
    return [random() * 20, duration, i % 3 === 0 ? "rare" : "often", i % 2 + 1];
  });
}

/** The cells of a series in a process. PIDs are from 1, processes from 0. */
function cellsOf({ durations, processes }: ReportData, label: string, pid: number): DurationCells {
  return durations.find((of) => of.label === label)!.processes
    .find(({ process }) => processes[process]!.pid === pid)!.cells!;
}

describe("durations of a report", () => {
  it("have exact extremes, sums and counts in each bin", async () => {
    const rows = someRows();
    const data = await reportOn({ duration: rows });
    const { bins, from, span } = data;
    const first = Math.min(...rows.map(([seconds]) => Math.round(seconds * 1e9)));
    assertEquals(BigInt(from) - 1_700_000_000_000_000_000n, BigInt(first));
    assert(bins.count >= 100 && bins.count === Math.floor(span / bins.width) + 1);
    for (const label of ["rare", "often"]) {
      for (const pid of [1, 2]) {
        const expected = Map.groupBy(
          rows.filter((row) => row[2] === label && row[3] === pid),
          ([seconds]) => Math.floor((Math.round(seconds * 1e9) - first) / bins.width),
        );
        const { bin, min, max, sum, buckets } = cellsOf(data, label, pid);
        assertEquals(bin, [...expected.keys()].sort((a, b) => a - b));
        for (const [i, number] of bin.entries()) {
          const measured = expected.get(number)!.map((row) => row[1]);
          assertEquals([min[i], max[i]], [Math.min(...measured), Math.max(...measured)]);
          assertAlmostEquals(sum[i]!, measured.reduce((sum, value) => sum + value), 1e-6);
          const byBucket = [...Map.groupBy(measured, (duration) => DURATION_BUCKETS.indexOf(duration))];
          assertEquals(
            buckets[i],
            byBucket.sort(([a], [b]) => a - b).flatMap(([bucket, own]) => [
              bucket,
              own.length,
              partOfBucket(bucket, Math.min(...own)),
              partOfBucket(bucket, Math.max(...own)),
            ]),
          );
        }
      }
    }
  });

  it("are also those of outgoing requests, told apart from routes of the same name", async () => {
    const rows: Row[] = [[1, 0.2, "orders [GET]"]];
    const { durations, quantities } = await reportOn({
      duration: rows,
      client: [...rows, [2, 0.4, "orders [GET] 5xx"]],
    });
    assertEquals(durations.map(({ label, request }) => [label, request?.route, request?.outcome]), [
      ["→ orders [GET] 5xx", "→ orders [GET]", "5xx"],
      ["orders [GET]", "orders [GET]", "ok"],
      ["→ orders [GET]", "→ orders [GET]", "ok"],
    ]);
    assertEquals(quantities, []);
  });

  it("have exact statistics, the series with the largest sum first", async () => {
    const rows = someRows();
    const { durations } = await reportOn({ duration: rows });
    assertEquals(durations.map(({ label }) => label), ["often", "rare"]);
    for (const { label, statistics, processes } of durations) {
      const all = rows.filter((row) => row[2] === label).map((row) => row[1]).sort((a, b) => a - b);
      const { count, sum, mean, min, max, p50, p999 } = statistics;
      assertEquals([count, min, max], [all.length, all[0], all.at(-1)]);
      const total = all.reduce((sum, value) => sum + value);
      assertAlmostEquals(sum, total, 1e-8 * total);
      assertAlmostEquals(mean, total / count, 1e-8 * total);
      const at = (q: number) => {
        const index = q * (count - 1);
        const low = all[Math.floor(index)]!;
        return low + (index % 1) * (all[Math.ceil(index)]! - low);
      };
      assertAlmostEquals(p50, at(0.5), 1e-8 * p50);
      assertAlmostEquals(p999, at(0.999), 1e-8 * p999);
      assertEquals(processes.map(({ process }) => process), [0, 1]);
      assertEquals(processes.reduce((sum, { statistics }) => sum + statistics.count, 0), count);
    }
  });

  it("leave out values that are not finite, and report them", async () => {
    const { durations, rows, findings, unread } = await reportOn({
      duration: [[0, 1, "a"], [1, NaN, "a"], [2, 3, "a"], [3, Infinity, "b"]],
    });
    assertEquals(durations.map(({ label, statistics: { count, sum } }) => [label, count, sum]), [["a", 2, 4]]);
    assertEquals([rows, unread.rows], [4, 0]);
    assertEquals(unread.problems, []);
    assertEquals(findings.filter(({ kind }) => kind === "data").map(({ weight, text }) => [weight, text]), [[
      "note",
      "1 observation of a and 1 of b are NaN, infinite or beyond 1e290; charts and statistics leave them out.",
    ]]);
  });

  it("leave out numbers so large that no sum of them is finite, with all statistics of others", async () => {
    const data = await reportOn({
      duration: [[0, 1e308, "huge"], [1, 1e308, "huge"], [2, 0.5, "fine"]],
      runtime: [[0, 1e308, "gc pause"], [1, 1e308, "gc pause"], [0, -1e308, "user time"], [2, 1e308, "user time"]],
    });
    assertEquals(data.durations.map(({ label, statistics: { sum } }) => [label, sum]), [["fine", 0.5]]);
    // Infinities and NaN would be null in JSON.
    assert(!JSON.stringify(data).includes("null"));
    assert(!data.findings.some(({ text }) => /Infinity|NaN [^,]/.test(text)));
  });

  it("that are not selected are reported as such", async () => {
    const rows = { duration: [[0, 1, "a"]] as Row[], custom: [[0, 1, "b"]] as Row[] };
    const problems = async (labels?: string) =>
      (await reportOn(rows, { selection: labels === undefined ? {} : { labels } })).findings.filter(({ kind }) =>
        kind === "data"
      )
        .map(({ text }) => text);
    assertEquals(await problems("b"), ["No durations are selected."]);
    assertEquals(await problems("zzz"), ["No observations are selected."]);
    assertEquals(await problems(), []);
  });

  it("may all have the same timepoint", async () => {
    const data = await reportOn({ duration: [[0, 0, "a"]] });
    const { bins, span } = data;
    assertEquals([span, bins.count], [0, 1]);
    assertEquals(cellsOf(data, "a", 1), { bin: [0], min: [0], max: [0], sum: [0], buckets: [[0, 1, 0, 0]] });
  });

  it("are the selected ones, beside which series of the runtime are kept", async () => {
    const rows = {
      duration: [[0, 1, "a b"], [1, 2, "b"], [2, 3, "c"], [3, 4, "a c", 2]] satisfies Row[],
      runtime: [[2.5, 5, "rss"]] satisfies Row[],
      custom: [[0, 5, "a queue"], [1, 5, "queue"]] satisfies Row[],
    };
    const labels = async (selection: object) => {
      const { durations, quantities } = await reportOn(rows, { selection });
      return [...durations, ...quantities].map(({ label }) => label).sort();
    };
    assertEquals(await labels({ labels: ["a*", "c"] }), ["a b", "a c", "a queue", "c", "rss"]);
    assertEquals(await labels({ labels: ["c"], pids: [1], from: 1_700_000_002_000_000_000n }), ["c", "rss"]);
  });

  it("of 1,000 series in 16 processes fit into a page of 4 MB", async () => {
    const random = randomNumbers(3);
    const rows = (function* (): Generator<Row> {
      for (let i = 0; i < 320_000; i++) {
        yield [i / 1_000, -Math.log(1 - random()) * 0.01, `/${i % 1_000} [GET]`, Math.floor(i / 1_000) % 16 + 1];
      }
    })();
    const data = await reportOn({ duration: rows });
    assertEquals(data.durations.length, 1_000);
    const { length } = await renderPage(data);
    assert(length < 4_000_000, `${length} bytes`);
  });
});
