import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { plain, reportOn, type Row } from "../../../support/analysis/report_recording.ts";

/** Scans, from a time on slower by two fifths. */
function* scans(slowerFrom: number): Generator<Row> {
  for (let i = 0; i < 3_000; i++) {
    const time = i / 10;
    yield [time, 0.01 * (time < slowerFrom ? 1 : 1.4) * (1 + (i * 7 % 11) / 500), "scan"];
  }
}

describe("marks in a report", () => {
  it("are by time, with their texts and processes, and no quantities", async () => {
    const { marks, quantities, rows } = await reportOn({
      custom: [[0, 1, "jobs", 2], [30, 1, "jobs", 1]],
      mark: [[20, 1, "deploy 1.4.2", 2], [10, 1, "flag on", 1]],
    });
    assertEquals(marks.map(({ at, text }) => [at, text]), [[10e9, "flag on"], [20e9, "deploy 1.4.2"]]);
    assert(marks[0]!.process !== marks[1]!.process);
    assertEquals([quantities.map(({ label }) => label), rows], [["jobs"], 4]);
  });

  it("are there whatever labels are selected, but only of the time that is selected", async () => {
    const rows = {
      custom: [[0, 1, "jobs"], [30, 1, "jobs"]],
      mark: [[10, 1, "flag on"], [20, 1, "deploy 1.4.2"]],
    } satisfies Record<string, Row[]>;
    const { marks } = await reportOn(rows, { selection: { labels: ["jobs"], to: 1_700_000_015_000_000_000n } });
    assertEquals(marks.map(({ text }) => text), ["flag on"]);
  });

  it("are told with a step that is near", async () => {
    const { findings } = await reportOn({ duration: scans(150), mark: [[150, 1, "deploy 1.4.2"]] });
    const step = findings.find(({ label, text }) => label === "scan" && plain(text).includes("slower"));
    assert(step !== undefined, JSON.stringify(findings));
    assertStringIncludes(`${step.text} ${step.because ?? ""}`, "deploy 1.4.2");
  });

  it("are the first 500, and the report says how many are left out", async () => {
    const all = Array.from({ length: 502 }, (_, i): Row => [i, 1, `mark ${i}`]);
    const { marks, unread } = await reportOn({ mark: all });
    assertEquals([marks.length, marks.at(-1)?.text], [500, "mark 499"]);
    assertEquals(unread.problems, ["2 marks after the first 500 are left out"]);
  });
});
