import { after, describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { csv, inDirectory, plain, type Row } from "../../support/analysis/report_recording.ts";
import { kymoCommand } from "../../support/bridge/bridge_process.ts";
import { closeBrowser, openBrowser } from "../../support/process/browser.ts";
import { spawnCommand } from "../../support/process/run.ts";
import { missing } from "../../support/process/system_tools.ts";

const skip = missing("chromium");

/** A request each 100 ms for an hour, and in the middle one that is slow. */
const ROWS = Array.from({ length: 36_000 }, (_, i): Row => [i / 10, i === 18_000 ? 3 : 0.001, "/a [GET]", 7]);

/** The status of a GET with this `Host`. */
function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on("error", reject).end();
  });
}

describe("kymo view", { skip }, () => {
  after(closeBrowser);

  it("serves the page, and a finer one of the time that is shown, until it is stopped", async () => {
    await inDirectory({ "duration.7-0000000a-000001.csv": csv(ROWS) }, async (directory) => {
      const spawned = spawnCommand(kymoCommand("view", directory, "--title", "an hour"));
      let said = "";
      spawned.child.stdout.on("data", (text: string) => said += text);
      let isOver = false;
      void spawned.ended.then(() => isOver = true);
      while (!said.includes("Ctrl-C") && !isOver) await sleep(10);
      const [url = ""] = /http:\S+/.exec(said) ?? [];
      assertMatch(url, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
      assertEquals(await statusFor(url, "evil.example"), 403);
      assertEquals((await fetch(new URL("/", url))).status, 404);
      assertEquals((await fetch(url, { method: "POST", body: "x" })).status, 405);

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

      spawned.kill("SIGINT");
      assertEquals((await spawned.ended).code, 0);
    });
  });
});
