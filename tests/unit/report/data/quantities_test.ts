import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { KymoError } from "../../../../src/errors.ts";
import type { QuantityData, ReportData } from "../../../../src/report/shared/report_data.ts";
import { reportOn, type Row } from "../../../support/analysis/report_recording.ts";
import { randomNumbers } from "../../../support/random.ts";

/** Returns the quantity with a label. */
function quantity({ quantities }: ReportData, label: string): QuantityData {
  return quantities.find((of) => of.label === label)!;
}

/** Samples of a process's CPU time, which grows evenly. */
function samplesOf(label: string, perSecond: number, times: readonly number[], pid = 1): Row[] {
  return times.map((time) => [time, 3 + perSecond * time, label, pid]);
}

const seconds = Array.from({ length: 61 }, (_, second) => second);

describe("quantities of a report", () => {
  it("have exact extremes in each bin", async () => {
    const random = randomNumbers(4);
    const rows: Row[] = Array.from(
      { length: 20_000 },
      (_, i) => [i / 100, Math.floor(1e9 * random()), "rss", 1 + i % 2],
    );
    const data = await reportOn({ runtime: rows });
    const { unit, kind, processes } = quantity(data, "rss");
    assertEquals([unit, kind, processes.length], ["bytes", "level", 2]);
    for (const { process, bin, min, mean, max, count } of processes) {
      const expected = Map.groupBy(
        rows.filter((row) => row[3] === data.processes[process]!.pid),
        ([time]) => Math.floor(Math.round(time * 1e9) / data.bins.width),
      );
      assertEquals(bin, [...expected.keys()]);
      for (const [i, number] of bin.entries()) {
        const values = expected.get(number)!.map((row) => row[1]);
        assertEquals([min[i], max[i], count[i]], [Math.min(...values), Math.max(...values), values.length]);
        assertAlmostEquals(mean[i]!, values.reduce((sum, value) => sum + value) / values.length, 1e3);
      }
    }
  });

  it("have a kind and a unit, and those of the runtime come first", async () => {
    const { quantities } = await reportOn({
      queue: [[0, 1, "queue length"]],
      custom: [[0, 1, "rss"]],
      runtime: [[0, 1, "rss"], [0, 2, "max rss"], [0, 1, "gc pause"], [1, 1, "event loop lag"], [0, 1, "something"]],
    });
    assertEquals(quantities.map(({ channel, label, unit, kind }) => [channel, label, unit, kind]), [
      ["runtime", "event loop lag", "s", "event"],
      ["runtime", "gc pause", "s", "event"],
      ["runtime", "max rss", "bytes", "level"],
      ["runtime", "rss", "bytes", "level"],
      ["runtime", "something", "", "level"],
      ["custom", "rss", "", "level"],
      ["queue", "queue length", "", "level"],
    ]);
  });

  it("turn CPU time into cores, whichever isolates of a process sample it", async () => {
    const often = seconds.flatMap((second) => [second, second + 1e-5, second + 0.3, second + 0.300_1]);
    const rows = [...samplesOf("user time", 0.5, often), ...samplesOf("system time", 0.25, often)];
    const data = await reportOn({ runtime: rows });
    assertEquals(data.quantities.map(({ label }) => label), ["cpu"]);
    const { unit, processes: [cells] } = quantity(data, "cpu");
    assertEquals(unit, "cores");
    assert(cells!.bin.length > 50);
    for (const values of [cells!.min, cells!.mean, cells!.max]) {
      for (const cores of values) assertAlmostEquals(cores, 0.75, 1e-3);
    }
  });

  it("have no negative rates: a counter that decreases has started anew", async () => {
    const later = seconds.map((second) => second + 100);
    const data = await reportOn({
      runtime: [
        ...samplesOf("user time", 1, seconds),
        ...samplesOf("user time", 1, seconds).map(([time, value, label]): Row => [time + 100, value, label]),
        ...samplesOf("gc collections", 2, seconds),
        ...later.map((time): Row => [time, 4 * (time - 100), "gc collections"]),
      ],
    });
    const { processes: [cpu] } = quantity(data, "cpu");
    assert(cpu!.min.every((cores) => Math.abs(cores - 1) < 1e-6), "of the step back nothing is seen");
    const { unit, processes: [collections] } = quantity(data, "gc collections");
    assertEquals(unit, "1/s");
    assertEquals([Math.min(...collections!.min), Math.max(...collections!.max)], [2, 4]);
  });

  it("do not mix the counters of several isolates", async () => {
    const data = await reportOn({
      runtime: [
        ...seconds.flatMap((time): Row[] => [[time, 10 * time, "gc collected"], [time + 0.5, time, "gc collected"]]),
        ...samplesOf("gc collected", 7, seconds, 2),
      ],
    });
    const { unit, processes } = quantity(data, "gc collected");
    assertEquals([unit, processes.map(({ process }) => data.processes[process]!.pid)], ["bytes/s", [2]]);
    assertEquals(data.unread.problems, [
      "gc collected of PID 1 is not shown: several isolates recorded it, and their counters are mixed",
    ]);
  });

  it("of the Python original are shown as they are, except CPU time", async () => {
    const data = await reportOn({
      runtime: ["gc collections", "gc collected", "gc uncollectable", "user time", "system time", "max rss"]
        .flatMap((label) => samplesOf(label, 1, seconds)),
    });
    assertEquals(data.quantities.map(({ label, unit }) => [label, unit]), [
      ["cpu", "cores"],
      ["gc collected", ""],
      ["gc collections", ""],
      ["gc uncollectable", ""],
      ["max rss", ""],
    ]);
  });

  it("leave out a row that is far from all others", async () => {
    const rows: Row[] = Array.from({ length: 2_000 }, (_, i) => [i, i, "queue"]);
    const data = await reportOn({ custom: [...rows, [-1.6e9, 0, "queue"]] });
    assertEquals([data.span, data.rows], [1_999e9, 2_000]);
    assertEquals(data.unread.problems, ["1 row is not shown: the timepoint is far from all others"]);
  });

  it("are refused if their time range exceeds 64 bits", async () => {
    const error = await assertRejects(
      () => reportOn({ custom: [[-9e9, 1, "a"], [7e9, 1, "a"]] }),
      KymoError,
      "Cannot report: timepoints -7300000000000000000 and 8700000000000000000: more than 285 years apart, select a shorter time",
    );
    assertEquals(error.code, "invalid-argument");
  });
});
