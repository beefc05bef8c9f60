import { after, describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import type { FlameNode, ProfileData, ReportData } from "../../../src/report/shared/report_data.ts";
import { plain } from "../../support/analysis/report_recording.ts";
import { fakeReport } from "../../support/fake/report_data.ts";
import { closeBrowser, openReport, scrollTo } from "../../support/process/browser.ts";
import { thisRuntime } from "../../support/process/run.ts";
import { missing } from "../../support/process/system_tools.ts";

/** A minute of a program whose first half is `read`, and whose second half is `sort`. */
function report(): ReportData {
  const data = fakeReport({ labels: 1, bins: 120, perBin: 4, pids: [7], profiles: 0 });
  const leaf = (name: string): FlameNode => ({ name, place: `${name}.ts:3`, self: 30, total: 30, children: [] });
  const main: FlameNode = { name: "main", place: "", self: 0, total: 60, children: [leaf("read"), leaf("sort")] };
  const from = BigInt(data.from);
  const profile: ProfileData = {
    name: "profiler.7.cpuprofile",
    process: 0,
    duration: 60,
    time: { from: `${from}`, to: `${from + 60_000_000_000n}` },
    assumed: [],
    tree: { name: "PID 7", place: "", self: 0, total: 60, children: [main] },
    moments: {
      from: 0,
      width: 1e9,
      steps: Array.from({ length: 60 }, (_, i) => i === 0 ? 0 : 1),
      nodes: Array.from({ length: 60 }, (_, i) => i < 30 ? 2 : 3),
      times: Array.from({ length: 60 }, () => 10_000),
    },
    slow: [{
      label: data.durations[0]!.label,
      from: 0.1,
      count: [5, 500],
      idle: [0, 10_000],
      nodes: [2, 3],
      slowest: [1_000, 9_000],
      others: [10_000, 0],
    }],
  };
  return { ...data, findings: [], profiles: [profile] };
}

/** The names in the frames, from left to right and top to bottom. */
async function frames(page: Page): Promise<string[]> {
  return await page.locator(".flames text").allTextContents();
}

const skipHere = thisRuntime === "deno"
  ? missing("chromium")
  : "only on Deno: the page and the browser are the same on Bun";

describe("the profiles of a report", () => {
  after(closeBrowser);

  it("are of the time shown, in order of time, and of the slowest", { skip: skipHere }, async () => {
    const { page, close } = await openReport(report());
    await scrollTo(page, ".profiles");
    await page.locator(".flames text").first().waitFor();
    assertEquals((await frames(page)).toSorted(), ["PID 7", "main", "read", "sort"]);
    await page.getByRole("button", { name: "In order of time" }).click();
    await page.locator(".profile > .note").filter({ hasText: "from left to right" }).waitFor();
    await page.locator(".flames").press("ArrowDown");
    for (const key of ["ArrowDown", "ArrowDown", "ArrowRight"]) await page.locator(".flames").press(key);
    assertMatch(
      plain(await page.locator(".frame-details").textContent() ?? ""),
      /^sort \(sort\.ts:3\): .*:42, 30\.0 s$/,
    );

    await page.getByRole("button", { name: "Slowest 1 % of" }).click();
    const rows = await page.locator(".functions tbody tr").allTextContents();
    assertEquals(rows.map(plain), [
      "90.0 %0.0 %+90.0sortsort.ts:3",
      "0.0 %0.0 %+0.0main",
      "10.0 %50.0 %−40.0readread.ts:3",
      "0.0 %50.0 %−50.0(idle)",
    ]);

    await page.getByRole("button", { name: "Summed up" }).click();
    await page.getByRole("button", { name: "Zoom in" }).click();
    for (let i = 0; i < 2; i++) await page.getByRole("button", { name: "Later" }).click();
    await page.locator(".profile > .note").filter({ hasText: "30.0 s of CPU time in 30 s." }).waitFor();
    assertEquals((await frames(page)).toSorted(), ["PID 7", "main", "sort"]);
    await close();
  });

  it("are printed, though they were never in view", { skip: skipHere }, async () => {
    const { page, close } = await openReport(report(), { viewport: { width: 1000, height: 200 } });
    assertEquals(await page.locator(".flames rect").count(), 0);
    // Nothing that comes later than this event is printed.
    const widths = await page.evaluate<number[]>(`(() => {
      dispatchEvent(new Event("beforeprint"));
      return [...document.querySelectorAll(".flames rect")].map((rect) => rect.getBoundingClientRect().width);
    })()`);
    assertEquals(widths.length, 4);
    assert(widths.every((width) => width > 50), widths.join());
    await close();
  });
});
