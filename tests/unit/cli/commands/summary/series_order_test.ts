import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { parseColumns } from "../../../../../src/cli/commands/summary/extra_columns.ts";
import { parseQuantiles, parseSortKey, sorted } from "../../../../../src/cli/commands/summary/series_order.ts";
import { quantileName } from "../../../../../src/statistics/quantiles.ts";
import { KymoError } from "../../../../../src/errors.ts";
import { seriesOf } from "./summaries.ts";

describe("quantiles", () => {
  const lists: [text: string, quantiles: number[], names: string[]][] = [
    ["0.5,0.99", [0.5, 0.99], ["p50", "p99"]],
    ["p50,p99.9,p99.99", [0.5, 0.999, 0.9999], ["p50", "p99.9", "p99.99"]],
    [".9, 0, 1, p90", [0, 0.9, 1], ["p0", "p90", "p100"]],
    ["p29,p57", [0.29, 0.57], ["p29", "p57"]],
  ];
  for (const [text, quantiles, names] of lists) {
    it(`are parsed from ${text}`, () => {
      assertEquals(parseQuantiles(text), quantiles);
      assertEquals(parseQuantiles(text).map(quantileName), names);
    });
  }

  for (const text of ["", "0.5,", "50", "p101", "-0.5", "0.5 0.9", "half"]) {
    it(`are not parsed from ${JSON.stringify(text)}`, () => {
      assertThrows(() => parseQuantiles(text), KymoError, "--quantiles must be a list such as 0.5,0.99 or p50,p99");
    });
  }
});

describe("the order of series", () => {
  it("may be a quantile of the summary", () => {
    assertEquals(parseSortKey("p99.99", [0.9999]), "p99.99");
    assertThrows(
      () => parseSortKey("p99", [0.5]),
      KymoError,
      'Cannot summarize: --sort must be one of total, count, mean, p50, max, label: "p99"',
    );
  });

  it("puts NaN last, and keeps equal series in their order", () => {
    const series = [
      seriesOf({ label: "a", mean: NaN }),
      seriesOf({ label: "b", mean: 1 }),
      seriesOf({ label: "c", mean: Infinity }),
      seriesOf({ label: "d", mean: 1 }),
      seriesOf({ label: "e", mean: NaN }),
    ];
    assertEquals(sorted(series, "mean").map(({ label }) => label).join(""), "cbdae");
  });
});

describe("further columns", () => {
  it("are min and std, in this order", () => {
    assertEquals([parseColumns(undefined), parseColumns("std, min"), parseColumns("std")], [[], ["min", "std"], [
      "std",
    ]]);
  });

  it("are no others", () => {
    assertThrows(() => parseColumns("min,mode"), KymoError, 'Cannot summarize: --columns must be of min, std: "mode"');
  });
});
