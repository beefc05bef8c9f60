import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import process from "node:process";
import { writeFileSync } from "node:fs";
import { isAtLeast } from "../../../runtime_adapters/version.ts";
import { spawnCommand, testCommandOf, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const KYMO = new URL("../../../mod.ts", import.meta.url).pathname;

/** Waiting is for the disk, which no fake timers hold up. */
const PROLOGUE = `
import { expect, jest, setSystemTime, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
const monitoringDir = process.env.DIRECTORY!;
const until = async (holds: () => boolean) => { while (!holds()) await stat("."); };
const files = () => readdirSync(monitoringDir).filter((name) => /^(custom|duration).*csv$/.test(name));
const rows = () => files().flatMap((name) => readFileSync(monitoringDir + "/" + name, "utf8").split("\\r\\n").slice(1, -1));
const startedAt = Date.now();
/** Whether all rows are of the real time since this file began. */
const areOfNow = () => rows().every((row) => {
  const ms = Number(row.slice(0, 13));
  return ms >= startedAt && ms <= Date.now();
});
`;

const IMPORT = `import { flush, observe, start, status, stop, time } from ${JSON.stringify(KYMO)};`;

/** Runs a file of tests with `bun test`, and returns its exit code and what failed. */
async function bunTest(
  text: string,
  kymo = IMPORT,
): Promise<{ readonly code: number | null; readonly failures: string }> {
  using scratch = scratchDirectory();
  writeFileSync(scratch.at("a.test.ts"), kymo + PROLOGUE + text);
  const { code, stdout, stderr } = await spawnCommand(testCommandOf("bun", ["./a.test.ts"]), {
    cwd: scratch.path,
    env: { DIRECTORY: scratch.at("monitoring") },
    timeLimit: 20_000,
  }).ended;
  return { code, failures: code === 0 ? "" : stdout + stderr };
}

const PASSED = { code: 0, failures: "" };

/** Bun 1.3.4 brought fake timers, 1.3.6 the mark by which they show. */
const hasFakes = thisRuntime === "bun" && isAtLeast(process.versions["bun"]!, "1.3.6");

/** Before, they hold up the timers of the whole process. */
const leavesTimers = thisRuntime === "bun" && isAtLeast(process.versions["bun"]!, "1.4");

const FAKES = {
  "the time of now": "jest.useFakeTimers()",
  "another time": `jest.useFakeTimers({ now: new Date("2000-01-01") })`,
};

const skip = hasFakes ? false : "only on Bun 1.3.6";

describe("a recording under the fake timers of bun:test", () => {
  for (const [name, install] of Object.entries(FAKES)) {
    for (const order of ["before", "after"]) {
      it(
        `that are installed ${order} it, with ${name}, is flushed and stopped, with right timepoints`,
        { skip },
        async () => {
          const [first, second] = order === "before" ? [install, "start(options)"] : ["start(options)", install];
          const text = `
          test("t", async () => {
            const options = { monitoringDir, withRuntime: true };
            ${first};
            ${second};
            observe("x", 1);
            await flush();
            const flushed = rows().length;
            for (let i = 0; i < 20_000; i++) { using _ = time("x"); }
            await stop();
            jest.useRealTimers();
            expect(flushed).toBe(1);
            expect(rows().length).toBe(20_001);
            expect(areOfNow()).toBe(true);
            expect(status().errors).toBe(0);
            expect(existsSync(monitoringDir + "/.spools")).toBe(false);
          });`;
          assertEquals(await bunTest(text), PASSED);
        },
      );
    }
  }

  it("has no timers among the faked ones", { skip }, async () => {
    const text = `
      test("t", async () => {
        jest.useFakeTimers();
        start({ monitoringDir, withRuntime: true, flushInterval: 20, samplingInterval: 20 });
        let ran = false;
        setTimeout(() => ran = true, 60_000);
        expect(jest.getTimerCount()).toBe(1);
        jest.runAllTimers(); // it does not return if a timer repeats
        jest.useRealTimers();
        expect(ran).toBe(true);
        await stop();
      });`;
    assertEquals(await bunTest(text), PASSED);
  });

  it("goes on if Kymo was imported under them", { skip }, async () => {
    const text = `
      test("t", async () => {
        jest.useFakeTimers({ now: new Date("2000-01-01") });
        const { observe, start, stop } = await import(${JSON.stringify(KYMO)});
        start({ monitoringDir });
        observe("x", 1);
        await stop();
        jest.useRealTimers();
        expect(rows().length).toBe(1);
        expect(areOfNow()).toBe(true);
      });`;
    assertEquals(await bunTest(text, ""), PASSED);
  });

  it("has right timepoints after setSystemTime", { skip }, async () => {
    const text = `
      test("t", async () => {
        setSystemTime(new Date("2000-01-01"));
        start({ monitoringDir });
        observe("x", 1);
        await stop();
        setSystemTime();
        expect(rows().length).toBe(1);
        expect(areOfNow()).toBe(true);
      });`;
    assertEquals(await bunTest(text), PASSED);
  });

  it("goes on at its intervals, also when they are installed and removed meanwhile", {
    skip: leavesTimers ? false : "only on Bun 1.4",
  }, async () => {
    const text = `
      test("t", async () => {
        start({ monitoringDir, flushInterval: 20 });
        for (let i = 1; i <= 6; i++) {
          if (i % 2 === 0) jest.useFakeTimers({ now: new Date("2000-01-01") });
          else jest.useRealTimers();
          observe("x", i);
          await until(() => rows().length === i);
        }
        jest.useRealTimers();
        await stop();
        expect(areOfNow()).toBe(true);
      });`;
    assertEquals(await bunTest(text), PASSED);
  });
});
