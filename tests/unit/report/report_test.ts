import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { TelemetryDB } from "../../../src/analysis/mod.ts";
import { defaultRuntime } from "../../../src/default_runtime.ts";
import { makeReport } from "../../../src/report/make_report.ts";
import { csv, inDirectory, plain, type Row } from "../../support/analysis/report_recording.ts";

/**
 * A service with 100 fast requests per second, and one per second that renders for 200 ms while the
 * others wait.
 */
function* aService(): Generator<Row> {
  for (let i = 0; i < 3_000; i++) {
    const time = i / 100;
    const renders = i % 100 === 0;
    const waits = i % 100 < 20;
    yield [time, 0.001 + (i % 7) * 1e-5 + (waits ? 0.2 - i % 100 / 100 : 0), renders ? "/report [GET]" : "/time [GET]"];
    if (renders) yield [time - 0.000_1, 0.2, "render report"];
  }
}

/** Its event loop lags. */
function* itsLags(): Generator<Row> {
  for (let second = 1; second < 30; second++) yield [second, 0.18, "event loop lag"];
}

describe("a report", () => {
  it("can be made of durations longer than any time", async () => {
    const rows = Array.from({ length: 100 }, (_, i): Row => [i, 1e10 * (i < 95 ? 1 : 100), "eternal"]);
    await inDirectory({ "duration.csv": csv(rows) }, async (directory) => {
      await using db = await TelemetryDB.open(directory);
      const { data } = await makeReport(db, [directory], {
        title: "",
        kymo: "0.0.0",
        made: new Date(0),
        files: defaultRuntime().files,
      });
      assertEquals([data.rows, data.durations[0]?.label], [100, "eternal"]);
      const about = data.findings.filter(({ label }) => label === "eternal");
      assert(about.length > 0 && about.every(({ because }) => because === undefined), JSON.stringify(data.findings));
    });
  });

  it("says which series is slow, and why", async () => {
    await inDirectory({ "duration.csv": csv(aService()), "runtime.csv": csv(itsLags()) }, async (directory) => {
      await using db = await TelemetryDB.open(directory);
      const steps: string[] = [];
      const { html, data } = await makeReport(db, [directory], {
        title: "A service",
        kymo: "0.0.0",
        made: new Date(0),
        files: defaultRuntime().files,
        onProgress: (done, total, what) => steps.push(`${done} of ${total}: ${what}`),
      });
      const findingOf = (text: string) => data.findings.find((finding) => plain(finding.text).startsWith(text));
      assertEquals(
        plain(findingOf("The event loop of the process was blocked 29 times")?.because ?? ""),
        "“render report” took most of 29, 5.22 s in total.",
      );
      // They have one cause, so they share a card.
      const [waited] = findingOf("The event loop")?.also ?? [];
      assert(waited?.text.startsWith("/time [GET] has 2 typical times"), JSON.stringify(data.findings));
      assert(waited?.because?.endsWith("they waited while “render report” ran."), waited?.because);
      assertEquals(steps.length, new Set(steps).size);
      assertEquals([data.made, data.unread.rows], ["1970-01-01T00:00:00.000Z", 0]);
      assert(html.includes("<title>A service · Kymo report</title>"));
    });
  });
});
