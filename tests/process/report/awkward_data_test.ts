import { after, describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import type { QuantityData, ReportData } from "../../../src/report/shared/report_data.ts";
import { emptyReport, fakeReport, processOf } from "../../support/fake/report_data.ts";
import { plain } from "../../support/analysis/report_recording.ts";
import { closeBrowser, drawn, openReport, scrollTo } from "../../support/process/browser.ts";
import { thisRuntime } from "../../support/process/run.ts";
import { missing } from "../../support/process/system_tools.ts";

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true } as const;
const LONG = `/${"a".repeat(1_500)}/${"z".repeat(1_500)}`;

/** Four programs for a day, and one for twenty seconds in it, whose memory is known. */
function day(): ReportData {
  const bins = 720;
  const [minute, span] = [120e9, 120e9 * bins];
  const lived = processOf(1, 4, 1, span);
  const processes = [
    ...[0, 1, 2, 3].map((line) => processOf(100 + line, line, 9, span)),
    {
      ...lived,
      pid: 200,
      name: "PID 200",
      lives: [{ ...lived.lives[0]!, start: 300 * minute, end: 300 * minute + 20e9 }],
    },
  ];
  const all = Array.from({ length: bins }, (_, bin) => bin);
  const of = (process: number, bin: readonly number[], value: (bin: number) => number) => ({
    process,
    bin,
    min: bin.map((bin) => value(bin) / 2),
    mean: bin.map((bin) => value(bin) * 0.75),
    max: bin.map(value),
    count: bin.map(() => 12),
  });
  const quantities: QuantityData[] = [
    {
      label: "gc pause",
      channel: "runtime",
      unit: "s",
      kind: "event",
      processes: [0, 1, 2, 3].map((line) => of(line, all, () => 0.01 * (line + 1))),
    },
    { label: "rss", channel: "runtime", unit: "bytes", kind: "level", processes: [of(4, [300], () => 9e7)] },
  ];
  const lines = processes.map(({ name }) => ({ name, short: name }));
  return {
    ...emptyReport(),
    from: "1795428012345678901",
    rows: 9,
    span,
    bins: { width: minute, count: bins },
    processes,
    lines,
    quantities,
  };
}

/** Counts the pixels of a chart's plot by whether they have a colour of a process. */
async function colouredPart(page: Page, title: string): Promise<{ coloured: number; all: number }> {
  const chart = page.locator("figure.chart").filter({ has: page.locator("h3", { hasText: title }) }).first();
  await chart.evaluate((element) => element.scrollIntoView({ behavior: "instant", block: "center" }));
  await drawn(page);
  // Without the axis, and the marks of lives at the lower edge.
  return await page.evaluate<{ coloured: number; all: number }>(`(() => {
    const canvas = [...document.querySelectorAll("figure.chart")]
      .find((chart) => chart.querySelector("h3").textContent.startsWith("${title}")).querySelector("canvas");
    const { data } = canvas.getContext("2d").getImageData(60, 0, canvas.width - 70, canvas.height - 45);
    let coloured = 0;
    for (let at = 0; at < data.length; at += 4) {
      const [red, green, blue, opacity] = data.subarray(at, at + 4);
      if (opacity > 100 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40) coloured++;
    }
    return { coloured, all: data.length / 4 };
  })()`);
}

const skipHere = thisRuntime === "deno"
  ? missing("chromium")
  : "only on Deno: the page and the browser are the same on Bun";

describe("the report of awkward data", { skip: missing("chromium") }, () => {
  after(closeBrowser);

  it(
    "draws events of four programs over a day as lines, and a program that lived for seconds",
    { skip: skipHere },
    async () => {
      const { page, close } = await openReport(day());
      const { coloured, all } = await colouredPart(page, "GC pause");
      assert(coloured > 500 && coloured < all / 5, `${coloured} of ${all}`);
      assert((await colouredPart(page, "RSS")).coloured > 4);
      await close();
    },
  );

  it("names a label that is empty, and shortens one of 3,000 characters", { skip: skipHere }, async () => {
    const data = fakeReport({ labels: 2, bins: 40, perBin: 8, profiles: 0 });
    const durations = data.durations.map((of, i) => ({ ...of, label: i === 0 ? "" : LONG }));
    const { page, close } = await openReport({ ...data, durations, findings: [] });
    const names = await page.locator(".overview tbody th button").allTextContents();
    assertEquals(names[0], "(empty label)");
    assertMatch(names[1] ?? "", /^\/a+ … 2,872 characters … z+$/);
    assertMatch(await page.locator("article.label").nth(1).getAttribute("aria-label") ?? "", /^.{90,200}$/);
    const heading = page.locator("article.label h3").nth(1);
    const height = async (): Promise<number> => (await heading.boundingBox())!.height;
    assert(await height() < 100);
    await heading.getByRole("button", { name: "Show all of it" }).click();
    assert((await heading.textContent())!.includes(LONG) && await height() > 100);
    await page.locator(".overview").getByRole("button", { name: "(empty label)" }).click();
    assertMatch(await page.evaluate<string>("document.activeElement.textContent"), /^\(empty label\)/);
    await close();
  });

  it("has room for the list of thirty processes on a phone", { skip: skipHere }, async () => {
    const pids = Array.from({ length: 30 }, (_, i) => 1_000 + i);
    const { page, close } = await openReport(
      { ...fakeReport({ labels: 1, bins: 4, perBin: 0.2, pids, profiles: 0 }), quantities: [] },
      PHONE,
    );
    await scrollTo(page, ".toolbar");
    const before = await page.evaluate<number>("scrollY");
    await page.getByText("All 30 processes").click();
    const [list, window] = [(await page.locator(".many .popover").boundingBox())!, page.viewportSize()!];
    assert(list.height > 150 && list.height <= 0.42 * window.height, `${list.height} of ${window.height}`);
    assert(list.x >= 0 && list.x + list.width <= window.width, `${list.x} and ${list.width}`);
    await page.getByRole("checkbox", { name: "PID 1024" }).uncheck();
    await page.getByText("29 of 30 processes").waitFor();
    assert(Math.abs(await page.evaluate<number>("scrollY") - before) < 2);
    assertEquals(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
    await close();
  });

  it("scrolls the names of few processes sideways on a phone, beside the button for dark and light", {
    skip: skipHere,
  }, async () => {
    const data = fakeReport({ labels: 1, bins: 4, perBin: 0.2, pids: [1, 2, 3], profiles: 0 });
    const lines = data.lines.map((line, i) => ({ ...line, short: `deno 2.9.6 · orders@web-${i}` }));
    const { page, close } = await openReport({ ...data, lines, quantities: [] }, PHONE);
    const [wide, row, button] = await page.evaluate<number[]>(`[
      document.documentElement.scrollWidth - innerWidth,
      document.querySelector(".processes").getBoundingClientRect().bottom,
      document.querySelector(".theme").getBoundingClientRect().top,
    ]`);
    assert(wide! <= 0, `${wide} pixels too wide`);
    assert(button! < row!, "the button is below the names");
    const last = page.getByRole("checkbox", { name: /web-2/ });
    await last.focus();
    assert((await last.boundingBox())!.x < 390);
    await close();
  });

  it("has marks as lines on all charts and signs on the strip of time, and stays at the finest zoom", {
    skip: skipHere,
  }, async () => {
    const data = fakeReport({ labels: 1, bins: 100, perBin: 2, pids: [1], profiles: 0 });
    const marks = [{ at: 25e9, text: "deploy 1.4.2", process: 0 }];
    const { page, close } = await openReport({ ...data, marks });
    await scrollTo(page, ".columns");
    // Nothing else has this colour.
    const counts = await page.evaluate<number[]>(
      `[...document.querySelectorAll("figure.chart canvas")].map((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) {
        if (data[at] > 140 && data[at + 1] < 90 && data[at + 2] > 100 && data[at + 2] < 160) count++;
      }
      return count;
    })`,
    );
    assert(counts.length > 4 && counts.every((count) => count > 20), counts.join());
    await page.getByRole("button", { name: /^Show: deploy 1\.4\.2, / }).click();
    assertMatch(await page.locator(".window").textContent() ?? "", /\(5\ss\)$/);

    const zoomIn = page.getByRole("button", { name: "Zoom in" });
    while (await zoomIn.getAttribute("aria-disabled") === "false") await zoomIn.click();
    const finest = await page.locator(".window").textContent();
    assertMatch(plain(finest ?? ""), /\(1 s\)$/);
    await zoomIn.dispatchEvent("click");
    await zoomIn.press("+");
    assertEquals(await page.locator(".window").textContent(), finest);
    await close();
  });

  it("says at the cursor how many durations a cell of the heat map has", { skip: skipHere }, async () => {
    const data = fakeReport({ labels: 1, bins: 40, perBin: 90, pids: [1], profiles: 0 });
    const { page, close } = await openReport(data);
    const chart = page.locator("figure.chart").filter({ has: page.locator("h4", { hasText: "Heat map" }) });
    await chart.evaluate((element) => element.scrollIntoView({ behavior: "instant", block: "center" }));
    await drawn(page);
    const box = (await chart.locator(".u-over").boundingBox())!;
    const texts = new Set<string>();
    let sum = 0;
    for (let y = 1; y < box.height; y += 4) {
      await page.mouse.move(box.x + box.width / 2, box.y + y);
      const text = plain(await chart.locator(".legend b").textContent() ?? "");
      if (!texts.has(text)) sum += Number(/^([\d,]+) from [\d.]+ .?s to [\d.]+ .?s$/.exec(text)?.[1]);
      texts.add(text);
    }
    // Half of the width is at the beginning of the bin after the first twenty.
    const [cells] = data.durations[0]!.processes.map(({ cells }) => cells!);
    const counts = Array.from(cells!.buckets[cells!.bin.indexOf(20)]!).filter((_, i) => i % 4 === 1);
    assertEquals(sum, counts.reduce((sum, count) => sum + count, 0));
    await page.mouse.move(box.x + box.width / 2, box.y - 150);
    await close();
  });
});
