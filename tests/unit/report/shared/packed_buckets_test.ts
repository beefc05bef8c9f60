import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { packReport, unpackReport } from "../../../../src/report/shared/packed_buckets.ts";
import type { Buckets, ReportData } from "../../../../src/report/shared/report_data.ts";
import { fakeReport } from "../../../support/fake/report_data.ts";

/** A report whose series has these buckets in each process. */
function reportOf(buckets: Buckets): ReportData {
  const data = fakeReport({ bins: 2, perBin: 1 });
  const [series] = data.durations;
  const processes = series!.processes.map((process) => ({ ...process, cells: { ...process.cells!, buckets } }));
  return { ...data, durations: [{ ...series!, processes }] };
}

/** The buckets of a report that has been in a page. */
function inPage(data: ReportData): number[][][] {
  const page = unpackReport(JSON.parse(JSON.stringify(packReport(data))));
  return page.durations.flatMap(({ processes }) =>
    processes.map(({ cells }) => cells!.buckets.map((of) => [...Array.from(of)]))
  );
}

describe("packed buckets", () => {
  it("unpack to what was packed, at the ends of what a bucket can be", () => {
    const cells = [
      [0, 1, 0, 0],
      [],
      [0, 1, 31, 31, 1, 2, 0, 31, 2, 31, 7, 7, 34, 32, 0, 0],
      [19_999, 2 ** 40, 3, 30, 20_000, 2 ** 53 - 1, 0, 31],
      [320, 1, 5, 5, 352, 1024, 1, 2, 1376, 1, 30, 30],
    ];
    const unpacked = inPage(reportOf(cells));
    assert(unpacked.length > 0);
    for (const buckets of unpacked) assertEquals(buckets, cells);
  });

  it("leave the rest of a report as it was", () => {
    const data = fakeReport({ bins: 50, perBin: 20 });
    const plain = JSON.parse(JSON.stringify(data)) as ReportData;
    assertEquals(
      inPage(plain),
      plain.durations.flatMap(({ processes }) => processes.map(({ cells }) => cells!.buckets)),
    );
    const without = (report: ReportData): unknown =>
      JSON.parse(JSON.stringify(report, (key, value) => key === "buckets" ? undefined : value));
    assertEquals(without(unpackReport(packReport(plain))), without(plain));
  });

  it("take less than half of the bytes of JSON", () => {
    const data = fakeReport({ bins: 200, perBin: 50 });
    const size = (report: unknown): number =>
      JSON.stringify(report, [
        "durations",
        "processes",
        "cells",
        "buckets",
        "lengths",
        "steps",
        "counts",
        "lows",
        "highs",
      ]).length;
    assert(size(packReport(data)) < size(data) / 2, `${size(packReport(data))} of ${size(data)}`);
  });
});
