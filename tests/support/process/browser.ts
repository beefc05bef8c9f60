import { assertEquals } from "@std/assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { renderPage } from "../../../src/report/page.ts";
import type { ReportData } from "../../../src/report/shared/report_data.ts";

/** Timeout of each browser operation, ms: the machine may be busy. */
const TIMEOUT = 60_000;

let browser: Promise<Browser> | undefined;
/**
 * The directory of pages and of the browser's own files; created on first use. Its name is short,
 * since the path of a socket that Chromium makes in it has at most 107 bytes.
 */
let directory: string | undefined;
const written = new Map<ReportData, string>();

/** Returns Debian's Chromium, which is started once for all tests of a file. */
export function openBrowser(): Promise<Browser> {
  const folder = openDirectory();
  browser ??= chromium.launch({
    executablePath: "/usr/bin/chromium",
    // Chromium has no sandbox when run as root.
    args: ["--no-sandbox"],
    // Chromium leaves temporary files, which closeBrowser removes.
    env: { ...process.env, TMPDIR: folder },
    timeout: TIMEOUT,
  });
  return browser;
}

/** Closes the browser and removes its files. */
export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  // Another file of tests in the same program may open them anew.
  browser = directory = undefined;
  written.clear();
}

/** A report in the browser. */
export interface OpenReport {
  readonly page: Page;
  /** Closes the page. Fails if it wrote to its console, threw, or requested anything but itself. */
  readonly close: () => Promise<void>;
}

/** Writes a report and opens the file in the browser, as a double click does. */
export async function openReport(data: ReportData, options: BrowserContextOptions = {}): Promise<OpenReport> {
  return await openPage(await fileOf(data), options);
}

/** Opens the file of a page at a path in the browser. */
export async function openPage(path: string, options: BrowserContextOptions = {}): Promise<OpenReport> {
  const url = pathToFileURL(path).href;
  const context = await (await openBrowser()).newContext({
    viewport: { width: 1440, height: 900 },
    // No test waits for animations.
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT);
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`thrown: ${error.stack}`));
  page.on("request", (request) => {
    if (request.url() !== url) complaints.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  await page.waitForSelector("html[data-ready]");
  const close = async (): Promise<void> => {
    await context.close();
    assertEquals(complaints, []);
  };
  return { page, close };
}

function openDirectory(): string {
  return directory ??= mkdtempSync(join(tmpdir(), "pages-"));
}

async function fileOf(data: ReportData): Promise<string> {
  let path = written.get(data);
  if (path === undefined) {
    path = join(openDirectory(), `${written.size}.html`);
    writeFileSync(path, await renderPage(data));
    written.set(data, path);
  }
  return path;
}

/** Runs in the page: the charts in view. */
const chartsInView = `[...document.querySelectorAll("figure.chart")].filter((chart) => {
  const { top, bottom } = chart.getBoundingClientRect();
  const frame = chart.closest("aside")?.getBoundingClientRect() ?? { top: 0, bottom: innerHeight };
  return bottom > Math.max(0, frame.top) && top < Math.min(innerHeight, frame.bottom);
})`;

/** Waits until all charts in view are drawn. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(`(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    do await frame(); while (${chartsInView}.some((chart) => chart.querySelector("canvas, .nothing") === null));
    await frame();
    await frame();
  })()`);
}

/** Scrolls to each chart, and counts its pixels that are neither empty nor part of the grid. */
export async function marksOfCharts(page: Page): Promise<number[]> {
  return await page.evaluate<number[]>(`(${countMarks})()`);
}

/** Runs in the page. */
const countMarks = `async () => {
  const marks = [];
  for (const chart of document.querySelectorAll("figure.chart")) {
    chart.scrollIntoView({ behavior: "instant", block: "center" });
    for (let frame = 0; frame < 100 && chart.querySelector("canvas, .nothing") === null; frame++) {
      await new Promise((done) => requestAnimationFrame(done));
    }
    await new Promise((done) => setTimeout(done));
    const canvas = chart.querySelector("canvas");
    if (canvas === null) {
      marks.push(0);
      continue;
    }
    const { left, top } = canvas.getBoundingClientRect();
    const frame = chart.querySelector(".u-over").getBoundingClientRect();
    const box = [frame.left - left, frame.top - top, frame.width, frame.height];
    const { data } = canvas.getContext("2d").getImageData(...box.map((size) => Math.round(size * devicePixelRatio)));
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      const [red, green, blue, opacity] = [data[at], data[at + 1], data[at + 2], data[at + 3]];
      // The grid is almost grey; axes are outside.
      if (opacity > 100 && Math.max(red, green, blue) - Math.min(red, green, blue) > 16) count++;
    }
    marks.push(count);
  }
  return marks;
}`;

/** Returns pictures of the charts in view, by their descriptions. */
export async function picturesOf(page: Page): Promise<Map<string, string>> {
  await drawn(page);
  const pictures = await page.evaluate<[string, string][]>(
    `${chartsInView}.map((chart) => [chart.querySelector("h3, h4").textContent, chart.querySelector("canvas")?.toDataURL()])`,
  );
  return new Map(pictures);
}

/** Returns the rules of accessibility that the page breaks. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(new URL("../../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8"));
  return await page.evaluate<string[]>(`axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html, any }) =>
      html.slice(0, 200) + " " + (any[0]?.message ?? "")).slice(0, 3).join("; ")))`);
}

/** Scrolls to an element without animation. */
export async function scrollTo(page: Page, selector: string): Promise<void> {
  await page.locator(selector).first().evaluate((element) =>
    element.scrollIntoView({ behavior: "instant", block: "start" })
  );
  await drawn(page);
}
