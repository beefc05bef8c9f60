import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Change, Comparison, FailureComparison } from "../../../../../src/analysis/compare/changes.ts";
import type { DifferenceData } from "../../../../../src/report/shared/difference_data.ts";
import { changeRows, labelTones, verdictSentence } from "../../../../../src/report/viewer/difference/rows.ts";

const change = (ratio: number, verdict: Change["verdict"], needed?: number): Change => ({
  ratio,
  interval: [ratio * 0.99, ratio * 1.01],
  confidence: 0.99,
  verdict,
  ...needed !== undefined && { needed },
});

function label(name: string, median: Change, p99 = change(1, "cannot tell", 12_345)): Comparison {
  return { label: name, a: { count: 9, median: 1, p99: 2 }, b: { count: 9, median: 1, p99: 2 }, median, p99 };
}

function data(of: Partial<DifferenceData>): DifferenceData {
  const side = {
    name: "x",
    runs: [{ name: "x", from: "0", span: 1, off: 0, rows: 1, empty: [], marks: [] }],
    programs: [],
  };
  return {
    format: 1,
    title: "",
    kymo: "",
    made: "",
    sides: { a: side, b: side },
    confidence: 95,
    margin: 5,
    span: 1,
    bins: { width: 1, count: 1 },
    comparisons: [],
    failures: [],
    quantities: [],
    labels: [],
    runtime: [],
    problems: [],
    ...of,
  };
}

function outcomes(failed: number): FailureComparison["a"] {
  return { route: "/pay [POST]", requests: 100, failed, byOutcome: { "4xx": 0, "5xx": failed, aborted: 0, threw: 0 } };
}

describe("the changes of a comparison", () => {
  const comparisons = [
    label("/same", change(1, "same"), change(1.01, "same")),
    label("/slower", change(1.5, "slower")),
    label("/slowest", change(3, "slower"), change(4, "slower")),
    label("/faster", change(0.5, "faster")),
    { ...label("", change(1, "cannot tell")), a: undefined },
  ];
  const failures = [{
    route: "/pay [POST]",
    a: outcomes(0),
    b: outcomes(2),
    difference: 0.02,
    interval: [0.01, 0.03],
    verdict: "more errors",
  }] as const;
  const quantities = [{
    quantity: "memory",
    a: 1e8,
    b: 1.5e8,
    scale: "ratio",
    change: 1.5,
    interval: [1.4, 1.6],
    margin: 0.05,
    verdict: "more",
  }] as const;

  it("come worst first, then what is better, what cannot be told, and what is the same", () => {
    const rows = changeRows(data({ comparisons, failures, quantities }));
    assertEquals(rows.map(({ name, measure, tone }) => `${name} ${measure}: ${tone}`), [
      "/slowest p99: worse",
      "/slowest p50: worse",
      "/slower p50: worse",
      "memory (RSS) mean: worse",
      "/pay [POST] failed: worse",
      "/faster p50: better",
      "/slower p99: unknown",
      "/faster p99: unknown",
      "(empty label) p50: unknown",
      "/same p99: same",
      "/same p50: same",
    ]);
  });

  it("say how much it would take to tell, and which label only one side has", () => {
    const rows = changeRows(data({ comparisons }));
    const of = (name: string, measure: string) => rows.find((row) => row.name === name && row.measure === measure)!;
    assertEquals([of("/slower", "p99").needed, of("/slower", "p50").needed], ["12,000 samples", ""]);
    assertEquals(of("(empty label)", "p50").verdict, "only in B");
  });

  it("are placed in margins, so that within 1 is the same", () => {
    const [row] = changeRows(data({ comparisons: [label("/a", change(1.05, "same"))] }))
      .filter(({ measure }) => measure === "p50");
    const [low, middle, high] = row!.place!;
    assert(low < middle && middle < high && Math.abs(middle - 1) < 1e-9);
  });

  it("are told in words", () => {
    const rows = changeRows(data({ comparisons, failures, quantities }));
    assertEquals(labelTones(rows), { worse: 2, better: 1, same: 1, unknown: 1 });
    assertEquals(
      verdictSentence(rows),
      "Of 5 labels, 2 are slower, 1 is faster, 1 is the same and 1 cannot be told. More errors of 1 route and more memory (RSS).",
    );
    assertEquals(verdictSentence([]), "");
  });
});
