import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { parseTimeArgument, timepointOf } from "../../../../src/cli/input/time_argument.ts";
import { formatTimepoint } from "../../../../src/display/local_time.ts";
import { KymoError } from "../../../../src/errors.ts";

const range = { first: 1_700_000_000_000_000_001n, last: 1_700_000_600_000_000_002n };

/** Parses a time of the recording. */
function timepoint(text: string): bigint {
  return timepointOf(parseTimeArgument(text, "--from"), range);
}

describe("a time argument", () => {
  const exact: [text: string, timepoint: bigint][] = [
    ["1700000000123456789", 1_700_000_000_123_456_789n],
    ["2023-11-14T22:13:20Z", 1_700_000_000_000_000_000n],
    ["2023-11-14t22:13:20z", 1_700_000_000_000_000_000n],
    ["2023-11-14 22:13:20.123456789Z", 1_700_000_000_123_456_789n],
    ["2023-11-14T23:13:20,5+01:00", 1_700_000_000_500_000_000n],
    ["2023-11-14T23:13:20+01", 1_700_000_000_000_000_000n],
    ["2023-11-14T16:43:20-0530", 1_700_000_000_000_000_000n],
    ["2024-02-29T00:00Z", 1_709_164_800_000_000_000n],
    ["+0s", range.first],
    ["+30s", range.first + 30_000_000_000n],
    ["+1.5ms", range.first + 1_500_000n],
    ["-5m", range.last - 300_000_000_000n],
    ["-1ns", range.last - 1n],
    ["-0s", range.last],
    ["-2h", range.last - 7_200_000_000_000n],
  ];
  for (const [text, expected] of exact) {
    it(`may be ${text}, to the nanosecond`, () => assertEquals(timepoint(text), expected));
  }

  it("is local time without an offset", () => {
    assertEquals(timepoint("2023-11-14T22:13"), BigInt(new Date(2023, 10, 14, 22, 13).getTime()) * 1_000_000n);
    assertEquals(timepoint("2023-11-14"), BigInt(new Date(2023, 10, 14).getTime()) * 1_000_000n);
  });

  for (
    const text of [
      "",
      "now",
      "5m",
      "+5",
      "+5x",
      "12",
      "2023-13-01",
      "2023-11-14T25:00",
      "2023-11",
      "-5 m",
      "2026-02-30",
      "2023-02-29T10:00Z",
      "2023-04-31 10:00",
    ]
  ) {
    it(`is not ${JSON.stringify(text)}`, () => {
      assertThrows(() => parseTimeArgument(text, "--from"), KymoError, "Cannot select: --from must be a time such as ");
    });
  }

  it("may be what is printed, without its second space", () => {
    const printed = formatTimepoint(1_700_000_000_123_999_999n);
    assertEquals(timepoint(printed.replace(/ (?=[+-])/, "")), 1_700_000_000_123_000_000n);
  });
});
