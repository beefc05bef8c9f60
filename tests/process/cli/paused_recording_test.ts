import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { TelemetryDB } from "../../../src/analysis/mod.ts";
import { plant, plantAppended, ROUTE, timepoint } from "../../support/analysis/paused_recording.ts";
import { commandOf, spawnCommand, spawnOn, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

/** Runs `kymo` on the runtime of this test, and returns what it prints. */
async function kymo(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await spawnCommand(commandOf(thisRuntime, entry, args), { env: { TZ: "UTC" } })
    .ended;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

const isolate = "0000000a";
const pausing = fileURLToPath(new URL("fixtures/paused_program.ts", import.meta.url));

describe("kymo summary of a program whose recording was off", () => {
  it("counts rates in the time in which it recorded, and tells the pause", async () => {
    using scratch = scratchDirectory();
    plant(scratch.path, [{ isolate, from: 0, to: 120, end: { how: "stop" }, off: [[40, 70]] }]);
    const lines = (await kymo("summary", scratch.path)).split("\n");
    assertMatch(lines[1]!, /, 2 min; recording was off for 30 s of it$/);
    assert(lines.includes("  bun 1.4.5 · orders@web-2: recording was off for 30 s of 2 min."), lines.join("\n"));
    assertMatch(lines.find((line) => line.startsWith(ROUTE))!, /^\/orders \[GET\] +900 +10 .* █+·+█+$/);
    assert(!lines.some((line) => line.startsWith("recording ")));
  });

  it("has the pause in JSON, and no number of what nobody counted", async () => {
    using scratch = scratchDirectory();
    plant(scratch.path, [{ isolate, from: 0, to: 120, end: { how: "stop" }, off: [[40, 70]] }]);
    const json = JSON.parse(await kymo("summary", "--json", scratch.path));
    assertEquals([json.lived, json.recorded].map(Math.round), [120, 90]);
    assertEquals(json.pauses, [{ pid: 1, isolate, from: "1700000040000000000", to: "1700000070000000000" }]);
    assertEquals(json.remarks.map(({ kind }: { kind: string }) => kind), ["off"]);
    assertEquals(json.runtime.map(({ label }: { label: string }) => label).includes("recording"), false);
    const [{ rate, counts }] = json.durations;
    assertEquals(Math.round(rate * 10) / 10, 10);
    const nulls = counts.filter((count: number | null) => count === null).length;
    assert(nulls > 0.2 * counts.length && nulls < 0.26 * counts.length, `${nulls} of ${counts.length}`);
    assert(!counts.includes(0), JSON.stringify(counts));
    // Also of a part of the rows, among which those that tell the pause are not.
    const part = JSON.parse(await kymo("summary", "--json", "--label", ROUTE, "--from", "+10s", scratch.path));
    assertEquals(Math.round(part.durations[0].rate * 10) / 10, 10);
  });

  it("takes time without rows for quiet if nobody switched recording off", async () => {
    using scratch = scratchDirectory();
    plant(scratch.path, [{ isolate, from: 0, to: 120, end: { how: "stop" }, quiet: [[40, 70]] }]);
    const json = JSON.parse(await kymo("summary", "--json", scratch.path));
    assertEquals([json.pauses, json.remarks], [[], []]);
    assertEquals(Math.round(json.durations[0].rate * 10) / 10, 7.5);
    assert(!json.durations[0].counts.includes(null));
  });

  it("knows pauses in layout append by the PID", async () => {
    using scratch = scratchDirectory();
    plantAppended(scratch.path, { isolate, from: 0, to: 120, off: [[40, 70]] });
    const json = JSON.parse(await kymo("summary", "--json", scratch.path));
    assertEquals(json.pauses, [{ pid: 1, isolate: "", from: "1700000040000000000", to: "1700000070000000000" }]);
    assertEquals(Math.round(json.durations[0].rate * 10) / 10, 10);
  });
});

describe("kymo compare and kymo export of a program whose recording was off", () => {
  it("say for how long it was, and export the rows that say so", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("a");
    mkdirSync(directory);
    plant(directory, [{ isolate, from: 0, to: 120, end: { how: "stop" }, off: [[40, 70]] }]);
    const lines = (await kymo("compare", directory, directory)).split("\n");
    assertEquals(lines.slice(1, 3).map((line) => line.replace(/1 min \d+ s|2 min/, "2 min")), [
      "A: bun 1.4.5 · orders@web-2; recording was off for 30 s of 2 min",
      "B: bun 1.4.5 · orders@web-2; recording was off for 30 s of 2 min",
    ]);
    const { rows } = JSON.parse(await kymo("export", directory, "-o", scratch.at("a.parquet"), "--json"));
    await using db = await TelemetryDB.open(directory);
    assertEquals(rows, Number((await db.sql("SELECT count(*) AS n FROM observations")).rows()[0]!.n));
    const table = await db.sql(`SELECT Timepoint, Measurement FROM '${scratch.at("a.parquet")}'
      WHERE Channel = 'runtime' AND Label = 'recording' ORDER BY Timepoint`);
    assertEquals(table.rows().map(({ Timepoint, Measurement }) => [Timepoint, Measurement]), [
      [timepoint(40), 0],
      [timepoint(70), 1],
    ]);
  });
});

describe("a program that pauses", () => {
  it("is off for kymo top while it lives, killed when it was killed, and never quiet for kymo summary", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const program = spawnOn(thisRuntime, pausing, [directory]);
    const look = async () =>
      JSON.parse(await kymo("top", directory, "--once", "--interval", "0.2", "--json")).processes;
    try {
      await program.said(/paused/);
      const [one, ...others] = await look();
      assertEquals([one.name, one.state, one.count, others.length], ["paused", "off", 0, 0]);
      assert(Math.abs(Number(BigInt(one.off.since) / 1_000_000n) - Date.now()) < 60_000, `${one.off.since}`);
      assertMatch(await kymo("top", directory, "--once", "--interval", "0.2"), / – .* off since \d\d:\d\d:\d\d\n/);
    } finally {
      program.kill("SIGKILL");
      await program.ended;
    }
    const [dead] = await look();
    assertEquals([dead.state, typeof dead.off.since], ["killed", "string"]);
    const { pauses, remarks, durations: _, quantities } = JSON.parse(await kymo("summary", "--json", directory));
    assertEquals([pauses.length, pauses[0].to], [1, null]);
    assertMatch(
      remarks.find(({ kind }: { kind: string }) => kind === "killed").text,
      /, while recording was off since /,
    );
    assert(quantities[0].rate > 20, `${quantities[0].rate}`); // each 10 ms, but timers are late
  });
});
