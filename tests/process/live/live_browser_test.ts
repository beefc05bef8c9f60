import { after, describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { plain } from "../../support/analysis/report_recording.ts";
import { closeBrowser, openBrowser } from "../../support/process/browser.ts";
import { RecorderController } from "../../support/process/recorder_controller.ts";
import { thisRuntime } from "../../support/process/run.ts";
import { missing } from "../../support/process/system_tools.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { LivePage } from "./live_page.ts";

const skipHere = thisRuntime === "deno"
  ? missing("chromium")
  : "only on Deno: the page and the browser are the same on Bun, and live_command_test.ts runs there";

describe("the page of kymo live", () => {
  after(closeBrowser);

  it(
    "waits, shows what is recorded then, follows the time until one zooms, and looks closer",
    { skip: skipHere },
    async () => {
      using directory = scratchDirectory();
      await using live = await LivePage.open(directory.path);
      const page = await (await (await openBrowser()).newContext({ reducedMotion: "reduce" })).newPage();
      page.setDefaultTimeout(60_000);
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(`${error}`));
      page.on("console", (message) => complaints.push(message.text()));
      await page.goto(live.url);
      await page.waitForSelector("html[data-ready]");
      assertMatch(await page.locator(".facts").first().textContent() ?? "", /waiting for programs/);
      assertEquals(await page.locator(".overview").isVisible(), false);

      await using program = new RecorderController(thisRuntime);
      await program.send("start", { monitoringDir: directory.path, flushInterval: 0, withRuntime: true });
      await program.send("record", 1_000);
      const counts = page.locator(".overview tbody td:nth-child(2)");
      // A look in the middle of the recording shows some of it, and the next one the rest.
      await page.locator(".overview tbody tr", { hasText: "100" }).nth(9).waitFor();
      assertEquals(plain((await counts.allTextContents()).join(" ")), Array(10).fill("100").join(" "));
      assertEquals(await page.locator(".lifelines li").count(), 1);

      // A label that is new appears, with a section of its own, and the page still follows.
      await program.send("begin");
      await program.send("finish");
      await page.getByRole("button", { name: "long", exact: true }).waitFor();
      await page.getByRole("heading", { name: "long", exact: true }).waitFor();
      const follow = page.locator(".follow");
      const shown = async (): Promise<string> => await page.locator(".window").textContent() ?? "";
      assertEquals([await follow.textContent(), (await shown()).slice(0, 3)], ["Following", "All"]);

      await live.until(() => live.data.span > 10e9);
      await page.getByRole("button", { name: "Zoom in" }).click();
      assertMatch(await shown(), /^The last \d/);
      await page.getByRole("button", { name: "Earlier" }).click();
      assertEquals(await follow.textContent(), "Follow");
      const stopped = await shown();
      await live.until(() => true);
      assertEquals(await shown(), stopped);
      await page.locator(".plot-focus").first().focus();
      await page.keyboard.press("f");
      assertEquals(await follow.textContent(), "Following");

      await page.getByRole("button", { name: "Look closer" }).click();
      await page.waitForURL(/\?from=\d+&to=\d+/);
      await page.waitForSelector("html[data-ready]");
      await page.getByRole("link", { name: "Back to now" }).click();
      await page.waitForURL(live.url);
      await page.waitForSelector(".overview tbody tr");
      assertEquals(complaints, []);
      await program.end();
      await page.context().close();
    },
  );
});
