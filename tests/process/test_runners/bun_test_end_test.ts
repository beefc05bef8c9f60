import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { isAtLeast } from "../../../runtime_adapters/version.ts";
import process from "node:process";
import { countByLabel, csvFiles } from "../../support/process/recorded_rows.ts";
import { spawnCommand, testCommandOf, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const KYMO = new URL("../../../mod.ts", import.meta.url).pathname;

const IMPORTS = `
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as nodeTest from "node:test";
import { observe, start, stop } from ${JSON.stringify(KYMO)};
const options = { monitoringDir: process.env.DIRECTORY, durability: process.env.DURABILITY };
`;

/** What a run of `bun test` left, beside its exit code. */
interface Run {
  readonly code: number | null;
  readonly counts: Record<string, number>;
  /** How many files hold them. */
  readonly files: number;
  readonly output: string;
}

/**
 * Runs files of tests, in the order of their names, with `bun test`. Nothing may be left in
 * `.spools`, and the program record must tell an end.
 */
async function bunTest(
  files: Record<string, string>,
  { flags = [], durability = "spool", env = {} }: {
    flags?: readonly string[];
    durability?: string;
    env?: Record<string, string>;
  } = {},
): Promise<Run> {
  using scratch = scratchDirectory();
  for (const [name, text] of Object.entries(files)) writeFileSync(scratch.at(name), IMPORTS + text);
  const tests = Object.keys(files).filter((name) => !name.startsWith("preload")).map((name) => `./${name}`);
  const { code, stdout, stderr } = await spawnCommand(testCommandOf("bun", tests, flags), {
    cwd: scratch.path,
    env: { DIRECTORY: scratch.at("monitoring"), DURABILITY: durability, ...env },
    timeLimit: 20_000,
  }).ended;
  const output = stdout + stderr;
  const directory = scratch.at("monitoring");
  assertEquals(existsSync(`${directory}/.spools`), false, output);
  for (const name of readdirSync(directory).filter((name) => name.startsWith("program."))) {
    assertMatch(readFileSync(`${directory}/${name}`, "utf8"), /"how": ?"(exit|stop)"/, name);
  }
  return { code, counts: countByLabel(directory, "custom"), files: csvFiles(directory, "custom").length, output };
}

const skip = thisRuntime === "bun" ? false : "only on Bun";

/** Before Bun 1.3 no hook can be added while a test runs. */
const takesHooks = thisRuntime === "bun" && isAtLeast(process.versions["bun"]!, "1.3");

/** Whether it starts in a test or in a hook, where Bun takes hooks only from 1.3 on. */
const skipInTest = skip || (takesHooks ? false : "only on Bun 1.3");

/** Whether files can have isolates or processes of their own. */
const isolates = thisRuntime === "bun" && isAtLeast(process.versions["bun"]!, "1.4");

describe("bun test without stop leaves all rows in files", () => {
  for (const durability of ["spool", "memory", "fsync"]) {
    it(`when it starts at the top of a file, durability ${durability}`, { skip }, async () => {
      const { code, counts } = await bunTest({
        "a.test.ts": `start(options); observe("collected", 1); test("t", () => observe("in a test", 1));`,
      }, { durability });
      assertEquals({ code, counts }, { code: 0, counts: { collected: 1, "in a test": 1 } });
    });

    it(`when it starts in beforeAll, durability ${durability}`, { skip: skipInTest }, async () => {
      const { code, counts } = await bunTest({
        "a.test.ts": `beforeAll(() => start(options)); test("t", () => observe("x", 1));`,
      }, { durability });
      assertEquals({ code, counts }, { code: 0, counts: { x: 1 } });
    });
  }

  it("when it starts in a test, and tests follow that wait or not", { skip: skipInTest }, async () => {
    const { code, counts } = await bunTest({
      "a.test.ts": `
        test("starts", () => { start(options); observe("x", 1); });
        test("waits", async () => { await Bun.sleep(5); observe("x", 1); });
        describe("group", () => { test("inner", () => observe("x", 1)); });
        test("waits", async () => { await Bun.sleep(5); observe("x", 1); await Bun.sleep(5); observe("x", 1); });
        test("last", () => observe("x", 1));`,
    });
    assertEquals({ code, counts }, { code: 0, counts: { x: 6 } });
  });

  for (const durability of ["spool", "memory"]) {
    it(`also of files that follow, durability ${durability}`, { skip }, async () => {
      const { code, counts, files } = await bunTest({
        "a.test.ts": `start(options); test("t", () => observe("a", 1));`,
        "b.test.ts": `
          observe("b", 1);
          test("t", () => { for (let i = 0; i < 100; i++) observe("b", 1); });
          test("t", async () => { await Bun.sleep(5); observe("b", 1); });`,
        "c.test.ts": `
          test("t", () => observe("c", 1));`,
      }, { durability });
      assertEquals({ code, counts }, { code: 0, counts: { a: 1, b: 102, c: 1 } });
      assert(files < 10, `${files} files: rows are not collected`);
    });
  }

  it("when a preloaded file starts it", { skip }, async () => {
    for (const text of [`start(options);`, ...takesHooks ? [`beforeAll(() => start(options));`] : []]) {
      const { code, counts } = await bunTest({
        "preload.ts": text,
        "a.test.ts": `test("t", () => observe("a", 1));`,
        "b.test.ts": `test("t", async () => { await Bun.sleep(1); observe("b", 1); });`,
      }, { flags: ["--preload", "./preload.ts"] });
      assertEquals({ code, counts }, { code: 0, counts: { a: 1, b: 1 } });
    }
  });

  it("when tests fail, with the exit code as without", { skip }, async () => {
    const { code, counts, output } = await bunTest({
      "a.test.ts": `
        start(options);
        test("fails", () => { observe("x", 1); expect(1).toBe(2); });
        test("throws later", async () => { await Bun.sleep(1); observe("x", 1); throw new Error("on purpose"); });
        afterAll(() => observe("x", 1));`,
    });
    assertEquals({ code, counts }, { code: 1, counts: { x: 3 } });
    assertMatch(output, /2 fail/);
  });

  it("when the tests are of node:test", { skip }, async () => {
    const { code, counts } = await bunTest({
      "a.test.ts": `
        start(options);
        nodeTest.describe("d", () => {
          nodeTest.it("t", () => observe("x", 1));
          nodeTest.it("t", async () => { await Bun.sleep(1); observe("x", 1); });
        });`,
    });
    assertEquals({ code, counts }, { code: 0, counts: { x: 2 } });
  });

  it("when a test of node:test starts it", { skip: skipInTest }, async () => {
    const { code, counts } = await bunTest({
      "a.test.ts": `
        nodeTest.it("t", () => { start(options); observe("x", 1); });
        nodeTest.it("t", async () => { await Bun.sleep(1); observe("x", 1); });
        nodeTest.it("t", () => observe("x", 1));`,
    });
    assertEquals({ code, counts }, { code: 0, counts: { x: 3 } });
  });

  for (const flags of [["--isolate"], ["--parallel=2"], ["--rerun-each=2"]]) {
    it(`with ${flags}`, { skip: skip || (isolates ? false : "only on Bun 1.4") }, async () => {
      const text = (label: string): string => `start(options); test("t", () => observe("${label}", 1));`;
      const { code, counts } = await bunTest({ "a.test.ts": text("a"), "b.test.ts": text("b") }, { flags });
      const times = flags.includes("--rerun-each=2") ? 2 : 1;
      assertEquals({ code, counts }, { code: 0, counts: { a: times, b: times } });
    });
  }

  it("when neither the name of the file nor NODE_ENV tells of tests alone", { skip }, async () => {
    const text = `start(options); test("t", () => observe("x", 1));`;
    assertEquals((await bunTest({ "a.test.ts": text }, { env: { NODE_ENV: "production" } })).counts, { x: 1 });
    assertEquals((await bunTest({ "a.ts": text }, { env: { NODE_ENV: "test" } })).counts, { x: 1 });
  });
});

describe("bun test", () => {
  it("runs the program's own listeners for exit as without Kymo", { skip }, async () => {
    const text = `
      start(options);
      process.on("exit", () => { console.log("listened"); process.exitCode = 3; });
      test("t", () => observe("x", 1));`;
    const { code, counts, output } = await bunTest({ "a.test.ts": text });
    const ran = output.includes("listened");
    assertEquals({ code, counts, ran }, { code: 0, counts: { x: 1 }, ran: false });
  });

  it("takes starts and stops in each test and hook", { skip }, async () => {
    const restart = `await stop(); start(options);`;
    const { code, counts } = await bunTest({
      "a.test.ts": `
        for (let i = 0; i < 5; i++) {
          test("t" + i, async () => { start(options); observe("x", 1); await stop(); });
          nodeTest.it("n" + i, async () => { start(options); observe("x", 1); ${restart} observe("x", 1); await stop(); });
        }`,
    });
    assertEquals({ code, counts }, { code: 0, counts: { x: 15 } });
  });
});
