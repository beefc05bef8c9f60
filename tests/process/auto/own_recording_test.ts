import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { cpSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ask } from "../../support/process/http_client.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { spawnCommand, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { app, AUTO, ports, preloaded, preloadedCommand } from "./preloaded.ts";

/** Runs an application that starts a recording itself. */
async function startItself(directory: string, options: object, env: Readonly<Record<string, string>> = {}) {
  const { ended } = preloaded(thisRuntime, app("starts_itself"), directory, { args: [JSON.stringify(options)], env });
  const { code, stdout, stderr } = await ended;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const { names, ...found } = JSON.parse(stdout);
  assertMatch(names, /node:http/);
  return found;
}

const programs = (directory: string): number =>
  readdirSync(directory).filter((name) => name.startsWith("program.")).length;

describe("a program under the preload that starts a recording itself", () => {
  it("goes on with the one that there is, if it gives no other options", async () => {
    using scratch = scratchDirectory();
    const rows = scratch.at("rows");
    assertEquals(await startItself(rows, { monitoringDir: rows }), {
      wasRunning: true,
      isSame: true,
      started: "started",
      again: "invalid-state",
      automatic: true,
    });
    assertEquals(countByLabel(rows, "duration"), { "/before [GET]": 1, "/after [GET]": 1 });
    assertEquals(programs(rows), 1);
  });

  it("gets its own with its options, and what was recorded before stays", async () => {
    using scratch = scratchDirectory();
    const [rows, own] = [scratch.at("rows"), scratch.at("own")];
    assertEquals(await startItself(rows, { monitoringDir: own, withRuntime: false }), {
      wasRunning: true,
      isSame: false,
      started: "started",
      again: "invalid-state",
      automatic: true,
    });
    assertEquals(countByLabel(rows, "duration"), { "/before [GET]": 1 });
    assertEquals(countByLabel(own, "duration"), { "/after [GET]": 1 });
    assertEquals([programs(rows), programs(own), countByLabel(own, "runtime")], [1, 1, {}]);
  });

  it("gets the error of a wrong option, and the recording goes on", async () => {
    using scratch = scratchDirectory();
    const rows = scratch.at("rows");
    const { started, isSame } = await startItself(rows, { flushInterval: -1 });
    assertEquals({ started, isSame }, { started: "invalid-argument", isSame: true });
    assertEquals(countByLabel(rows, "duration"), { "/before [GET]": 1, "/after [GET]": 1 });
  });

  it("gets the error of a directory that cannot be had", async () => {
    const command = preloadedCommand(thisRuntime, app("starts_itself"), ["{}"]);
    const { code, stdout, stderr } = await spawnCommand(command, { env: { KYMO_DIR: "/proc/kymo" } }).ended;
    assertEquals([code, JSON.parse(stdout).started], [0, "not-found"]);
    assertEquals(stderr.split("\n").length, 2, stderr);
  });
});

describe("under the preload", () => {
  it("what the program times itself is timed once, with its names", async () => {
    using scratch = scratchDirectory();
    await using program = preloaded(thisRuntime, app("times_itself"), scratch.at("rows"));
    let asked = 0;
    for (const port of await ports(program)) {
      for (let i = 0; i < 3; i++, asked++) assertEquals((await ask(port, `/items/${i}`)).text, "answer");
    }
    program.kill("SIGTERM");
    await program.ended;
    assertEquals(countByLabel(scratch.at("rows"), "duration"), { "/named/:id [GET]": asked });
  });

  it("of two copies, requests are timed once", async () => {
    using scratch = scratchDirectory();
    const root = fileURLToPath(new URL("../../../", import.meta.url));
    for (const name of ["mod.ts", "src", "runtime_adapters"]) {
      const filter = (path: string): boolean => !/\/(report|cli|analysis|ship)\b/.test(path.slice(root.length));
      cpSync(`${root}${name}`, scratch.at(`copy/${name}`), { recursive: true, filter });
    }
    const flag = { deno: [`--preload=${scratch.at("copy/src/auto/mod.ts")}`] }[thisRuntime as "deno"] ??
      [thisRuntime === "bun" ? "--preload" : "--import", scratch.at("copy/src/auto/mod.ts")];
    const command = preloadedCommand(thisRuntime, app("asks_itself"), ["0"]);
    const at = command.findIndex((word) => word.includes(AUTO));
    command.splice(thisRuntime === "deno" ? at : at - 1, 0, ...flag);
    const { code, stderr, stdout } = await spawnCommand(command, { env: { KYMO_DIR: scratch.at("rows") } }).ended;
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(countByLabel(scratch.at("rows"), "duration"), { "/text [GET]": stdout.split("\n").length - 1 });
  });
});
