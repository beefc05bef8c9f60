import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  CHANNELS,
  isFromPython,
  isOfIsolate,
  RESERVED_CHANNELS,
  RUNTIME_SERIES,
  runtimeSeriesOf,
  SERIES,
  ValueKind,
  valueKindOf,
} from "../../src/series.ts";

describe("RUNTIME_SERIES", () => {
  it("describes every series once", () => {
    assertEquals(RUNTIME_SERIES.map(({ label }) => label).sort(), Object.values(SERIES).sort());
  });
});

describe("runtimeSeriesOf", () => {
  it("gives unit and kind", () => {
    assertEquals(runtimeSeriesOf(SERIES.rss, false), { label: "rss", unit: "bytes", kind: "level" });
    assertEquals(runtimeSeriesOf(SERIES.gcPause, false), { label: "gc pause", unit: "s", kind: "event" });
  });

  it("leaves the unit out where that of the Python original differs", () => {
    const differing = RUNTIME_SERIES.map(({ label }) => label)
      .filter((label) => runtimeSeriesOf(label, true).unit !== runtimeSeriesOf(label, false).unit);
    assertEquals(differing, [SERIES.maxRss, SERIES.gcCollected]);
    assertEquals(runtimeSeriesOf(SERIES.maxRss, true), { label: "max rss", unit: "", kind: "level" });
  });

  it("takes an unknown series for a level without unit", () => {
    for (const isPython of [false, true]) {
      assertEquals(runtimeSeriesOf("heap", isPython), { label: "heap", unit: "", kind: "level" });
    }
  });
});

describe("isOfIsolate", () => {
  it("tells the counters of an isolate from those of the process", () => {
    const counters = RUNTIME_SERIES.filter(({ kind }) => kind === "counter").map(({ label }) => label);
    assertEquals(counters.filter((label) => !isOfIsolate(label)), [SERIES.userTime, SERIES.systemTime]);
    assertEquals(isOfIsolate("unknown"), false);
  });
});

describe("isFromPython", () => {
  it("recognizes files of the Python original by their series", () => {
    assertEquals(isFromPython(new Set([SERIES.gcUncollectable])), true);
    assertEquals(isFromPython(new Set([SERIES.maxRss, SERIES.userTime])), true);
    assertEquals(isFromPython(new Set([SERIES.maxRss, SERIES.rss])), false);
    assertEquals(isFromPython(new Set()), false);
  });
});

describe("channels", () => {
  it("are reserved together with the prefix of CPU profiles", () => {
    assertEquals(RESERVED_CHANNELS, ["duration", "client", "runtime", "custom", "mark", "profiler"]);
  });

  it("hold numbers, except duration and client", () => {
    const kinds = [...Object.values(CHANNELS), "sales"].map((channel) => [channel, valueKindOf(channel)]);
    assertEquals(Object.fromEntries(kinds), {
      duration: ValueKind.duration,
      client: ValueKind.duration,
      runtime: ValueKind.number,
      custom: ValueKind.number,
      mark: ValueKind.number,
      sales: ValueKind.number,
    });
  });
});
