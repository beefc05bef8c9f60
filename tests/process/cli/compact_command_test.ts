import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { commandOf, type Ended, spawnCommand, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const program = commandOf(thisRuntime, entry);

const SECOND = 1_700_000_000;

/** Files of one row each, from the first second on, one an hour. */
function record(directory: string, files: number): void {
  mkdirSync(directory);
  for (let file = 0; file < files; file++) {
    const second = SECOND + 3_600 * file;
    const path = `${directory}/custom.7-0badcafe-${String(file + 1).padStart(6, "0")}.csv`;
    writeFileSync(path, `Timepoint,Measurement,Label,PID\r\n${second}000000000,1,a,7\r\n`);
    utimesSync(path, second, second);
  }
}

async function kymo(...args: string[]): Promise<Omit<Ended, "signal">> {
  const { signal, ...ended } = await spawnCommand([...program, ...args]).ended;
  assertEquals(signal, null);
  return ended;
}

describe("kymo compact", () => {
  it("compacts what is old, says so, and leaves a directory that other commands read as before", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    record(directory, 2);
    const rows = async (): Promise<unknown> => JSON.parse((await kymo("summary", directory, "--json")).stdout).rows;
    const before = await rows();
    const { code, stdout, stderr } = await kymo("compact", directory, "--json");
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const { inputs, outputs, young, problems } = JSON.parse(stdout);
    assertEquals({ inputs, outputs, young, problems }, { inputs: 2, outputs: 2, young: 0, problems: [] });
    assertEquals(readdirSync(directory).filter((name) => name.endsWith(".csv")), []);
    assertEquals(await rows(), before);
    assertEquals(await kymo("compact", directory), { code: 0, stdout: "Nothing to compact.\n", stderr: "" });
  });

  it("follows until SIGTERM, and lets no second one in", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    record(directory, 1);
    const follower = spawnCommand([...program, "compact", directory, "--follow"]);
    await follower.said(/\n/);
    const { code, stdout, stderr } = await kymo("compact", directory);
    assertEquals({ code, stdout }, { code: 2, stdout: "" });
    assertMatch(stderr, /^Cannot compact: ".*": another program is compacting it\n$/);
    follower.kill("SIGTERM");
    const ended = await follower.ended;
    assertEquals([ended.code, ended.stderr], [0, ""]);
    assertMatch(ended.stdout, /^Made 1 file \(.*\) of 1 file \(.*\)\.\n$/);
  });

  it("tells what it leaves alone because it is damaged, and exits with 1", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    record(directory, 1);
    const [name] = readdirSync(directory);
    writeFileSync(`${directory}/${name}`, `Timepoint,Measurement,Label,PID\r\n${SECOND}000000000,1,a,x\r\n`);
    utimesSync(`${directory}/${name}`, SECOND, SECOND);
    const { code, stdout, stderr } = await kymo("compact", directory);
    assertEquals({ code, stdout }, { code: 1, stdout: "Nothing to compact.\n" });
    assertMatch(stderr, /^Cannot compact: .*000001\.csv:2: .*\n$/);
  });

  it("refuses what is no directory, or no length of time", async () => {
    using scratch = scratchDirectory();
    const absent = scratch.at("absent");
    const stderr = `Cannot compact: "${absent}": no such directory\n`;
    assertEquals(await kymo("compact", absent), { code: 2, stdout: "", stderr });
    const { code } = await kymo("compact", scratch.path, "--older", "soon");
    assertEquals(code, 2);
  });
});
