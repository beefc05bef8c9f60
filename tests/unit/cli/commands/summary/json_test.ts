import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { toJson } from "../../../../../src/cli/commands/summary/json.ts";
import { look, runtimeOf, seriesOf, summaryOf } from "./summaries.ts";

describe("a summary as JSON", () => {
  it("has everything, with timepoints as strings of digits", () => {
    const problem = { file: "a.csv", line: 7, rows: 1, reason: "it has no label" };
    const reading = { files: 2, spools: 1, databases: 0, unread: 1, problems: [problem], copies: [], gone: [] };
    const summary = summaryOf({
      durations: [seriesOf({ label: "a", sum: 1 }), seriesOf({ label: "b", sum: 2 })],
      quantities: [seriesOf({ channel: "custom", label: "q", mean: NaN, max: Infinity, latest: 3, pid: 42 })],
      runtime: [runtimeOf({ kind: "counter", growth: 5 })],
    });
    const { version, kind, durations, quantities, runtime, ...rest } = JSON.parse(
      toJson(summary, { ...look, reading }),
    );
    assertEquals([version, kind], [1, "summary"]);
    const [from, to] = ["1700000000000000000", "1700000010000000000"];
    assertEquals(rest, {
      sources: ["_monitoring"],
      files: 2,
      spools: 1,
      databases: 0,
      rows: 1_000,
      processes: [{ pid: 1, isolate: "", program: "PID 1" }],
      programs: [],
      remarks: [],
      requests: [],
      outgoing: [],
      from,
      to,
      seconds: 10,
      lived: 10,
      recorded: 10,
      marks: [],
      pauses: [],
      bins: { from, width: "4294967296", length: 3 },
      unread: { rows: 1, problems: [problem] },
    });
    assertEquals(durations.map(({ label }: { label: string }) => label), ["b", "a"]);
    assertEquals(durations[0], {
      channel: "duration",
      label: "b",
      count: 1_000,
      rate: 100,
      sum: 2,
      mean: 0.012,
      min: 0.001,
      max: 1.5,
      quantiles: { p50: 0.5 / 128, p90: 0.9 / 128, p99: 0.99 / 128, "p99.9": 0.999 / 128 },
      from,
      to,
      counts: [0, 500, 500],
    });
    assertEquals(
      [quantities[0].pid, quantities[0].mean, quantities[0].max, quantities[0].latest],
      [42, null, null, 3],
    );
    assertEquals([runtime[0].growth, runtime[0].from, "rows" in runtime[0]], [5, from, false]);
  });

  it("has no time and no rates if nothing was recorded", () => {
    const { from, to, seconds, bins } = JSON.parse(toJson(summaryOf({ range: undefined, bins: undefined }), look));
    assertEquals([from, to, seconds, bins], [null, null, 0, null]);
    const range = { first: 1n, last: 1n };
    assertEquals(JSON.parse(toJson(summaryOf({ range, durations: [seriesOf({})] }), look)).durations[0].rate, null);
  });
});
