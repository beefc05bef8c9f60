import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { spawnCommand, testCommandOf, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const source = (path: string): string => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);

/** Each test records for a moment in a new directory: with `fn` called meanwhile. */
const PROLOGUE = `
import { flush, observe, start, stop } from ${source("mod.ts")};
import { openChannel } from ${source("src/core.ts")};
import { timeHandler } from ${source("src/http/mod.ts")};
const sanitizers = { sanitizeOps: true, sanitizeResources: true, sanitizeExit: true };
let directories = 0;
const newDirectory = () => Deno.env.get("DIRECTORY") + ++directories;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
function sanitized(name, options, fn = async () => {}) {
  Deno.test({ ...sanitizers, name, fn: async () => {
    start({ monitoringDir: newDirectory(), flushInterval: 10, samplingInterval: 10, ...options });
    observe("x", 1);
    await fn();
    await stop();
  } });
}
`;

/** Runs a file of tests with `deno test`, and returns its exit code and output. */
async function denoTest(text: string): Promise<{ readonly code: number | null; readonly output: string }> {
  using scratch = scratchDirectory();
  writeFileSync(scratch.at("a_test.js"), PROLOGUE + text);
  const config = fileURLToPath(new URL("../../../deno.json", import.meta.url));
  const { code, stdout, stderr } = await spawnCommand(
    testCommandOf("deno", [scratch.at("a_test.js")], ["--config", config]),
    {
      env: { DIRECTORY: scratch.at("monitoring") },
      timeLimit: 60_000,
    },
  ).ended;
  return { code, output: code === 0 ? "" : stdout + stderr };
}

const PASSED = { code: 0, output: "" };

/** What programs record with, by durability. */
const OPTIONS = [
  {},
  { withRuntime: true },
  { withRuntime: { whileBlocked: true } },
  { withProfiler: true },
  { layout: "append", withRuntime: true, withProfiler: true },
];

const skip = thisRuntime === "deno" ? false : "only on Deno";

describe("deno test with all sanitizers", () => {
  for (const durability of ["spool", "memory", "fsync"]) {
    it(`finds no leak between start and stop, durability ${durability}`, { skip }, async () => {
      const cases = OPTIONS.flatMap((options) => {
        const all = JSON.stringify({ ...options, durability });
        const name = all.replaceAll('"', "");
        return [
          `sanitized("${name}, at once", ${all});`,
          `sanitized("${name}, flushed", ${all}, async () => { await sleep(25); await flush(); observe("x", 1); });`,
        ];
      });
      assertEquals(await denoTest(cases.join("\n")), PASSED);
    });
  }

  it("finds none of HTTP handlers, asynchronous samplers and open channels", { skip }, async () => {
    const text = `
      sanitized("http", {}, async () => {
        const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
        const server = Deno.serve(options, timeHandler(async () => { await sleep(5); return new Response("x"); }));
        await (await fetch("http://127.0.0.1:" + server.addr.port)).text();
        await server.shutdown();
      });
      const sample = async (sink) => { await sleep(1); sink.observe("y", 1); };
      sanitized("sampler", { samplers: [{ channel: "mine", sample }] }, () => sleep(25));
      Deno.test({ ...sanitizers, name: "channel", fn: async () => {
        const channel = openChannel("mine", { monitoringDir: newDirectory() });
        channel.observe("x", 1);
        await channel.flush();
        channel.observe("x", 2);
        await channel.close();
      } });`;
    assertEquals(await denoTest(text), PASSED);
  });

  it("takes a recording that goes on after a test for a leak of that test, as the guide says", { skip }, async () => {
    const text = `
      Deno.test({ ...sanitizers, name: "starts", fn: () => { start({ monitoringDir: newDirectory() }); } });
      Deno.test({ ...sanitizers, name: "stops", fn: async () => { await stop(); } });`;
    const { code, output } = await denoTest(text);
    assertEquals(code, 1);
    assertMatch(output, /Leaks detected/);
  });

  it("is content with one recording of all tests if they are without sanitizers", { skip }, async () => {
    const text = `
      Deno.test.beforeAll(() => { start({ monitoringDir: newDirectory(), withRuntime: true, flushInterval: 10 }); });
      Deno.test.afterAll(async () => { await stop(); });
      const off = { sanitizeOps: false, sanitizeResources: false };
      Deno.test({ ...off, name: "one", fn: async () => { observe("x", 1); await sleep(15); } });
      Deno.test({ ...off, name: "two", fn: async () => { observe("x", 1); await sleep(15); } });`;
    assertEquals(await denoTest(text), PASSED);
  });
});
