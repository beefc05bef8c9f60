import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import {
  formatView,
  type LinkedView,
  parseView,
  wholeView,
} from "../../../../src/report/viewer/model/address/view_hash.ts";
import { fakeReport } from "../../../support/fake/report_data.ts";

const report = fakeReport({ labels: 3, bins: 40, perBin: 1, pids: [7, 8, 9], profiles: 0 });
const data = {
  ...report,
  from: "1795428012345678901",
  processes: report.processes.map((process, i) => i === 0 ? process : { ...process, isolate: `0000000${i}` }),
};

describe("the view in the address", () => {
  it("is nothing for the whole report", () => {
    assertEquals(formatView(wholeView(data), data), "");
    for (const hash of ["", "#", "#nothing=known"]) assertEquals(parseView(hash, data), wholeView(data));
  });

  it("is read as it was written", () => {
    const labels = data.durations.map(({ label }) => label);
    const views: Partial<LinkedView>[] = [
      { from: 3, to: 17 },
      { processes: new Set([0, 2]) },
      { processes: new Set() },
      { labelText: "a b&c=#/%ü" },
      { picked: new Set(labels.slice(1)), opened: labels[0]! },
      { from: 0, to: 39, processes: new Set([1]), labelText: "x", picked: new Set([labels[0]!]), opened: labels[1]! },
    ];
    for (const view of views) {
      const whole = { ...wholeView(data), ...view };
      assertEquals(parseView(`#${formatView(whole, data)}`, data), whole);
    }
  });

  it("has times that anybody can read, and programs by PID and isolate", () => {
    const view = { ...wholeView(data), from: 2, to: 4, processes: new Set([0, 1]) };
    assertEquals(
      formatView(view, data),
      "time=2026-11-23T10:00:13.345678901Z/2026-11-23T10:00:14.345678901Z&process=7&process=8-00000001",
    );
    // In a report of the same recording whose bins begin elsewhere, the nearest ones are shown.
    const other = { ...data, from: "1795428012000000000" };
    const { from, to } = parseView(`#${formatView(view, data)}`, other);
    assertEquals([from, to], [3, 5]);
  });

  it("is the whole where it is not understood, or not in the report", () => {
    for (
      const hash of [
        "#time=2026-11-23T10:00:13Z",
        "#time=x/y",
        "#time=2020-01-01T00:00:00Z/2020-01-02T00:00:00Z",
        "#time=2026-11-23T10:00:20Z/2026-11-23T10:00:13Z",
        "#process=4711&label=gone&pick=gone",
      ]
    ) assertEquals(parseView(hash, data), wholeView(data), hash);
  });
});
