import { after, describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { TelemetryDB } from "../../../src/analysis/mod.ts";
import { readReportData } from "../../../src/report/make_report.ts";
import { plant } from "../../support/analysis/paused_recording.ts";
import { inDirectory, plain } from "../../support/analysis/report_recording.ts";
import { closeBrowser, drawn, openReport, scrollTo, violations } from "../../support/process/browser.ts";
import { thisRuntime } from "../../support/process/run.ts";
import { missing } from "../../support/process/system_tools.ts";

/** Puts the cursor at a part of a chart's width, and returns what its legend says there. */
async function legendAt(page: Page, title: string, part: number): Promise<string> {
  const chart = page.locator("figure.chart").filter({ has: page.locator("h3, h4", { hasText: title }) }).first();
  await chart.evaluate((element) => element.scrollIntoView({ behavior: "instant", block: "center" }));
  await drawn(page);
  const box = (await chart.locator(".u-over").boundingBox())!;
  await page.mouse.move(box.x + box.width * part, box.y + box.height / 2);
  return plain(await chart.locator(".legend").textContent() ?? "");
}

const skipHere = thisRuntime === "deno"
  ? missing("chromium")
  : "only on Deno: the page and the browser are the same on Bun";

describe("the report of a program whose recording was off", () => {
  after(closeBrowser);

  it("leaves the pause out of its charts and rates, and says so", { skip: skipHere }, async () => {
    const data = await inDirectory({}, async (directory) => {
      plant(directory, [{ isolate: "0000000a", from: 0, to: 120, end: { how: "stop" }, off: [[40, 70]] }]);
      await using db = await TelemetryDB.open(directory);
      return await readReportData(db, { title: "test", kymo: "0.0.0", made: new Date(0) });
    });
    const { page, close } = await openReport(data);
    const textOf = async (selector: string): Promise<string> =>
      plain(await page.locator(selector).first().textContent() ?? "");
    assertMatch(await textOf(".head .facts"), / · 2 min, recording was off for 30 s of it · 1 process · /);
    assertMatch(await textOf(".findings"), /Nothing stands out: no request failed/);
    assertMatch(await textOf(".lifelines .words"), /stopped recording, .*; recording was off for 30 s of 2 min$/);
    assertEquals(await textOf(".overview tbody td:nth-of-type(2)"), "10/s");
    await scrollTo(page, ".columns");
    const titles = await page.locator("figure.chart h3, figure.chart h4").allTextContents();
    assert(!titles.some((title) => /^recording/i.test(title)), titles.join());
    // At half of the time recording was off; at a quarter it was on.
    for (const [title, on] of [["Rate", "10/s"], ["CPU", "0.250"], ["RSS", "100 MB"]] as const) {
      assertEquals(await legendAt(page, title, 0.5), "recording off off", title);
      assertEquals(await legendAt(page, title, 0.25), `recording off ${on}`, title);
    }
    const described = await page.locator(".plot-focus").evaluateAll((all) =>
      all.map((one) => one.getAttribute("aria-label") ?? "")
    );
    assert(described.every((text) => plain(text).endsWith(" Recording was off for 30 s.")), described.join("\n"));
    assertEquals(await violations(page), []);
    await close();
  });
});
