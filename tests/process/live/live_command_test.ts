import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { kymo } from "../../support/bridge/bridge_process.ts";
import { RecorderController } from "../../support/process/recorder_controller.ts";
import { RUNTIMES } from "../../support/process/run.ts";
import { LivePage } from "./live_page.ts";
import { get } from "../../support/programs/commands/served_page.ts";

/** The labels that the recorder records in turn, each `count` times. */
const labels = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`label ${i}`, count]));

describe("kymo live", () => {
  it("sends a page all that programs record, also those that are killed, and ends without a trace", async () => {
    using directory = scratchDirectory();
    await using page = await LivePage.open(directory.path, "--title", "two programs");
    assertMatch(page.url, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
    assertEquals([page.data.title, page.data.processes, page.data.durations], ["two programs", [], []]);
    const options = { monitoringDir: directory.path, flushInterval: 0 };
    // Two at least, on Node too.
    const programs = [RUNTIMES[0]!, RUNTIMES.at(-1)!].map((runtime) => new RecorderController(runtime));
    for (const program of programs) {
      await program.send("start", options);
      await program.send("record", 500);
    }
    const each = 50 * programs.length;
    await page.until(() => page.counts["label 9"] === each);
    assertEquals(page.counts, labels(each));
    // A label that comes later, and rows of a program that is killed before they are read.
    const [killed, other] = programs as [RecorderController, RecorderController];
    await other.send("begin");
    await other.send("finish");
    await killed.send("record", 100);
    killed.kill("SIGKILL");
    await killed.ended;
    const isDead = (): boolean =>
      page.data.processes.some(({ lives }) => lives.some(({ ends }) => ends.dead === 1 || ends.killed === 1));
    await page.until(() => page.counts["label 9"] === each + 10 && page.counts["long"] === 1 && isDead());
    assertEquals(page.counts, { ...labels(each + 10), long: 1 });
    assertEquals(isDead(), true);
    assertEquals(page.data.processes.length, programs.length);
    await other.send("stop");
    await page.until(() => page.data.processes.some(({ lives }) => lives[0]!.ends.stop === 1));
    assertEquals(page.data.processes.map(({ lives }) => Object.keys(lives[0]!.ends)[0]).sort(), ["dead", "stop"]);
    await other.end();

    // It closes with Ctrl-C, though a page is open.
    page.spawned.kill("SIGINT");
    const { code, signal, stdout, stderr } = await page.spawned.ended;
    assertEquals([code, signal, stderr], [0, null, ""]);
    assertEquals(stdout, `Open ${page.url}\nCtrl-C ends it.\n`);
  });

  it("answers only who has its address, and names this machine", async () => {
    using directory = scratchDirectory();
    await using page = await LivePage.open(directory.path);
    const { host, pathname } = new URL(page.url);
    for (const path of ["", "events"]) {
      for (const wrong of ["evil.example", `evil.example:${page.url.length}`, "127.0.0.1"]) {
        const { status, text } = await get(page.url + path, wrong);
        assertEquals([status, text.includes(pathname)], [403, false]);
      }
      const other = page.url.replace(pathname, pathname.replace(/.\/$/, "x/"));
      assertEquals((await get(other + path, host)).status, 404);
    }
    assertEquals((await get(`${page.url}events?level=1s`, host)).status, 400);
    assertEquals((await get(`${page.url}?from=2&to=1`, host)).status, 400);
    const { status, text } = await get(`${page.url}?level=3h`, host);
    assertEquals([status, text.includes('<meta name="served" content="live">')], [200, true]);
    assertMatch(text, /connect-src 'self'/);
  });

  it("refuses what is no directory", async () => {
    const { code, stderr } = await kymo("live", "deno.json");
    assertEquals([code, stderr], [2, 'Cannot watch: "deno.json": not a directory\n']);
  });
});
