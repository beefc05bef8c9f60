import { after, describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import type { LiveInterval } from "../../../src/analysis/live/live_view.ts";
import type { LiveProcess } from "../../../src/analysis/live/live_processes.ts";
import { TelemetryDB } from "../../../src/analysis/mod.ts";
import { readReportData } from "../../../src/report/make_report.ts";
import { plain } from "../../support/analysis/report_recording.ts";
import { closeBrowser, openReport } from "../../support/process/browser.ts";
import { missing } from "../../support/process/system_tools.ts";
import { cannotContain, CONTAINERS, Containers } from "../../support/process/containers.ts";
import { commandOf, spawnCommand, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

/** Runs `kymo` on the runtime of this test, and returns what it prints. */
async function kymo(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await spawnCommand(commandOf(thisRuntime, entry, args)).ended;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

const { healthy, leaking, crashing, killed } = CONTAINERS;

/** `catalog@web-1` */
const shortName = ({ name, host }: { readonly name: string; readonly host: string }): string => `${name}@${host}`;

/** Asserts that `kymo top` tells the containers apart. */
async function assertToldByTop(directory: string, containers: Containers): Promise<void> {
  const once = ["--once", "--interval", "6"];
  const [json, text] = await Promise.all([
    kymo("top", directory, ...once, "--by-process", "--json"),
    kymo("top", directory, ...once),
  ]);
  const { processes, series }: LiveInterval = JSON.parse(json);
  assert(containers.crashes > 0);
  // A life of the crash loop that begins just now has no record yet.
  const byName = new Map(processes.filter(({ name }) => name !== undefined).map((one) => [one.name, one]));
  assertEquals([...byName.keys()].sort(), Object.values(CONTAINERS).map(({ name }) => name).sort());
  const of = ({ name, host, runtime }: typeof CONTAINERS[keyof typeof CONTAINERS]): LiveProcess => {
    const one = byName.get(name)!;
    assertEquals([one.pid, one.host, one.runtime?.split(" ")[0], one.kind], [1, host, runtime, "main"]);
    return one;
  };
  const well = of(healthy);
  assertEquals([well.state, well.end, well.restarts, well.growth], ["running", undefined, undefined, undefined]);
  const leak = of(leaking);
  assertEquals([leak.state, leak.end, leak.restarts], ["running", undefined, undefined]);
  assert(leak.growth!.to - leak.growth!.from > 20e6, JSON.stringify(leak.growth));
  assert(leak.rss! > well.rss! + 50e6, `${leak.rss} ${well.rss}`);
  const { restarts } = of(crashing);
  assert(restarts!.count >= 3, `${restarts?.count}`);
  assertEquals([restarts!.last.how, restarts!.last.error], ["uncaught", "TypeError"]);
  const dead = of(killed);
  assertEquals([dead.state, dead.count, dead.restarts], ["killed", 0, undefined]);
  for (const process of [well, leak]) {
    const own = series.filter(({ isolate }) => isolate === process.isolate).map(({ label }) => label);
    assertEquals(own, [`/${process.name} [GET]`]);
    assert(process.cpu! > 0 && process.cpu! < 4, `${process.cpu}`);
  }
  assertMatch(
    text,
    new RegExp(
      `^${shortName(crashing)}: crash loop: \\d+ restarts in 60 s, last ended by an uncaught TypeError$`,
      "m",
    ),
  );
  assertMatch(text, new RegExp(`^${shortName(leaking)}: memory grows: from \\d+ MB to \\d+ MB in \\d s$`, "m"));
  assertMatch(text, new RegExp(`^${shortName(killed)}: killed`, "m"));
  assertEquals(text.match(new RegExp(`^${shortName(healthy)}: `, "m")), null);
}

/** Asserts that `kymo summary` tells them apart. */
async function assertToldBySummary(directory: string): Promise<void> {
  const text = await kymo("summary", directory);
  const programs = text.slice(text.indexOf("\nPrograms\n"), text.indexOf("\nDurations"));
  for (const container of Object.values(CONTAINERS)) {
    const name = `${container.runtime} [\\d.]+ · ${shortName(container)}`;
    assertMatch(
      programs,
      new RegExp(
        `^${name} .* (is recording|is dead, and not recovered yet|was killed|was ended by an uncaught TypeError)$`,
        "m",
      ),
    );
    assertMatch(text, new RegExp(`^(rss)? +${name}.*MB`, "m"));
    assertMatch(text, new RegExp(`^/${container.name} \\[GET\\] `, "m"));
  }
  const remarks = programs.split("\n").filter((line) => line.startsWith("! "));
  const about = ({ name }: { readonly name: string }): string => remarks.filter((line) => line.includes(name)).join();
  assertMatch(about(crashing), /crash loop: \d+ lives .* each ended by an uncaught TypeError/);
  assertMatch(about(leaking), /grew from [\d.]+\sMB to \d+\sMB of memory/);
  assertMatch(about(killed), /was killed; it was last seen at/);
  assertEquals([about(healthy), remarks.length], ["", 3]);
}

/** Asserts that the report tells them apart, in its data and, on Deno, in the page's list of programs. */
async function assertToldByReport(directory: string): Promise<void> {
  await using db = await TelemetryDB.open(directory);
  const data = await readReportData(db, { title: "", kymo: "", made: new Date(0) });
  assertEquals(data.lines.map(({ short }) => short).sort(), Object.values(CONTAINERS).map(shortName).sort());
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
  const [before, then] = rangeOf(shortName(CONTAINERS.leaking));
  assert(then - before > 3 * (rangeOf(shortName(CONTAINERS.healthy))[1] - rangeOf(shortName(CONTAINERS.healthy))[0]));
  if (leak !== undefined) assert(leak.text.includes(shortName(CONTAINERS.leaking)), leak.text);
  if (thisRuntime !== "deno") return; // the page is the same
  const { page, close } = await openReport(data);
  const lines = await page.locator(".lifelines li").allTextContents();
  assertEquals(lines.length, 4);
  assert(lines.some((text) => /mail@web-3.*lives: .*uncaught/.test(text)), lines.join("\n"));
  await close();
}

after(closeBrowser);

describe("four containers that share a directory", () => {
  const skip = cannotContain() || missing("chromium");
  it(
    "are told apart by top, summary and report, with the figures of each and what is wrong with it",
    { skip },
    async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      {
        await using containers = await Containers.record(directory);
        await assertToldByTop(directory, containers);
        await assertToldBySummary(directory);
      }
      await assertToldByReport(directory);
    },
  );
});
