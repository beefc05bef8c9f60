/**
 * The page: how long a report of ten million rows takes, how large it is, and when a browser shows it; what
 * `kymo live` costs the programs that it follows, its browser, and itself.
 *
 * @module
 */

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { servePage } from "../../../tests/support/programs/commands/served_page.ts";
import { timeRun } from "../../harness/child.ts";
import { hasFfi } from "../../harness/has_ffi.ts";
import { temporaryDirectory } from "../../harness/published_files.ts";
import { ratio } from "../../harness/rounds.ts";
import { type Figure, reportFindings, spread } from "../../results/figure.ts";
import { costBeside } from "../ship/beside.ts";
import { Background } from "../ship/processes.ts";
import { record } from "../summary/recording.ts";

const ROUNDS = 3;
const FILES = 100;
const ROWS_PER_FILE = 100_000;

/** How often the report is opened in a browser. */
const OPENED = 5;

/** Programs that the live page shows, samples a second of each, and the s for which it is watched. */
const PROGRAMS = 10;
const RATE = 200;
const WATCHED = 15;

/** Run in the page: ms from opening it until all in its window is drawn and painted, which it marks. */
const firstDrawn = 'performance.getEntriesByName("first drawn")[0].startTime';
const isFirstDrawn = 'performance.getEntriesByName("first drawn").length > 0';

const MIB = 2 ** 20;

const kymo = new URL("../summary/kymo.ts", import.meta.url);
const entry = new URL("../../../src/cli/main.ts", import.meta.url);
const recorder = new URL("../ship/recorder.ts", import.meta.url);
const day = new URL("./live_day.ts", import.meta.url);

/** Its package cannot be loaded without all permissions, where nothing is measured. */
const browser = () => import("../../../tests/support/process/browser.ts");

/** A page in a browser of its own, whose window is that of a laptop. */
async function inBrowser<Result>(use: (page: Page) => Promise<Result>): Promise<Result> {
  const { openBrowser } = await browser();
  const context = await (await openBrowser()).newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  return await use(page).finally(() => context.close());
}

/** A report of ten million rows. */
async function ofReport(): Promise<Figure[]> {
  using recording = record(FILES, ROWS_PER_FILE);
  using folder = temporaryDirectory();
  const path = join(folder.path, "report.html");
  const times = { summary: [] as number[], report: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    times.summary.push(timeRun(kymo, { args: ["summary", recording.directory] }).time);
    times.report.push(timeRun(kymo, { args: ["report", recording.directory, "--force", "-o", path] }).time);
  }
  const ready: number[] = [];
  for (let i = 0; i <= OPENED; i++) {
    const time = await inBrowser(async (page) => {
      await sleep(1_000); // a new window of the browser has work of its own
      await page.goto(pathToFileURL(path).href);
      // The page does not allow the driver to wait within it.
      while (!await page.evaluate<boolean>(isFirstDrawn)) await sleep(100);
      return await page.evaluate<number>(firstDrawn);
    });
    if (i > 0) ready.push(time); // the browser starts with the first
  }
  const what = "kymo report of 10 million rows";
  return [
    { what, unit: "ms", value: spread(times.report) },
    { what, against: "kymo summary of the same", unit: "x", value: ratio(times.report, times.summary) },
    { what: `${what}: the page`, unit: "MB", value: spread([statSync(path).size / 1e6]), goal: { atMost: 3 } },
    { what: `${what}: from opening it until it is drawn`, unit: "ms", value: spread(ready), goal: { atMost: 1_000 } },
  ];
}

/** What a live page costs. */
async function ofLive(): Promise<Figure[]> {
  const cost = await costBeside((directory) => new Background(entry, ["live", directory]));
  using directory = temporaryDirectory();
  await using programs = new AsyncDisposableStack();
  for (let i = 0; i < PROGRAMS; i++) programs.use(new Background(recorder, [directory.path, String(RATE), "1000"]));
  const { url, spawned } = await servePage("live", directory.path);
  const end = (): void => spawned.kill("SIGKILL");
  process.on("exit", end); // it must not outlive a bench that is ended
  const perSecond = await inBrowser(async (page) => {
    await page.goto(url);
    await page.locator(".overview tbody tr").first().waitFor();
    await sleep(5_000);
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    const taken = async (): Promise<number> => {
      const { metrics } = await session.send("Performance.getMetrics");
      return metrics.find(({ name }) => name === "TaskDuration")!.value * 1000;
    };
    const seconds: number[] = [];
    for (let i = 0; i < WATCHED; i++) {
      const before = await taken();
      await sleep(1_000);
      seconds.push(await taken() - before);
    }
    return seconds;
  }).finally(end);
  const { output } = timeRun(day);
  const { peak, cells, pages } = output as { peak: number; cells: number; pages: { level: string; ms: number }[] };
  return [
    {
      what: "kymo live: CPU time of a program for a sample while it is followed",
      against: "not followed",
      unit: "x",
      value: cost,
      goal: { atMost: 1.02 },
    },
    {
      what: `kymo live: the browser's main thread in a second, ${PROGRAMS} programs`,
      unit: "ms",
      value: spread(perSecond),
      goal: { atMost: 100 },
    },
    {
      what: "kymo live after a day of 10 programs: largest resident set",
      unit: "MiB",
      value: spread([peak / MIB]),
      goal: { atMost: 300 },
    },
    { what: "kymo live after a day of 10 programs: its cells", unit: "MiB", value: spread([cells / MIB]) },
    {
      what: "kymo live after a day of 10 programs: to make the data of a page",
      unit: "ms",
      value: spread(pages.map(({ ms }) => ms)),
    },
  ];
}

/** All of it, unless there is no browser. */
async function measure(): Promise<Figure[]> {
  if (!existsSync("/usr/bin/chromium")) {
    console.error("Chromium is missing: apt-get install chromium");
    return [];
  }
  try {
    return [...await ofReport(), ...await ofLive()];
  } finally {
    await (await browser()).closeBrowser();
  }
}

reportFindings({ figures: hasFfi ? await measure() : [] });
