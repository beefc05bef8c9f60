import { after, describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { BEGIN, csv, inDirectory, plain, type Row } from "../../support/analysis/report_recording.ts";
import { closeBrowser, openBrowser } from "../../support/process/browser.ts";
import { thisRuntime } from "../../support/process/run.ts";
import { missing } from "../../support/process/system_tools.ts";
import { get, servePage } from "../../support/programs/commands/served_page.ts";

const skipHere = thisRuntime === "deno"
  ? missing("chromium")
  : "only on Deno: the page and the browser are the same on Bun";

/** A request each 100 ms for an hour, and in the middle one that is slow. */
const ROWS = Array.from({ length: 36_000 }, (_, i): Row => [i / 10, i === 18_000 ? 3 : 0.001, "/a [GET]", 7]);

const SECOND = 1_000_000_000n;

/** Gives the address of an hour that is served, and ends the server. */
async function serving(use: (url: string) => Promise<void>): Promise<void> {
  await inDirectory({ "duration.7-0000000a-000001.csv": csv(ROWS) }, async (directory) => {
    const { spawned, url } = await servePage("view", directory, "--title", "an hour");
    await use(url).finally(() => spawned.kill("SIGINT"));
    assertEquals((await spawned.ended).code, 0);
  });
}

describe("kymo view", () => {
  after(closeBrowser);

  it("serves the page, and a part of it, to nobody else, until it is stopped", async () => {
    await serving(async (url) => {
      assertMatch(url, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
      assertEquals((await get(url, "evil.example")).status, 403);
      assertEquals((await fetch(new URL("/", url))).status, 404);
      assertEquals((await fetch(url, { method: "POST", body: "x" })).status, 405);
      const pages = [url, `${url}?from=${BEGIN + 60n * SECOND}&to=${BEGIN + 120n * SECOND}`].map(async (address) => {
        const answer = await fetch(address);
        return [answer.status, /<title>an hour/.test(await answer.text())];
      });
      assertEquals(await Promise.all(pages), [[200, true], [200, true]]);
    });
  });

  it("serves a finer page of the time that is shown", { skip: skipHere }, async () => {
    await serving(async (url) => {
      const page = await (await (await openBrowser()).newContext({ reducedMotion: "reduce" })).newPage();
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(`${error}`));
      const countOf = async (): Promise<string> =>
        plain(await page.locator(".overview tbody td").first().textContent() ?? "");
      await page.goto(url);
      assertEquals(await countOf(), "36,000");
      const closer = page.getByRole("button", { name: "Look closer" });
      assertEquals(await closer.isVisible(), false);
      for (let bins = 720; bins > 2; bins = Math.round(bins / 2)) {
        await page.getByRole("button", { name: "Zoom in" }).click();
      }
      const shown = await countOf();
      await closer.click();
      await page.waitForURL(/\?from=\d+&to=\d+$/);
      assertEquals(await countOf(), shown);
      assertMatch(await page.locator(".window").textContent() ?? "", /^All \d+(\.\d)?\ss$/);
      // The zoom goes on where the page is made of single cells.
      await page.locator(".plot-focus").first().focus();
      const { length } = page.url();
      for (let i = 0; i < 12 && page.url().length === length; i++) await page.keyboard.press("+");
      await page.getByRole("link", { name: "Whole time" }).click();
      await page.waitForURL(url);
      assertEquals(await countOf(), "36,000");
      assertEquals(complaints, []);
      await page.context().close();
    });
  });
});
