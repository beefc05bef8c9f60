import { after, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { callTimes, callTree, functionTimes } from "../../../src/analysis/profile/call_tree.ts";
import { parseCpuProfile, wallTimeOf } from "../../../src/analysis/profile/cpu_profile.ts";
import { findProfiles } from "../../../src/analysis/profile/profile_files.ts";
import { defaultRuntime } from "../../../src/default_runtime.ts";
import { closeBrowser, openBrowser } from "../../support/process/browser.ts";
import { readRows } from "../../support/process/recorded_rows.ts";
import { onlyOn, type RuntimeName, RUNTIMES, spawnOn } from "../../support/process/run.ts";
import { checkCpuProfile } from "../../support/analysis/check_cpu_profile.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const fixture = fileURLToPath(new URL("./fixtures/recorded_profile.ts", import.meta.url));
const speedscope = new URL("../../../node_modules/speedscope/dist/release/index.html", import.meta.url);

/** Runs the program, and returns its wall clock, ms, and the path of its profile. */
async function record(
  runtime: RuntimeName,
  directory: string,
): Promise<{ before: number; after: number; path: string }> {
  const { code, stdout, stderr } = await spawnOn(runtime, fixture, [directory]).ended;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const [path, ...more] = findProfiles([directory], defaultRuntime().files);
  assertEquals(more, []);
  return { ...JSON.parse(stdout), path: path! };
}

for (const runtime of RUNTIMES) {
  describe(`a recorded profile on ${runtime}`, () => {
    it("lies beside the recorded durations on the wall clock", { skip: onlyOn(runtime) }, async () => {
      using scratch = scratchDirectory();
      const { before, after, path } = await record(runtime, scratch.path);
      const profile = parseCpuProfile(readFileSync(path, "utf8"));
      const { first, last } = wallTimeOf([profile])!;
      const [from, to] = [Number(first) / 1e6, Number(last) / 1e6];
      // The clocks differ by less than a tick of Date.now(), and a slice of the profiler on Bun.
      assert(from > before - 5 && to < after + 50, `${before} … ${after} holds ${from} … ${to}`);

      let block = { from: NaN, to: NaN };
      readRows(scratch.path, "duration", (label, _pid, second, nanosecond, seconds) => {
        if (label !== "block") return;
        const end = second * 1e3 + nanosecond / 1e6;
        block = { from: end - seconds * 1e3, to: end };
      });
      const { samples = [], timeDeltas = [], nodes } = profile;
      const ids = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === "block").map(({ id }) => id));
      const byId = new Map(nodes.map((node) => [node.id, node]));
      const within = new Set<number>(ids);
      for (const id of within) for (const child of byId.get(id)!.children ?? []) within.add(child);
      let at = from;
      const times = samples.map((id, i) => ({ id, at: at += timeDeltas[i]! / 1e3 })).filter(({ id }) => within.has(id));
      assert(times.length > 5, `${times.length} samples`);
      // Idle time of 500 ms lies on both sides.
      const outside = times.filter(({ at }) => at < block.from - 100 || at > block.to + 100);
      assertEquals(outside, [], `block: ${JSON.stringify(block)}`);
    });

    it("has the program's functions as callers, not Kymo's", { skip: onlyOn(runtime) }, async () => {
      using scratch = scratchDirectory();
      const { path } = await record(runtime, scratch.path);
      const tree = callTree([parseCpuProfile(readFileSync(path, "utf8"))]);
      const calls = callTimes(tree).map(({ caller, function: called }) => `${caller.name} → ${called.name}`);
      for (const call of ["callsWork → work", "work → spin", "callsHandler → handle", "handle → spin"]) {
        assert(calls.includes(call), `${call} is not among ${calls.join(", ")}`);
      }
      const own = new URL("../../../src/", import.meta.url).pathname;
      const kymo = functionTimes(tree).filter(({ function: { url } }) => url.includes(own));
      assertEquals(kymo.map(({ function: { name } }) => name), []);
    });

    it("is opened by speedscope", { skip: onlyOn(runtime) }, async () => {
      using scratch = scratchDirectory();
      const { path } = await record(runtime, scratch.path);
      checkCpuProfile(readFileSync(path));
      const page = await (await openBrowser()).newPage();
      const said: string[] = [];
      page.on("console", (message) => said.push(message.text()));
      page.on("pageerror", ({ message }) => said.push(message));
      await page.goto(pathToFileURL(fileURLToPath(speedscope)).href);
      await page.locator("input[type=file]").first().setInputFiles(path);
      await page.waitForFunction("document.title.includes('.cpuprofile')", undefined, { timeout: 60_000 });
      await page.keyboard.press("3"); // its table of functions
      await page.getByText("spin", { exact: true }).first().waitFor({ timeout: 60_000 });
      assertEquals(said.filter((line) => line.startsWith("Importing")), ["Importing as Chrome CPU Profile"]);
      await page.close();
    });
  });
}

after(closeBrowser);
