import { assert, assertEquals } from "@std/assert";
import { after, it } from "node:test";
import { TelemetryDB } from "../../../src/analysis/mod.ts";
import { readReportData } from "../../../src/report/make_report.ts";
import { inDirectory, plain } from "../../support/analysis/report_recording.ts";
import { closeBrowser, openReport } from "../../support/process/browser.ts";
import { cannotContain, CONTAINERS, Containers } from "../../support/process/containers.ts";
import { missing } from "../../support/process/system_tools.ts";

after(closeBrowser);

it("the report of four containers names all, and says what is wrong with which", {
  skip: cannotContain() || missing("chromium"),
}, async () => {
  const data = await inDirectory({}, async (directory) => {
    {
      await using _ = await Containers.record(directory);
    }
    await using db = await TelemetryDB.open(directory);
    return await readReportData(db, { title: "", kymo: "", made: new Date(0) });
  });
  const nameOf = ({ name, host }: { name: string; host: string }): string => `${name}@${host}`;
  assertEquals(data.lines.map(({ short }) => short).sort(), Object.values(CONTAINERS).map(nameOf).sort());
  assert(data.processes.every(({ pid }) => pid === 1));
  const ends = data.findings.filter(({ kind }) => kind === "ends").map(({ text }) => plain(text));
  assert(ends.some((text) => /^mail is in a crash loop: .*TypeError/.test(text)), ends.join("\n"));
  assert(ends.some((text) => /billing@web-4 was killed/.test(text)), ends.join("\n"));
  const [leak] = data.findings.filter(({ kind }) => kind === "memory");
  const rss = data.quantities.find(({ label }) => label === "rss")!;
  const rangeOf = (short: string): [number, number] => {
    const own = rss.processes.filter(({ process }) => data.lines[data.processes[process]!.line]!.short === short);
    return [Math.min(...own.flatMap(({ min }) => min)), Math.max(...own.flatMap(({ max }) => max))];
  };
  const [before, then] = rangeOf(nameOf(CONTAINERS.leaking));
  assert(then - before > 3 * (rangeOf(nameOf(CONTAINERS.healthy))[1] - rangeOf(nameOf(CONTAINERS.healthy))[0]));
  if (leak !== undefined) assert(leak.text.includes(nameOf(CONTAINERS.leaking)), leak.text);
  const { page, close } = await openReport(data);
  const lines = await page.locator(".lifelines li").allTextContents();
  assertEquals(lines.length, 4);
  assert(lines.some((text) => /mail@web-3.*lives: .*uncaught/.test(text)), lines.join("\n"));
  await close();
});
