import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import type { Explanation } from "../../../../src/report/why.ts";
import type { ReportData } from "../../../../src/report/shared/report_data.ts";
import * as planted from "../../../support/analysis/planted_recordings.ts";
import { csv, inDirectory, plain } from "../../../support/analysis/report_recording.ts";
import { readCauses, sentences } from "../../../support/analysis/told_causes.ts";

/** What the report of a recording says, and what is known of a label. */
async function read(
  rows: planted.PlantedRows,
  label: string,
): Promise<{ data: ReportData; why: Explanation | undefined }> {
  const files = Object.fromEntries(Object.entries(rows).map(([channel, of]) => [`${channel}.csv`, csv(of)]));
  return await inDirectory(files, async (directory) => {
    await using db = await TelemetryDB.open(directory);
    return await readCauses(db, label);
  });
}

describe("a planted cause is told by the first card of the report, and by kymo why", () => {
  const cases: [
    cause: string,
    rows: (seed: number) => planted.PlantedRows,
    card: RegExp,
    label: string,
    why: RegExp,
  ][] = [
    [
      "a blocking function",
      planted.blockingFunction,
      /blocked 28 times.*“render invoices” took most of 28/,
      "/orders [GET]",
      /The event loop was blocked.*they waited while “render invoices” ran/,
    ],
    [
      "a leak with garbage collection",
      planted.leak,
      /memory \(RSS\) of the process grew.*blocked \d+ times.*Garbage collection took most of.*Garbage collection took \S+ % of the time/,
      "rss",
      /memory \(RSS\) of the process grew/,
    ],
    [
      "a slow upstream every 25th time",
      planted.slowUpstream,
      /\/cart \[GET\] has 2 typical times: .* 96 % around .*, 4 % around .*spent on “→ prices\.example\.com \[GET\]”/,
      "/cart [GET]",
      /spent on “→ prices\.example\.com \[GET\]”/,
    ],
    [
      "a slow upstream of a busy service, which all its requests ask",
      planted.slowBusyUpstream,
      /\/cart \[GET\] has 2 typical times: .* 96 % around .*, 4 % around .*“→ prices\.example\.com \[GET\]”, as in all its requests: 4\d\d ms each, and 1\d\.\d ms in the others/,
      "/cart [GET]",
      /spent on “→ prices\.example\.com \[GET\]”/,
    ],
    [
      "a scan whose cost steps up",
      planted.scanWithStep,
      /scan index became slower, \+\d\d\.\d % at \[(39\d|40\d) s\]: its median was .* before and .* after.*\/search \[GET\] became slower/,
      "scan index",
      /scan index became slower/,
    ],
    [
      "a scan that takes five times as long, which is a step and not two typical times",
      (seed) => planted.scanWithStep(seed, 5),
      /^(?!.*typical times).*scan index became slower, \+[34]\d\d % at \[(39\d|40\d) s\]: .*\/search \[GET\] became slower/,
      "scan index",
      /scan index became slower/,
    ],
    [
      "a queue in which jobs wait",
      planted.queueOfJobs,
      /^job .* others of job were under way .*: they waited in a queue/,
      "job",
      /they waited in a queue/,
    ],
  ];
  for (const [cause, rows, card, label, why] of cases) {
    it(cause, async () => {
      const { data, why: known } = await read(rows(1), label);
      const [first, ...others] = data.findings;
      const told = sentences(first!);
      assert(card.test(told), told);
      assertEquals(others.map((card) => sentences(card)), [], "nothing else is told");
      const [factor] = known?.slow?.apart ?? [];
      const explained = plain(`${factor?.text} ${known?.findings.map((card) => sentences(card)).join(" ")}`);
      assert(why.test(explained), explained);
      if (factor !== undefined && known?.label !== "scan index") {
        assert(/^(sure: |the same share in all; )/.test(factor.sureness), factor.sureness);
      }
    });
  }

  it("and nothing is told of a recording without one", async () => {
    const { data, why } = await read(planted.cleanService(1, { spread: 0.3, wave: 0.3, rate: 8 }), "/orders [GET]");
    assert(/^Nothing stands out/.test(sentences(data.findings[0]!)), sentences(data.findings[0]!));
    assertEquals(data.findings.length, 1);
    assertEquals([why?.modes, why?.steps, why?.findings], [[], [], []]);
    assertEquals(why?.slow?.apart.filter(({ chance }) => chance < 1).map(({ text }) => text), []);
  });
});
