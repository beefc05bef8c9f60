import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { joined, PauseLists } from "../../../../src/report/data/pauses.ts";
import { readReportData } from "../../../../src/report/make_report.ts";
import { pausesOf, type ReportData } from "../../../../src/report/shared/report_data.ts";
import { offGroups, recordedTimes, recordersOf } from "../../../../src/report/viewer/model/recorded.ts";
import { ViewStore } from "../../../../src/report/viewer/model/view_store.ts";
import { lengthOf, type Span, within } from "../../../../src/statistics/spans.ts";
import { plant, type PlantedLife, ROUTE } from "../../../support/analysis/paused_recording.ts";
import { inDirectory, plain, reportOn, type Row } from "../../../support/analysis/report_recording.ts";

const isolate = "0000000a";
const SECOND = 1e9;

/** The data of the report of some planted programs. */
function reportOf(...lives: readonly PlantedLife[]): Promise<ReportData> {
  return inDirectory({}, async (directory) => {
    plant(directory, lives);
    await using db = await TelemetryDB.open(directory);
    return await readReportData(db, { title: "test", kymo: "0.0.0", made: new Date(0) });
  });
}

const texts = ({ findings }: ReportData): string[] => findings.map(({ text }) => plain(text));
const labelsOf = ({ quantities }: ReportData): string[] => quantities.map(({ label }) => label);

describe("the report of a recording with pauses", () => {
  it("has the pauses of its processes, and no series of the rows that tell them", async () => {
    const data = await reportOf({ isolate, from: 0, to: 120, end: { how: "stop" }, off: [[40, 70]] });
    assertEquals(data.pauses, [[40 * SECOND, 70 * SECOND]]);
    assertEquals(data.processes.map(({ pauses }) => pauses), [0]);
    assertEquals([...data.durations, ...data.quantities].flatMap(({ processes }) => processes.map((of) => of.pauses)), [
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    assertEquals(labelsOf(data), ["cpu", "event loop lag", "rss"]);
  });

  it("has no finding that it would not have without the pause", async () => {
    const end = { how: "stop" } as const;
    const whole = await reportOf({ isolate, from: 0, to: 120, end });
    const paused = await reportOf({ isolate, from: 0, to: 120, end, off: [[40, 70]] });
    assertEquals(texts(paused), texts(whole));
  });

  it("tells a gap between two lives, but not one in which the first may have lived on", async () => {
    const next: PlantedLife = { isolate: "0000000b", from: 70, to: 120, end: { how: "stop" } };
    const gaps = async (first: PlantedLife): Promise<string[]> =>
      texts(await reportOf(first, next)).filter((text) => text.startsWith("No program of orders recorded"));
    assertEquals((await gaps({ isolate, from: 0, to: 40, end: { how: "killed" } })).length, 1);
    assertEquals((await gaps({ isolate, from: 0, to: 40, end: { how: "stop" } })).length, 1);
    assertEquals(await gaps({ isolate, from: 0, to: 40, end: { how: "killed" }, off: [[38]] }), []);
  });

  it("says of a program that was killed meanwhile that recording was off", async () => {
    const [text] = texts(await reportOf({ isolate, from: 0, to: 40, end: { how: "killed" }, off: [[38]] }));
    assertMatch(
      text!,
      /^bun 1\.4\.5 · orders@web-2 was killed, while recording was off since \uE0C138000000000\uE0C2\./,
    );
  });

  it("has the pauses of channels and labels where they differ from those of the process", async () => {
    const switches: Row[] = [[50, 0, "recording label /orders*"], [60, 1, "recording label /orders*"]];
    const data = await reportOf({ isolate, from: 0, to: 120, off: [[80, 90]], switches });
    assertEquals(data.pauses, [[80 * SECOND, 90 * SECOND], [50 * SECOND, 60 * SECOND, 80 * SECOND, 90 * SECOND]]);
    assertEquals(data.processes[0]!.pauses, 0);
    assertEquals(data.durations.map(({ label, processes }) => [label, processes[0]!.pauses]), [[ROUTE, 1]]);
    assert(data.quantities.every(({ processes }) => processes[0]!.pauses === undefined));
  });

  it("has no rate of a counter over a pause, in which nobody saw it grow", async () => {
    const cells = async (life: Partial<PlantedLife>): Promise<number> => {
      const { quantities } = await reportOf({ isolate, from: 0, to: 120, ...life });
      return quantities.find(({ label }) => label === "cpu")!.processes[0]!.count.reduce(
        (sum, count) => sum + count,
        0,
      );
    };
    assertEquals(await cells({ quiet: [[40, 70]] }), 89);
    assertEquals(await cells({ off: [[40, 70]] }), 88);
  });

  it("does not tell growth of memory in two short times that a pause keeps apart from a leak", async () => {
    const memory = async (switches: readonly Row[]): Promise<number> => {
      const seconds = Array.from({ length: 250 }, (_, second) => second).filter((second) =>
        second < 50 || second > 200
      );
      const runtime = [...seconds.map((second): Row => [second, 100e6 + second * 4e5, "rss"]), ...switches];
      return (await reportOn({ runtime })).findings.filter(({ kind }) => kind === "memory").length;
    };
    assertEquals(await memory([]), 1);
    assertEquals(await memory([[50, 0, "recording"], [200, 1, "recording"]]), 0);
  });

  it("shows the few rows after a long pause, which are no strays", async () => {
    const rows = Array.from({ length: 5_000 }, (_, i): Row => [i / 1_000, 0.001, "work"]);
    const after: Row = [1_000, 0.001, "work"];
    const runtime: Row[] = [[5, 0, "recording"], [999, 1, "recording"]];
    const paused = await reportOn({ duration: [...rows, after], runtime });
    assertEquals([paused.rows, Math.round(paused.span / SECOND)], [5_003, 1_000]);
    const quiet = await reportOn({ duration: [...rows, after] });
    assertEquals([quiet.rows, Math.round(quiet.span / SECOND)], [5_000, 5]);
    // A pause of years is a wrong clock.
    const years: Row[] = [[5, 0, "recording"], [1e9, 1, "recording"]];
    assertEquals(Math.round((await reportOn({ duration: rows, runtime: years })).span / SECOND), 5);
  });
});

describe("lists of pauses", () => {
  it("are each there once", () => {
    const pause = [{ from: 1, to: 2 }];
    const lists = new PauseLists((process, series) => process === 2 ? [] : series?.label === "b" ? [] : pause);
    assertEquals([0, 1, 2].map((process) => lists.ofProcess(process)), [{ pauses: 0 }, { pauses: 0 }, {}]);
    assertEquals(lists.ofSeries(0, { channel: "duration", label: "a" }), {});
    assertEquals(lists.ofSeries(0, { channel: "duration", label: "b" }), { pauses: 1 });
    assertEquals(lists.all(10), [[1, 2], []]);
  });

  it("are bounded, and as long as they were in each part of the time", () => {
    const pauses = Array.from({ length: 100_000 }, (_, i): Span<number> => ({ from: 10 * i, to: 10 * i + i % 10 }));
    const lists = new PauseLists(() => pauses);
    lists.ofProcess(0);
    const [list] = lists.all(1e6);
    assert(list!.length <= 2 * 4_001, `${list!.length}`);
    const few = joined(pauses, 250);
    for (let from = 0; from < 1e6; from += 25_000) {
      const part = { from, to: from + 25_000 };
      assertEquals(lengthOf(within(few, part)), lengthOf(within(pauses, part)));
    }
  });
});

describe("the times in which the page draws a series", () => {
  it("leave out pauses, unless another process recorded", async () => {
    const data = await reportOf(
      { isolate, from: 0, to: 120, end: { how: "stop" }, off: [[40, 70]] },
      { isolate: "0000000b", from: 60, to: 120, end: { how: "stop" } },
    );
    const [one, both] = [recordersOf([0]), recordersOf([0, 1])];
    const pause = (to: number): Span<number>[] => [{ from: 40 * SECOND, to: to * SECOND }];
    assertEquals(pausesOf(data, data.processes[0]!.pauses), pause(70));
    assertEquals(recordedTimes(data, one).off, pause(70));
    assertEquals(recordedTimes(data, both).off, pause(60));
    const store = new ViewStore(data, false);
    assertEquals(Math.round(store.recordedSeconds(one, 0, store.bins)), 90);
    assertEquals(Math.round(store.recordedSeconds(both, 0, store.bins)), 100);
    const groups = { from: 0, to: 120, size: 8, count: 15 };
    const off = offGroups(pause(70), groups, SECOND);
    assertEquals(off.flatMap((isOff, group) => isOff ? [group] : []), [5, 6, 7]);
  });
});
