import { after, describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { notices } from "../../../src/report/viewer_bundle.ts";
import { pageDigest } from "../../support/fake/page_digest.ts";
import { emptyReport, fakeReport, reportOfOne } from "../../support/fake/report_data.ts";
import { missing } from "../../support/process/system_tools.ts";
import {
  closeBrowser,
  drawn,
  marksOfCharts,
  type OpenReport,
  openReport,
  picturesOf,
  scrollTo,
  violations,
} from "../../support/process/browser.ts";
import { spawnOn, thisRuntime } from "../../support/process/run.ts";

const skip = missing("chromium");
const skipHere = thisRuntime === "deno"
  ? skip
  : "only on Deno: the browser is the same, and the page, as the first test shows";
const fixture = fileURLToPath(new URL("fixtures/page_digest.ts", import.meta.url));
const ofFunction = "The function query took 20 % of the processor time.";
const report = fakeReport();
const story = {
  ...report,
  findings: [...report.findings, { kind: "cpu", weight: "note", text: ofFunction, function: "query" } as const],
};
const looks = [
  { name: "light", colorScheme: "light" },
  { name: "dark", colorScheme: "dark" },
  { name: "phone", colorScheme: "light", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true },
] as const;
const output = fileURLToPath(new URL(`../../output/report/${thisRuntime}/`, import.meta.url));

/** Returns the rows of the overview, by label. */
async function overview(page: Page): Promise<Record<string, string[]>> {
  const rows = await page.evaluate<string[][]>(
    `[...document.querySelectorAll(".overview tbody tr")].map((row) => [...row.cells].map((cell) => cell.textContent))`,
  );
  return Object.fromEntries(rows.map(([label = "", ...numbers]) => [label, numbers]));
}

/** Returns the headings of the sections. */
function sections(page: Page): Promise<string[]> {
  return page.locator("article.label h3").allTextContents();
}

/** Returns whether charts look as before, of those in view then and now. */
function unchanged(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): Map<string, boolean> {
  const both = [...before].filter(([chart]) => now.has(chart));
  assert(both.length > 5, `${both.length} charts in view`);
  return new Map(both.map(([chart, picture]) => [chart, now.get(chart) === picture]));
}

/** The page of the story, which is opened once for many tests: that takes two to three seconds. */
let opened: OpenReport | undefined;

/** Shows the whole report again, whatever was chosen: what the address does not say is as in the whole. */
const SHOW_WHOLE = `new Promise((done) => {
  for (const details of document.querySelectorAll("details[open]")) details.open = false;
  addEventListener("hashchange", () => setTimeout(done), { once: true });
  location.hash = "whole=" + performance.now();
})`;

/** Looks at the page of the story, and leaves it as it was. After a failure the next test opens another one. */
async function onStory(look: (page: Page) => Promise<void>): Promise<void> {
  opened ??= await openReport(story);
  const { page, close } = opened;
  try {
    await look(page);
    await page.mouse.move(0, 0);
    await page.evaluate(SHOW_WHOLE);
  } catch (error) {
    opened = undefined;
    await close();
    throw error;
  }
}

describe("the page of a report", () => {
  after(closeBrowser);

  it("is the same on both runtimes", async () => {
    const other = await spawnOn(thisRuntime === "deno" ? "bun" : "deno", fixture).ended;
    assertEquals([other.stderr, other.stdout], ["", await pageDigest()]);
  });

  it("draws every chart and the flame graph", { skip: skipHere }, async () =>
    await onStory(async (page) => {
      const marks = await marksOfCharts(page);
      assertEquals(marks.length, story.durations.length * 3 + story.quantities.length);
      assert(marks.every((count) => count > 100), `marks: ${marks}`);
      await scrollTo(page, ".flames");
      await page.locator(".flames rect").first().waitFor();
      assert(await page.locator(".flames rect").count() > 20);
    }));

  it(
    "zooms all charts by dragging in one of them, and back",
    { skip: skipHere },
    async () =>
      await onStory(async (page) => {
        await scrollTo(page, ".columns");
        const before = await picturesOf(page);
        const box = await page.locator("figure.chart .u-over").nth(1).boundingBox();
        assert(box !== null);
        await page.mouse.move(box.x + box.width * 0.55, box.y + 20);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width * 0.7, box.y + 40, { steps: 4 });
        await page.mouse.up();
        for (const [chart, same] of unchanged(before, await picturesOf(page))) assert(!same, chart);
        assertMatch(await page.locator(".window").textContent() ?? "", /\(4[3-7]\.\d\ss\)/);
        const [numbers] = Object.values(await overview(page));
        assertMatch(numbers?.[4] ?? "", /^≈ /);
        await page.getByRole("button", { name: "Reset zoom" }).click();
        await page.mouse.move(0, 0);
        for (const [chart, same] of unchanged(before, await picturesOf(page))) assert(same, chart);
      }),
  );

  it("moves and zooms by keyboard", { skip: skipHere }, async () =>
    await onStory(async (page) => {
      const shown = (): Promise<string | null> => page.locator(".window").textContent();
      await page.locator(".plot-focus").first().focus();
      const whole = await shown();
      await page.keyboard.press("+");
      const half = await shown();
      assertMatch(half ?? "", /\(2\smin 30\ss\)/);
      await page.keyboard.press("ArrowRight");
      const later = await shown();
      assertMatch(later ?? "", /\(2\smin 30\ss\)/);
      assertNotEquals(later, half);
      await page.keyboard.press("-");
      assertEquals(await shown(), whole);
      await page.keyboard.press("+");
      await page.keyboard.press("Escape");
      assertEquals(await shown(), whole);
    }));

  it("selects time by touch", { skip: skipHere }, async () => {
    const { page, close } = await openReport(story, looks[2]);
    await scrollTo(page, "article.label");
    const box = await page.locator("figure.chart .u-over").first().boundingBox();
    assert(box !== null);
    const session = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...places: number[]) =>
      session.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: places.map((place) => ({ x: box.x + box.width * place, y: box.y + 20 })),
      });
    await touch("touchStart", 0.3);
    for (const place of [0.35, 0.4, 0.5, 0.6]) await touch("touchMove", place);
    await touch("touchEnd");
    await page.getByRole("button", { name: /^Reset/ }).waitFor();
    assertEquals(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
    assertMatch(await page.locator(".window").textContent() ?? "", /\(1\smin (2|3)\d\ss\)/);
    await close();
  });

  it("shows the processes and labels that are chosen", { skip: skipHere }, async () =>
    await onStory(async (page) => {
      const all = await overview(page);
      assertEquals(Object.keys(all).length, story.durations.length);
      await page.getByLabel("PID 41213", { exact: true }).uncheck();
      const one = await overview(page);
      const label = story.durations[0]?.label ?? "";
      const own = story.durations[0]?.processes[0]?.statistics.count ?? 0;
      assertEquals(one[label]?.[0], own.toLocaleString("en-US"));
      assertNotEquals(one[label]?.[0], all[label]?.[0]);
      await page.getByRole("searchbox", { name: /labels that contain/ }).fill("ORDERS");
      const found = story.durations.map(({ label }) => label).filter((label) => label.includes("orders"));
      assertEquals((await sections(page)).toSorted(), found.toSorted());
      assertEquals(Object.keys(await overview(page)).toSorted(), found.toSorted());
      await page.getByText("Pick", { exact: true }).click();
      await page.getByRole("checkbox", { name: "db.query orders" }).check();
      assertEquals(await sections(page), ["db.query orders"]);
    }));

  it("has a table for every chart", { skip: skipHere }, async () =>
    await onStory(async (page) => {
      const charts = await page.locator("figure.chart").all();
      for (const chart of [...charts.slice(0, 3), ...charts.slice(-2)]) {
        await chart.evaluate((element) => element.scrollIntoView({ behavior: "instant", block: "center" }));
        await chart.locator("canvas").waitFor();
        assertEquals(await chart.locator("table").count(), 0);
        await chart.getByRole("button", { name: /^Show .+ as table$/ }).click();
        const rows = await chart.locator("tbody tr").count();
        assert(rows > 10 && rows <= 500, `${rows} rows`);
        if (rows === 500) assertMatch(await chart.locator(".note").textContent() ?? "", /^The first 500 of \d+ rows/);
      }
    }));

  it("shows what a finding is about", { skip: skipHere }, async () =>
    await onStory(async (page) => {
      await page.locator(".finding", { hasText: "was blocked for 843" }).click();
      assertMatch(await page.locator(".window").textContent() ?? "", /\((6\.5|7)\ss\)/);
      await page.getByRole("button", { name: /is the slowest/ }).click();
      assertEquals(await page.evaluate("document.activeElement.textContent"), "/report [GET]");
    }));

  it(
    "has its view in the address, and a sign on the strip of time for each finding",
    { skip: skipHere },
    async () =>
      await onStory(async (page) => {
        await page.getByRole("button", { name: /^Show: PID 41213 was blocked/ }).click();
        const shown = await page.locator(".window").textContent();
        await page.getByRole("searchbox", { name: /labels that contain/ }).fill("orders");
        await page.waitForURL(/#time=[^&]+Z&find=orders$/);
        const address = page.url();
        await page.getByRole("button", { name: "Reset zoom" }).click();
        await page.getByRole("searchbox", { name: /labels that contain/ }).fill("");
        await page.waitForURL(/\.html$/);
        // As a link that is opened in this tab.
        await page.evaluate(`location.hash = ${JSON.stringify(new URL(address).hash)}`);
        await page.getByRole("button", { name: "Reset zoom" }).waitFor();
        assertEquals(await page.locator(".window").textContent(), shown);
        assertEquals((await sections(page)).filter((label) => !label.includes("orders")), []);
      }),
  );

  it(
    "sorts the overview, and opens a label's section from it",
    { skip: skipHere },
    async () =>
      await onStory(async (page) => {
        await page.getByRole("button", { name: "Count", exact: true }).click();
        const counts = story.durations.map(({ statistics, label }) => ({ label, count: statistics.count }));
        assertEquals(
          Object.keys(await overview(page)),
          counts.toSorted((one, other) => other.count - one.count).map(({ label }) => label),
        );
        await page.locator(".overview").getByRole("button", { name: "cache.get" }).click();
        assertEquals(await page.evaluate("document.activeElement.textContent"), "cache.get");
      }),
  );

  it(
    "shows the slowest of a label, and what overlapped it, and zooms to it",
    { skip: skipHere },
    async () =>
      await onStory(async (page) => {
        const table = page.locator("article.label .slowest").first();
        assertEquals(
          (await table.locator(".meanwhile div").allTextContents()).map((text) => text.replaceAll("\u00a0", " ")),
          [
            "1.00 s (80 %) in: render report, 3 times",
            "900 ms (72 %) the event loop was blocked",
            "≈ 20.0 ms (1.6 %) garbage collection, as pauses around that time say",
            "500 ms (40 %) at the same time: → db.example.com [GET]",
          ],
        );
        const shown = (): Promise<string | null> => page.locator(".time .window").textContent();
        const before = await shown();
        await table.locator("tbody button").click();
        assertNotEquals(await shown(), before);
      }),
  );

  it(
    "highlights the function of a finding, where it took the most time",
    { skip: skipHere },
    async () =>
      await onStory(async (page) => {
        await page.getByRole("button", { name: ofFunction }).click();
        await page.locator('.flames rect[fill="#ff5fd2"]').first().waitFor();
        const fields = await page.getByRole("searchbox", { name: /Find a function/ }).all();
        const searched = await Promise.all(fields.map((field) => field.inputValue()));
        assertEquals(searched.filter((text) => text !== ""), ["query"]);
        for (const field of fields) await field.fill("");
      }),
  );

  it("searches, zooms and navigates the flame graph", { skip: skipHere }, async () =>
    await onStory(async (page) => {
      await scrollTo(page, ".flames");
      const frames = page.locator(".flames g.frame");
      await frames.first().waitFor();
      await page.getByRole("searchbox", { name: /Find a function/ }).fill("formatrow");
      assertMatch(await page.locator(".frame-details").textContent() ?? "", /^\d+ found: \d+\.\d\s% of the time/);
      assert(await page.locator('.flames rect[fill="#ff5fd2"]').count() > 0);
      const all = await frames.count();
      await frames.nth(1).click();
      const reset = page.getByRole("button", { name: "Whole profile" });
      await reset.waitFor();
      assert(await frames.count() !== all);
      await page.locator(".flames").press("Escape");
      assertEquals(await reset.isVisible(), false);
      await page.locator(".flames").press("ArrowDown");
      await page.locator(".flames").press("ArrowDown");
      assertMatch(await page.locator(".frame-details").textContent() ?? "", /: .+\ss, \d+\.\d\s%$/);
      await page.locator(".flames").press("Enter");
      await reset.waitFor();
      await page.locator(".functions").getByRole("button", { name: "query" }).click();
      assertEquals(await page.getByRole("searchbox", { name: /Find a function/ }).inputValue(), "query");
    }));

  it("shows the licences of its packages", { skip: skipHere }, async () =>
    await onStory(async (page) => {
      await page.getByText("Licences").click();
      const licences = await page.locator(".notices pre").textContent();
      assertEquals(licences, notices);
      assertEquals(licences?.split("\n")[0], "This page has these packages built in.");
    }));

  it("changes between light and dark", { skip: skipHere }, async () =>
    await onStory(async (page) => {
      const ground = (): Promise<string> => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
      const light = await ground();
      await page.getByRole("button", { name: "Use dark colours" }).click();
      assertNotEquals(await ground(), light);
      await page.getByRole("button", { name: "Use light colours" }).click();
      assertEquals(await ground(), light);
    }));

  it("says that no label matches", { skip: skipHere }, async () =>
    await onStory(async (page) => {
      await page.getByRole("searchbox", { name: /labels that contain/ }).fill("zzz");
      assertEquals(await page.locator(".overview").isVisible(), false);
      assertEquals(await page.getByText("No label contains “zzz”.").count(), 2);
      // Charts are drawn when they come into view; those of memory show whatever the labels.
      await page.getByText("log", { exact: true }).filter({ visible: true }).first().waitFor();
      await page.getByRole("searchbox", { name: /labels that contain/ }).fill("");
      assertEquals(await page.locator(".overview").isVisible(), true);
    }));

  for (const { name, ...look } of looks) {
    it(`is accessible, and looks as in tests/output: ${name}`, { skip: skipHere }, async () => {
      const { page, close } = await openReport(story, look);
      mkdirSync(output, { recursive: true });
      await drawn(page);
      await page.screenshot({ path: `${output}${name}_head.png` });
      await scrollTo(page, "article.label");
      await page.locator("figure.chart .u-over").nth(1).hover();
      await page.screenshot({ path: `${output}${name}_charts.png` });
      await scrollTo(page, ".profiles");
      await page.locator(".flames rect").first().waitFor();
      await page.screenshot({ path: `${output}${name}_profile.png` });
      await page.getByRole("searchbox", { name: /labels that contain/ }).fill(story.durations[0]!.label);
      await page.locator("figure.chart").first().getByRole("button", { name: /as table/ }).click();
      await page.getByText("Pick", { exact: true }).click();
      assertEquals(await violations(page), []);
      assertEquals(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
      await close();
    });
  }

  it("has written nothing to the console, and requested nothing", { skip: skipHere }, async () => {
    await onStory(() => Promise.resolve());
    await opened?.close();
  });

  it("shows any data as text, and bidirectional and invisible characters as escapes", { skip: skipHere }, async () => {
    const hostile = '</script><img src=x onerror="alert(1)"><b>&amp;';
    const shown = `${hostile}pay\\u202eslip\\x1b[2K`;
    const { page, close } = await openReport(reportOfOne(`${hostile}pay\u202eslip\u001b[2K`));
    assertEquals([await page.locator("h1").textContent(), await page.title()], [shown, `${shown} · Kymo report`]);
    assertEquals([await sections(page), Object.keys(await overview(page))], [[shown], [shown]]);
    assertEquals(await page.locator("img").count(), 0);
    const marks = await marksOfCharts(page);
    assert(marks.length === 3 && marks[0] === 0 && marks.slice(1).every((count) => count > 10), `marks: ${marks}`);
    await close();
  });

  it("says that nothing was recorded", { skip: skipHere }, async () => {
    const { page, close } = await openReport(emptyReport());
    assertMatch(await page.locator("header").textContent() ?? "", /Nothing was recorded/);
    assertEquals(await page.locator("canvas, table").count(), 0);
    assertEquals(await violations(page), []);
    await close();
  });

  it("has room for a thousand labels and sixteen processes", { skip: skipHere }, async () => {
    const pids = Array.from({ length: 16 }, (_, index) => 5_000 + index);
    const { page, close } = await openReport(fakeReport({ labels: 1_000, bins: 20, perBin: 0.2, pids, profiles: 0 }));
    assertEquals(await page.locator("fieldset input[type=checkbox]").count(), 16);
    assertEquals((await sections(page)).length, 20);
    await page.getByRole("button", { name: /^Show 20 more of \d+ labels$/ }).click();
    await page.locator("article.label >> nth=39").waitFor({ state: "attached" });
    assertEquals((await sections(page)).length, 40);
    await page.getByRole("button", { name: /^Show all \d+ labels$/ }).click();
    assert(Object.keys(await overview(page)).length > 500);
    await scrollTo(page, "article.label >> nth=39");
    await drawn(page);
    // Charts out of view are freed.
    assert(await page.locator("article.label canvas").count() < 15);
    await close();
  });
});
