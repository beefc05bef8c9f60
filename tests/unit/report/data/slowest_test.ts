import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { readReportData } from "../../../../src/report/make_report.ts";
import { csv, inDirectory, type Row } from "../../../support/analysis/report_recording.ts";

describe("the slowest samples in a report", () => {
  it("are of each series, with what overlapped them the most", async () => {
    const requests = Array.from({ length: 20 }, (_, i): Row => [10 * i + 9, i === 7 ? 5 : i === 9 ? 4 : 3, "/a [GET]"]);
    const files = {
      "duration.csv": csv([...requests, [76, 1, "render"], [78.9, 1, "render"], [200, 122, "long"], [
        78,
        0.001,
        "brief",
      ]]),
      "client.csv": csv([[78, 2, "api.example.com [GET]"]]),
      "runtime.csv": csv([[75, 0.5, "event loop lag"]]),
    };
    await inDirectory(files, async (directory) => {
      await using db = await TelemetryDB.open(directory);
      const data = await readReportData(db, { title: "", kymo: "0.0.0", made: new Date(0) });
      const of = (label: string) => data.durations.find((one) => one.label === label)?.slowest ?? [];
      assertEquals(of("/a [GET]").map(({ duration }) => duration), [5, 4, 3]);
      const [worst] = of("/a [GET]");
      assertEquals({
        ...worst,
        overlaps: worst!.overlaps.map(({ kind, label, position = "", time }) => `${kind} ${label} ${position} ${time}`),
      }, {
        process: 0,
        duration: 5,
        end: 70e9,
        overlaps: [
          "client → api.example.com [GET] within 2",
          "duration render within 2",
          "lag event loop lag  0.5",
          "duration long beside 1",
        ],
      });
      assertEquals(of("→ api.example.com [GET]")[0]?.overlaps.map(({ label, position }) => `${label} ${position}`), [
        "/a [GET] around",
        "render beside",
      ]);
    });
  });
});
