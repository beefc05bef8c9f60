import { after, describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { plain } from "../../support/analysis/report_recording.ts";
import { Recordings, type Row } from "../../support/analysis/comparison_runs.ts";
import { kymoCommand } from "../../support/bridge/bridge_process.ts";
import { closeBrowser, marksOfCharts, openPage, scrollTo, violations } from "../../support/process/browser.ts";
import { commandOf, spawnCommand, thisRuntime } from "../../support/process/run.ts";
import { missing } from "../../support/process/system_tools.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const skipHere = thisRuntime === "deno"
  ? missing("chromium")
  : "only on Deno: the page and the browser are the same on Bun";
const recorder = fileURLToPath(new URL("fixtures/compared_runs.ts", import.meta.url));

/** Runs `kymo compare`, and returns what it prints. */
async function compare(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await spawnCommand(kymoCommand("compare", ...args)).ended;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

/** The texts of the rows of the table of changes. */
async function rowsOf(page: Page): Promise<string[]> {
  const rows = await page.locator(".changes tbody tr").all();
  return await Promise.all(rows.map(async (row) => plain((await row.locator("th, td").allTextContents()).join(" | "))));
}

/** The pixels of the first chart over time that have the colour of marks, as columns. */
async function columnsOfMarks(page: Page): Promise<number> {
  await scrollTo(page, ".chosen-label figure.chart >> nth=2");
  return await page.evaluate<number>(`(() => {
    const canvas = document.querySelectorAll(".chosen-label figure.chart")[2].querySelector("canvas");
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data, width } = copy.getImageData(0, 0, canvas.width, canvas.height);
    const columns = new Map();
    for (let at = 0; at < data.length; at += 4) {
      // #a3317f, half of it where a line is between two columns.
      const isMark = Math.abs(data[at] - 0xa3) + Math.abs(data[at + 1] - 0x31) + Math.abs(data[at + 2] - 0x7f) < 12;
      if (isMark) columns.set(at / 4 % width, (columns.get(at / 4 % width) ?? 0) + 1);
    }
    return [...columns.values()].filter((count) => count > 40).length;
  })()`);
}

describe("the page of a comparison", () => {
  after(closeBrowser);

  it(
    "shows groups of real recordings, with a line for each run and a differential flame graph",
    { skip: skipHere },
    async () => {
      using scratch = scratchDirectory();
      const [a1, a2, b1, b2, path] = ["a1", "a2", "b1", "b2", "diff.html"].map((name) => scratch.at(name)) as [
        string,
        string,
        string,
        string,
        string,
      ];
      for (const [variant, ...runs] of [["before", a1, a2], ["after", b1, b2]] as const) {
        const { code, stderr } = await spawnCommand(commandOf(thisRuntime, recorder, [variant, ...runs])).ended;
        assertEquals([code, stderr], [0, ""]);
      }
      const said = await compare(a1, a2, "vs", b1, b2, "-o", path);
      assertMatch(said, /\nWrote .*diff\.html: \d+ kB\. Open it in a browser\.\n$/);
      const { page, close } = await openPage(path);
      assertEquals(await page.title(), "2 runs compared with 2 runs · Kymo comparison");
      assertMatch(await page.locator(".side-b").textContent() ?? "", /orders-after/);
      assert((await marksOfCharts(page)).every((count) => count > 30));
      assertMatch(
        plain(await page.locator(".side-a").textContent() ?? ""),
        /Marked: “half of it” at \d+ ms of run 1, “half of it” at \d+ ms of run 2$/,
      );
      assert(await columnsOfMarks(page) >= 1);
      assertEquals(await page.locator(".chosen-label figure.chart").count(), 5);

      await scrollTo(page, ".flames");
      // A narrow frame shows the beginning of its name.
      const names = async () => {
        await page.locator(".flames text").first().waitFor();
        const all = await page.locator(".flames text").allTextContents();
        return [...new Set(all.flatMap((name) => /^only[AB]/.exec(name)?.[0] ?? []))];
      };
      assertEquals(await names(), ["onlyA"]);
      await page.locator(".looks").getByRole("button", { name: "A" }).click();
      await page.locator(".flames text").filter({ hasText: "onlyB" }).first().waitFor();
      assertEquals(await names(), ["onlyB"]);
      await page.locator(".looks").getByRole("button", { name: "Both" }).click();
      await page.locator(".flames text").filter({ hasText: "onlyA" }).first().waitFor();
      assertEquals((await names()).toSorted(), ["onlyA", "onlyB"]);
      await page.locator(".flames").press("ArrowDown");
      assertMatch(
        plain(await page.locator(".frame-details").textContent() ?? ""),
        /^all: A 100 %, B 100 %, \+0\.00 points$/,
      );
      assertMatch(plain(await page.locator(".only-in").first().textContent() ?? ""), /^Only in B: onlyAfter .* \d/);
      assertEquals(await violations(page), []);
      await close();
    },
  );

  it(
    "begins with the label that is slower, and can be sorted, filtered and used by keyboard",
    { skip: skipHere },
    async () => {
      using recordings = new Recordings();
      using scratch = scratchDirectory();
      const record = (factor: number): string => {
        const row = (i: number, label: string, duration: number): Row => ({
          time: i / 100,
          value: duration * (1 + i * 7919 % 100 / 200),
          label,
        });
        const duration = Array.from({ length: 2_000 }, (_, i) => [
          row(i, '""', 0.001), // empty, as a file has it
          row(i, "/orders [GET]", 0.002 * factor),
          row(i, `/long/${"x".repeat(500)}`, 0.003 / factor),
        ]).flat();
        return recordings.write({ duration });
      };
      const path = scratch.at("diff.html");
      await compare(record(1), record(1.5), "-o", path, "--title", "<b>Friday</b>");
      const { page, close } = await openPage(path, { viewport: { width: 390, height: 800 } });
      assertEquals(await page.locator("h1").textContent(), "<b>Friday</b>");
      const rows = await rowsOf(page);
      assertMatch(rows[0]!, /^\/orders \[GET\] \| p\d\d \| slower \| .*ms \| .*ms \| \+50\.0 %/);
      assertMatch(rows[2]!, /^\/long\/x+ … 376 characters … x+ \| p\d\d \| faster \|/);
      assertEquals(rows.slice(4).map((row) => row.replace(/^(.*?) \| p\d\d \| (.*?) \|.*/, "$1 $2")), [
        "(empty label) same",
        "(empty label) same",
      ]);
      assertMatch(
        plain(await page.locator(".verdict-words").textContent() ?? ""),
        /1 is slower, 1 is faster and 1 is the same/,
      );
      assertEquals(await page.locator("#chosen").textContent(), "/orders [GET]");

      await page.getByRole("searchbox", { name: "Show only rows that contain" }).fill("LONG");
      assertEquals((await rowsOf(page)).length, 2);
      await page.getByRole("button", { name: /^Better/ }).press("Enter");
      await page.waitForURL(/#find=LONG&verdict=better$/);
      await page.getByRole("button", { name: /^All/ }).press("Enter");
      await page.getByRole("searchbox", { name: "Show only rows that contain" }).fill("");
      await page.getByRole("button", { name: /^The same/ }).press("Enter");
      assertEquals((await rowsOf(page)).length, 2);
      await page.locator(".changes tbody button").first().press("Enter");
      assertEquals(await page.evaluate("document.activeElement.textContent"), "(empty label)");
      await page.getByRole("button", { name: /^All/ }).click();
      await page.getByRole("button", { name: "Change", exact: true }).click();
      assertMatch((await rowsOf(page)).at(-1)!, /faster/);
      await page.getByRole("combobox").selectOption({ label: "/orders [GET]" });
      assertEquals(await page.locator("#chosen").textContent(), "/orders [GET]");
      // As a link that is opened in this tab.
      await page.evaluate("location.hash = 'time=5/10&find=orders&label='");
      await page.getByRole("button", { name: /^Reset/ }).waitFor();
      assertEquals(await page.locator("#chosen").textContent(), "(empty label)");
      assertEquals(await page.locator(".label-choice option:checked").textContent(), "(empty label)");
      assertEquals((await rowsOf(page)).map((row) => row.split(" | ")[0]), ["/orders [GET]", "/orders [GET]"]);
      await page.evaluate("location.hash = ''");
      await page.getByRole("button", { name: /^Reset/ }).waitFor({ state: "hidden" });
      assertEquals((await rowsOf(page)).length, 6);
      assertEquals(await page.locator("#chosen").textContent(), "/orders [GET]");
      // Nothing makes the page itself wider than a phone.
      assertEquals(await page.evaluate("document.documentElement.scrollWidth"), 390);
      assertEquals(await violations(page), []);
      await close();
    },
  );
});
