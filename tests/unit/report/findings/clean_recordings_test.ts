import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "node:test";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { segmentFileName } from "../../../../src/files/names.ts";
import { whySlow } from "../../../../src/report/findings/explain_findings.ts";
import { readExplained } from "../../../../src/report/make_report.ts";
import { CLEAN, type CleanRows } from "../../../support/analysis/clean_recordings.ts";
import { csv, inDirectory, plain, type Row } from "../../../support/analysis/report_recording.ts";
import { shortOrFull } from "../../../support/faults/suite_size.ts";

/** In the full suite all recordings are read, each with several seeds; otherwise those that are least alike. */
const SEEDS = shortOrFull(1, 10);
const READ = shortOrFull(3, Infinity);
const LABELS = shortOrFull(1, Infinity);

/** The files of a recording, as its processes would have left them. */
function filesOf(rows: CleanRows): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [channel, of] of Object.entries(rows)) {
    for (const [pid, own] of Map.groupBy(of, ([, , , pid = 1]: Row) => pid)) {
      const owner = { channel, pid, isolate: "0badcafe" };
      files[segmentFileName({ owner, sequence: 0 })] = csv(own.toSorted(([a], [b]) => a - b));
    }
  }
  return files;
}

describe("a recording in which nothing stands out", () => {
  it("is one of at least twenty", () => assertEquals(Object.keys(CLEAN).length >= 20, true));

  for (const [name, rows] of Object.entries(CLEAN).slice(0, READ)) {
    it(`has no findings, steps or causes: ${name}`, async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        await inDirectory(filesOf(rows(seed)), async (directory) => {
          await using db = await TelemetryDB.open(directory);
          const { data, context } = await readExplained(db, { title: "", kymo: "0.0.0", made: new Date(0) });
          const [card, ...others] = data.findings.map(({ text, because = "", also = [] }) =>
            plain([text, because, ...also.map(({ text }) => text)].join(" "))
          );
          const about = `${name}, seed ${seed}`;
          assertEquals(others, [], about);
          assertMatch(card!, /^(Nothing stands out|Too few to tell)/, about);
          assertEquals(
            data.durations.flatMap(({ label, steps = [] }) => steps.map((step) => [label, step])),
            [],
            about,
          );
          for (const { label } of data.durations.slice(0, LABELS)) {
            const factors = (await whySlow(label, context!))?.factors ?? [];
            // That the slow ones are of one time is true of a start, and no cause.
            const causes = factors.filter(({ kind, chance }) => kind !== "time" && chance < 1);
            assertEquals(causes.map(({ text }) => plain(text)), [], about);
          }
        });
      }
    });
  }
});
