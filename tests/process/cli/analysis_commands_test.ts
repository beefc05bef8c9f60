import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { TelemetryDB } from "../../../src/analysis/mod.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { commandOf, type Ended, spawnCommand, spawnOn, thisRuntime } from "../../support/process/run.ts";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const recorder = fileURLToPath(new URL("../../support/programs/recorder.ts", import.meta.url));

/** Runs `kymo` on the runtime of this test. */
async function kymo(...args: string[]): Promise<Omit<Ended, "signal">> {
  const { signal, ...ended } = await spawnCommand(commandOf(thisRuntime, entry, args), { env: { TZ: "UTC" } }).ended;
  assertEquals(signal, null);
  return ended;
}

const header = "Timepoint,Measurement,Label,PID\r\n";

/** A directory with 1,000 durations of each of two processes, 10 ms apart, with two labels. */
function recording() {
  const scratch = scratchDirectory();
  for (const pid of [41, 42]) {
    const row = (i: number) =>
      `${1_700_000_000_000_000_000n + BigInt(i) * 10_000_000n},0.${`${i}`.padStart(9, "0")},"${
        i % 4 === 0 ? "report [GET]" : "time, \x1b[2J [GET]"
      }",${pid}\r\n`;
    writeFileSync(
      scratch.at(`duration.${pid}-0-1.csv`),
      header + Array.from({ length: 1_000 }, (_, i) => row(i)).join(""),
    );
  }
  writeFileSync(
    scratch.at("runtime.41-0-1.csv"),
    `${header}1700000000000000000,1000000,rss,41\r\n1700000005000000000,3000000,rss,41\r\n`,
  );
  return scratch;
}

describe("kymo summary as a program", () => {
  it("prints labels and the runtime, with control characters escaped", async () => {
    using scratch = recording();
    const { code, stdout, stderr } = await kymo("summary", scratch.path);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(stdout.split("\n").map((line) => line.replace(/ +█[▁-█]* *$/, " bars")), [
      scratch.path,
      "2023-11-14 22:13:20.000 to 22:13:29.990 +00:00, 9.99 s",
      "2,002 rows, 2 processes, 3 files",
      "",
      "Durations, by total time",
      "label                count  rate/s  total   mean    p50    p90    p99  p99.9    max  over time",
      "time, \\x1b[2J [GET]  1,500     150  750µs  500ns  500ns  899ns  990ns  999ns  999ns bars",
      "report [GET]           500    50.1  249µs  498ns  498ns  896ns  988ns  996ns  996ns bars",
      "",
      "Runtime",
      "series    last    mean     max  total",
      "rss     3.00MB  2.00MB  3.00MB",
      "",
    ]);
  });

  it("selects rows, and prints JSON with the exact values of the files", async () => {
    using scratch = recording();
    const selection = ["--label", "time*", "--label", "nothing", "--pid", "42", "--from", "+1s", "--to", "-2s"];
    const { code, stdout, stderr } = await kymo("summary", "--json", ...selection, "--quantiles", "p50", scratch.path);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const { rows, processes, from, to, seconds, durations: [time, ...none], runtime } = JSON.parse(stdout);
    const i = Array.from({ length: 1_000 }, (_, i) => i).filter((i) => i % 4 !== 0 && i >= 100 && i < 799);
    assertEquals([none, runtime, processes.map(({ pid }: { pid: number }) => pid)], [[], [], [42]]);
    assertEquals([rows, time.count, time.label], [i.length, i.length, "time, \x1b[2J [GET]"]);
    assertEquals([from, to, seconds], ["1700000001010000000", "1700000007980000000", 6.97]);
    assertEquals([time.min, time.max, time.rate], [1.01e-7, 7.98e-7, i.length / 6.97]);
    await using db = await TelemetryDB.open(scratch.path);
    const part = db.duration().where({ labels: "time*", pids: [42], from: BigInt(from), to: BigInt(to) + 1n });
    const [described] = await part.describe({ quantiles: [0.5] });
    assertEquals(
      [time.sum, time.mean, time.quantiles.p50],
      [described?.sum, described?.mean, described?.quantiles[0]?.value],
    );
    assertEquals(time.counts.reduce((sum: number, count: number) => sum + count), i.length);
  });

  it("reads rows that a running program has not flushed", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const spawned = spawnOn(thisRuntime, recorder);
    try {
      spawned.child.stdin.write(
        `start ${JSON.stringify({ monitoringDir: directory, flushInterval: 0 })}\nnumber 1000\n`,
      );
      await spawned.said(/\n/, 2);
      const { code, stdout, stderr } = await kymo("summary", "--json", directory);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const { rows, files, spools, quantities: [numbers] } = JSON.parse(stdout);
      assertEquals([rows, files], [1_000, 0]);
      assert(spools > 0);
      assertEquals([numbers.count, numbers.min, numbers.max, numbers.latest], [1_000, 0, 999, 999]);
    } finally {
      spawned.kill("SIGKILL");
      await spawned.ended;
    }
  });

  it("prints the readable rows, reports unreadable ones by file and line, and exits with 1", async () => {
    using scratch = recording();
    const path = scratch.at("duration.43-0-1.csv");
    writeFileSync(path, `${header}1700000000000000000,0.5,good,43\r\n1700000000000000000,bad,good,43\r\n17000000`);
    const { code, stdout, stderr } = await kymo("summary", "--json", scratch.path);
    const { rows, unread } = JSON.parse(stdout);
    assertEquals([code, rows, unread.rows], [1, 2_003, 2]);
    assertEquals(unread.problems.map(({ line }: { line: number }) => line), [3, 4]);
    const [line = "", ...rest] = stderr.split("\n");
    assertEquals(rest, [""]);
    assert(line.startsWith(`Cannot read: ${path}: 2 rows: `), line);
    assert(/ \(line 3\); .* \(line 4\)$/.test(line), line);
  });

  it("reports a missing directory on one line, and exits with 2", async () => {
    using scratch = scratchDirectory();
    const absent = scratch.at("absent");
    const stderr = `Cannot summarize: "${absent}": no such file or directory\n`;
    assertEquals(await kymo("summary", absent), { code: 2, stdout: "", stderr });
  });
});

describe("kymo export as a program", () => {
  it("writes a Parquet file, and replaces one only with --force", async () => {
    using scratch = recording();
    const file = scratch.at("run.parquet");
    const { code, stdout, stderr } = await kymo("export", scratch.path, "-o", file);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertMatch(stdout, /^Wrote 2,002 rows to .*run\.parquet \(\d+(\.\d+)? kB\)\.\n$/);

    const again = await kymo("export", scratch.path, "-o", file);
    assertEquals(again.code, 2);
    assertMatch(again.stderr, /^Cannot export: ".*run\.parquet": the file exists already \(--force replaces it\)\n$/);

    const forced = await kymo(
      "export",
      scratch.path,
      "-o",
      file,
      "--force",
      "--json",
      "--label",
      "report*",
      "--pid",
      "41",
    );
    const bytes = statSync(file).size;
    assertEquals(JSON.parse(forced.stdout), {
      version: 1,
      kind: "export",
      path: file,
      rows: 250,
      bytes,
      unread: { rows: 0, problems: [] },
    });
    await using db = await TelemetryDB.open(scratch.path);
    const table = await db.sql(
      `SELECT Label, PID, Channel, count(*) AS n, max(Timepoint) AS last FROM '${file}' GROUP BY ALL`,
    );
    assertEquals(table.rows(), [
      { Label: "report [GET]", PID: 41n, Channel: "duration", n: 250n, last: 1_700_000_009_960_000_000n },
    ]);
    assertEquals(readdirSync(scratch.path).filter((name) => !name.endsWith(".csv")), ["run.parquet"]);
  });

  it("leaves no file if it fails", async () => {
    using scratch = recording();
    const { code, stdout, stderr } = await kymo("export", scratch.path, "-o", scratch.at("absent/run.parquet"));
    assertEquals({ code, stdout }, { code: 1, stdout: "" });
    assertMatch(stderr, /^Cannot export: ".*absent\/run\.parquet": .+\n$/);
    assertEquals(readdirSync(scratch.path).filter((name) => !name.endsWith(".csv")), []);
  });
});

describe("kymo report as a program", () => {
  it("replaces its page atomically, through a link too, and leaves no other file", async () => {
    using scratch = recording();
    const page = scratch.at("page.html");
    writeFileSync(page, "mine", { mode: 0o600 });
    symlinkSync("page.html", scratch.at("link.html"));
    const { code, stderr } = await kymo("report", scratch.path, "--force", "-o", scratch.at("link.html"));
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals([readlinkSync(scratch.at("link.html")), statSync(page).mode & 0o777], ["page.html", 0o600]);
    assert(readFileSync(page, "utf8").endsWith("</html>\n"));
    assertEquals(readdirSync(scratch.path).filter((name) => !name.endsWith(".csv")).sort(), ["link.html", "page.html"]);
  });
});
