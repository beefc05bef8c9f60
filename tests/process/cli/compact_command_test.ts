import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { TelemetryDB } from "../../../src/analysis/mod.ts";
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

/**
 * Files of two processes, three hours long: durations that become slower, measurements of the runtime,
 * and numbers.
 */
function recordRun(directory: string, seed: number): void {
  mkdirSync(directory);
  const nanoseconds = (second: number, i: number): string => `${second}${String(i * 1_000).padStart(9, "0")}`;
  for (const pid of [7, 8]) {
    for (let hour = 0; hour < 3; hour++) {
      const second = SECOND + 3_600 * hour;
      const publish = (channel: string, rows: readonly string[]): void => {
        const path = `${directory}/${channel}.${pid}-0badcafe-${String(hour + 1).padStart(6, "0")}.csv`;
        const text = rows.map((row) => `${row},${pid}\r\n`).join("");
        writeFileSync(path, `Timepoint,Measurement,Label,PID\r\n${text}`);
        utimesSync(path, second, second);
      };
      const some = Array.from({ length: 200 }, (_, i) => i);
      const duration = (i: number): string => (0.001 * (1 + hour) + ((i * seed) % 17) / 10_000).toFixed(9);
      publish("duration", some.map((i) => `${nanoseconds(second + i, i)},${duration(i)},/orders/:id [GET]`));
      publish("runtime", some.map((i) => `${nanoseconds(second + i, i)},${2 ** 26 + 4_096 * i * seed},rss`));
      publish("custom", some.map((i) => `${nanoseconds(second + i, i)},${i % 5},"a, b"`));
    }
  }
}

/** Numbers to 12 digits: sums differ in the last ones by the order of the threads. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(12)) : value;
}

/** What is drawn on a page. */
function dataOf(html: string): Record<string, unknown> {
  const [, packed = ""] = /id="data">([A-Za-z0-9+/=]+)<\/script>/.exec(html) ?? [];
  return JSON.parse(gunzipSync(Buffer.from(packed, "base64")).toString(), rounded);
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

  it("changes nothing of what summary, compare, report and export say", async () => {
    using scratch = scratchDirectory();
    const [directory, other] = [scratch.at("monitoring"), scratch.at("other")];
    recordRun(directory, 3);
    recordRun(other, 5);
    const [page, rows] = [scratch.at("report.html"), scratch.at("rows.parquet")];
    const say = async (...args: string[]): Promise<Record<string, unknown>> => {
      const { code, stdout, stderr } = await kymo(...args, "--json");
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      return JSON.parse(stdout, rounded);
    };
    /** What the commands say, but for how many files there are, and when the page was made. */
    const all = async (): Promise<Record<string, Record<string, unknown>>> => {
      const { files: _, ...summary } = await say("summary", directory);
      const comparison = await say("compare", other, directory);
      await say("report", directory, "--output", page, "--force");
      const { made, ...report } = dataOf(readFileSync(page, "utf8"));
      assertMatch(String(made), /Z$/);
      await say("export", directory, "--output", rows, "--force");
      await using db = await TelemetryDB.open(directory);
      const exported = await db.sql(`SELECT * FROM read_parquet('${rows}') ORDER BY ALL`);
      return { summary, comparison, report, exported: { rows: exported.rows() } };
    };
    const before = await all();
    const { rows: count, durations, quantities, runtime } = before["summary"]!;
    const lengths = [durations, quantities, runtime, before["report"]!["findings"], before["exported"]!["rows"]]
      .map((list) => (list as unknown[]).length);
    assertEquals([count, ...lengths], [3_600, 1, 1, 2, 1, 3_600]);
    assertEquals((await kymo("compact", directory)).code, 0);
    assertEquals(readdirSync(directory).filter((name) => name.endsWith(".csv")), []);
    assertEquals(await all(), before);
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
