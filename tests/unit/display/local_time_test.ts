import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import {
  formatClock,
  formatDate,
  formatDay,
  formatOffset,
  formatTimepoint,
  formatTimeRange,
} from "../../../src/display/local_time.ts";

const MILLISECOND = 1_000_000n;

/** The timepoint of a local time. */
function local(...fields: [year: number, month: number, day: number, hour: number, minute: number]): bigint {
  const [year, month, ...rest] = fields;
  return BigInt(new Date(year, month - 1, ...rest).getTime()) * MILLISECOND;
}

describe("formatClock", () => {
  it("shows the local time of day, with as many digits of the second as asked for", () => {
    const timepoint = local(2026, 11, 3, 14, 3) + 20_345_678_901n;
    assertEquals([0, 3, 9].map((digits) => formatClock(timepoint, digits)), [
      "14:03:20",
      "14:03:20.345",
      "14:03:20.345678901",
    ]);
  });

  it("begins a day at 00:00", () => assertEquals(formatClock(local(2026, 11, 3, 0, 0)), "00:00:00"));

  it("is right before 1970", () =>
    assertEquals(formatClock(local(1969, 12, 30, 23, 59) + 1n, 9), "23:59:00.000000001"));
});

describe("formatDay and formatDate", () => {
  it("show the local day", () => {
    const timepoint = local(2026, 11, 3, 23, 59);
    assertEquals([formatDay(timepoint), formatDate(timepoint)], ["3 Nov", "3 Nov 2026"]);
  });
});

describe("formatOffset", () => {
  it("shows how far local time is ahead of UTC", () => {
    const timepoint = local(2026, 11, 3, 12, 0);
    const minutes = -new Date(Number(timepoint / MILLISECOND)).getTimezoneOffset();
    const [, sign, hours, rest] = /^([+-])(\d\d):(\d\d)$/.exec(formatOffset(timepoint)) ?? [];
    assertEquals((Number(hours) * 60 + Number(rest)) * (sign === "-" ? -1 : 1), minutes);
  });
});

describe("formatTimepoint", () => {
  it("shows milliseconds and the offset, cut and not rounded", () => {
    const text = formatTimepoint(1_700_000_000_123_999_999n);
    assertMatch(text, /^2023-11-1[45] \d\d:\d\d:\d0\.123 [+-]\d\d:\d\d$/);
    assertEquals(BigInt(Date.parse(text.replace(" ", "T").replace(" ", ""))), 1_700_000_000_123n);
  });
});

describe("formatTimeRange", () => {
  const first = 1_700_000_000_000_000_001n;

  it("shows the day and the offset once", () => {
    const text = formatTimeRange({ first, last: first + 60_000_000_000n });
    assertMatch(text, /^\S+ \S+\.000 to \d\d:\S+ \S+$/);
  });

  it("shows the last day if it is another", () => {
    const text = formatTimeRange({ first, last: first + 86_400_000_000_000n });
    assertMatch(text, /^2023-11-1[45] \S+ to 2023-11-1[56] \S+ \S+$/);
  });
});
