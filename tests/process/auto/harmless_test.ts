import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { canMount, withSmallDisk } from "../../support/disks/mounted_tmpfs.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { commandOf, type Ended, spawnCommand, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { app, preloadedCommand } from "./preloaded.ts";

const APP = app("asks_itself");
const OUTPUT = thisRuntime === "node" ? "node\n" : "own\nnode\n";

/** Runs the application under the preload. */
function run(
  end: string,
  env: Readonly<Record<string, string>>,
  { permissions, before = [] }: { permissions?: readonly string[]; before?: readonly string[] } = {},
): Promise<Ended> {
  return spawnCommand([...before, ...preloadedCommand(thisRuntime, APP, [end], permissions)], { env }).ended;
}

/** Checks that the program did what it does without the preload, but for one line. */
function assertAsWithout({ code, signal, stdout, stderr }: Ended, line: RegExp): void {
  assertEquals({ code, signal, stdout }, { code: 7, signal: null, stdout: OUTPUT }, stderr);
  assertMatch(stderr, line);
  assertEquals(stderr.split("\n").length, 2, stderr);
}

describe("a program under the preload does what it does without,", () => {
  it("and is recorded, if all is well", async () => {
    using scratch = scratchDirectory();
    const ended = await run("7", { KYMO_DIR: scratch.at("rows") });
    assertEquals(ended, { code: 7, signal: null, stdout: OUTPUT, stderr: "" });
    assertEquals(countByLabel(scratch.at("rows"), "duration"), { "/text [GET]": OUTPUT.split("\n").length - 1 });
    assert((countByLabel(scratch.at("rows"), "runtime")["rss"] ?? 0) > 0);
    assertEquals(readdirSync(scratch.at("rows")).filter((name) => name.startsWith(".")), []);
  });

  it("and the runtime is not recorded if the environment says so", async () => {
    using scratch = scratchDirectory();
    const { code, stderr } = await run("0", { KYMO_DIR: scratch.at("rows"), KYMO_RUNTIME: "0" });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(countByLabel(scratch.at("rows"), "runtime"), {});
  });

  it("and leaves nothing if KYMO_AUTO=0 switches the preload off", async () => {
    using scratch = scratchDirectory();
    const ended = await run("7", { KYMO_DIR: scratch.at("rows"), KYMO_AUTO: "0" });
    assertEquals(ended, { code: 7, signal: null, stdout: OUTPUT, stderr: "" });
    assertEquals(existsSync(scratch.at("rows")), false);
  });

  it("if it ends by an error that nobody handles", async () => {
    using scratch = scratchDirectory();
    const bare = await spawnCommand(commandOf(thisRuntime, APP, ["error"])).ended;
    const ended = await run("error", { KYMO_DIR: scratch.at("rows") });
    assertEquals(ended, bare);
    assertEquals(ended.code, 1);
    assertEquals(Object.keys(countByLabel(scratch.at("rows"), "duration")), ["/text [GET]"]);
  });

  const wrong: Record<string, Readonly<Record<string, string>>> = {
    "a variable has a wrong value": { KYMO_FLUSH: "soon" },
    "the variable that switches it off has a wrong value": { KYMO_AUTO: "no" },
    "a variable is out of range": { KYMO_MEMORY: "1" },
    "the variable for outgoing requests has a wrong value": { KYMO_CLIENT: "maybe" },
    "a variable is not Kymo's": { KYMO_DIRECTORY: "somewhere" },
    "the directory cannot be made": { KYMO_DIR: "/proc/kymo/rows" },
  };
  for (const [what, env] of Object.entries(wrong)) {
    it(`and one line tells that ${what}`, async () => {
      using scratch = scratchDirectory();
      const [name = "", value = ""] = Object.entries(env)[0]!;
      const ended = await run("7", { KYMO_DIR: scratch.at("rows"), ...env });
      assertAsWithout(ended, new RegExp(`^Kymo.*(${name}|${value}).*\n$`));
    });
  }

  it("and one line tells that the directory is a file", async () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("rows"), "");
    assertAsWithout(await run("7", { KYMO_DIR: scratch.at("rows") }), /^Kymo.*rows.*\n$/);
  });

  const skip = !canMount() && "this system lets us mount no disk";
  it("and one line tells that the disk is full", { skip }, async () => {
    using scratch = scratchDirectory();
    const disk = scratch.at("disk");
    mkdirSync(disk);
    const fill = ["sh", "-c", 'head -c 2000000 /dev/zero > "$0/full" 2>/dev/null; exec "$@"', disk];
    const ended = await run("7", { KYMO_DIR: `${disk}/rows` }, { before: [...withSmallDisk(disk), ...fill] });
    assertAsWithout(ended, /^Kymo.*no space left.*\n$/);
  });

  it("and one line tells that the disk is read-only", { skip }, async () => {
    using scratch = scratchDirectory();
    const disk = scratch.at("disk");
    mkdirSync(disk);
    const readOnly = ["sh", "-c", 'mount -o remount,ro "$0" && exec "$@"', disk];
    const ended = await run("7", { KYMO_DIR: `${disk}/rows` }, { before: [...withSmallDisk(disk), ...readOnly] });
    assertAsWithout(ended, /^Kymo.*read-only.*\n$/);
  });

  const skipPermissions = thisRuntime === "deno" ? false : "only on Deno";
  it("and one line tells that it may not write", { skip: skipPermissions }, async () => {
    using scratch = scratchDirectory();
    const permissions = ["--allow-net", "--allow-env"];
    assertAsWithout(await run("7", { KYMO_DIR: scratch.at("rows") }, { permissions }), /^Kymo.*--allow-write.*\n$/);
  });

  it("and what cannot be replaced is told in status(), while the rest is recorded", async () => {
    using scratch = scratchDirectory();
    const command = preloadedCommand(thisRuntime, APP, ["0"]);
    const frozen = app("frozen");
    const flags = { deno: [`--preload=${frozen}`], bun: ["--preload", frozen], node: ["--import", frozen] };
    const at = command.findIndex((word) => word.startsWith("--preload") || word === "--import");
    const { code, stdout, stderr } = await spawnCommand(command.toSpliced(at, 0, ...flags[thisRuntime]), {
      env: { KYMO_DIR: scratch.at("rows") },
    }).ended;
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(stdout.slice(0, OUTPUT.length), OUTPUT);
    const automatic = JSON.parse(stdout.slice(OUTPUT.length));
    const own = thisRuntime === "deno" ? "Deno.serve" : "Bun.serve";
    assertEquals(automatic[own], { available: false, reason: "serve is read-only" });
    assertEquals(automatic["Worker"], { available: false, reason: "Worker is read-only" });
    assertEquals(automatic["node:http"], { available: true });
    assertEquals(countByLabel(scratch.at("rows"), "duration"), { "/text [GET]": 1 });
  });
});
