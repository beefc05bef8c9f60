import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import type { DurationData } from "../../../../src/report/shared/report_data.ts";
import {
  quantileOf,
  quantilesOf,
  statisticsOf,
  viewDurations,
} from "../../../../src/report/viewer/model/duration_view.ts";
import { groupsOf } from "../../../../src/report/viewer/model/selection.ts";
import { cellsOf, statisticsOf as exactly } from "../../../support/fake/report_data.ts";
import { randomNumbers } from "../../../support/random.ts";

const BINS = 100;

/** Durations of two processes by bin; the second has a gap. */
function made(): { byProcess: Map<number, number[][]>; data: DurationData } {
  const random = randomNumbers(3);
  const durations = (count: number) => Array.from({ length: count }, () => 0.001 * Math.exp(random() * 6));
  const byProcess = new Map([1, 2].map((process) => [
    process,
    Array.from({ length: BINS }, (_, bin) => process === 2 && bin > 40 && bin < 60 ? [] : durations(5 + process)),
  ]));
  const processes = [...byProcess].map(([process, byBin]) => ({
    process,
    statistics: exactly(byBin.flat()),
    cells: cellsOf(byBin),
  }));
  const statistics = exactly([...byProcess.values()].flat(2));
  return { byProcess, data: { label: "a", statistics, processes } };
}

/** A quantile, interpolated between neighbours. */
function exactQuantile(durations: readonly number[], quantile: number): number {
  const sorted = durations.toSorted((one, other) => one - other);
  const rank = quantile * (sorted.length - 1);
  const [low = NaN, high = NaN] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]];
  return low + (high - low) * (rank % 1);
}

describe("bins of durations", () => {
  it("keep exact counts, sums, minima and maxima when merged, and quantiles within a bucket", () => {
    const { byProcess, data } = made();
    const selection = { from: 13, to: 90, processes: new Set([1, 2]) };
    const groups = groupsOf(selection, 10);
    assertEquals(groups, { from: 13, to: 90, size: 8, count: 10 });
    const view = viewDurations(data, selection, groups);
    for (let group = 0; group < groups.count; group++) {
      const from = 13 + group * 8;
      const own = [...byProcess.values()].flatMap((byBin) => byBin.slice(from, Math.min(90, from + 8)).flat());
      assertEquals(view.count[group], own.length);
      assertAlmostEquals(view.sum[group] ?? 0, own.reduce((sum, duration) => sum + duration, 0), 1e-9);
      assertEquals(view.min[group], Math.min(...own));
      assertEquals(view.max[group], Math.max(...own));
      for (const quantile of [0, 0.5, 0.9, 0.99, 1]) {
        const ratio = (quantileOf(view, group, quantile) ?? NaN) / exactQuantile(own, quantile);
        assert(Math.abs(ratio - 1) < 0.045, `${quantile}: ${ratio}`);
      }
    }
  });

  it("without durations have no quantiles", () => {
    const { data } = made();
    const selection = { from: 45, to: 55, processes: new Set([2]) };
    const view = viewDurations(data, selection, groupsOf(selection, 3));
    assertEquals(view.height, 0);
    assertEquals(quantilesOf(view, 0.5), [null, null, null]);
    assertEquals(statisticsOf(data, selection, BINS), undefined);
  });
});

describe("statistics of a selection", () => {
  const { byProcess, data } = made();

  it("are exact for the whole time of all processes, or of one", () => {
    const whole = { from: 0, to: BINS };
    assertEquals(statisticsOf(data, { ...whole, processes: new Set([1, 2]) }, BINS), {
      ...data.statistics,
      exact: true,
    });
    assertEquals(statisticsOf(data, { ...whole, processes: new Set([2, 9]) }, BINS), {
      ...exactly(byProcess.get(2)?.flat() ?? []),
      exact: true,
    });
    assertEquals(statisticsOf(data, { ...whole, processes: new Set() }, BINS), undefined);
  });

  it("have exact counts and estimated quantiles for a part of the time", () => {
    const statistics = statisticsOf(data, { from: 10, to: 20, processes: new Set([1]) }, BINS);
    const own = byProcess.get(1)?.slice(10, 20).flat() ?? [];
    assertEquals(statistics?.exact, false);
    assertEquals(statistics?.count, own.length);
    assertEquals(statistics?.max, Math.max(...own));
    assert(Math.abs((statistics?.p90 ?? NaN) / exactQuantile(own, 0.9) - 1) < 0.045);
  });

  it("are the known ones where there are no cells", () => {
    const processes = data.processes.map(({ process, statistics }) => ({ process, statistics }));
    const three = [...processes, { process: 3, statistics: exactly([1]) }];
    const bare = { ...data, processes: three };
    const selected = statisticsOf(bare, { from: 0, to: BINS, processes: new Set([1, 3]) }, BINS);
    assertEquals(selected?.max, 1);
    assertEquals(selected?.p50, NaN);
    assertEquals(statisticsOf(bare, { from: 1, to: 5, processes: new Set([1, 3]) }, BINS), undefined);
  });
});
