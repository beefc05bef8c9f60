import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { readRows } from "../../support/process/recorded_rows.ts";

const main = fileURLToPath(new URL("../../../examples/demo/main.ts", import.meta.url));

const skip = thisRuntime === "deno" ? false : "only on Deno, which runs the demo: its servers are on both runtimes";

/** Runs the demo. Calls `watch` with all of its output whenever there is more. */
function demo(
  args: readonly string[],
  { temporary = "/nowhere", watch }: { temporary?: string; watch?: (pid: number, stdout: string) => void } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn("deno", ["run", "-A", main, ...args], { env: { ...process.env, TMPDIR: temporary } });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output.stdout += text;
    watch?.(child.pid!, output.stdout);
  });
  child.stderr.setEncoding("utf8").on("data", (text) => output.stderr += text);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...output }));
  });
}

/** The PIDs of the servers by runtime, from the output of the demo. */
function serverPids(stdout: string): Record<string, number> {
  return Object.fromEntries(
    Array.from(stdout.matchAll(/(deno|bun) \S+ +http\S+ PID (\d+)/g), ([, name, pid]) => [name, Number(pid)]),
  );
}

/** The counts in the table of durations, by label and runtime. */
function tabledCounts(stdout: string): Record<string, number> {
  const [, table = ""] = /\nDurations, by total time\n[^\n]+\n(.*?)\n\n/s.exec(stdout) ?? [];
  return Object.fromEntries(
    table.split("\n").map((line) => {
      const [, label, runtime, count = ""] = /^(\S.*?) +(deno|bun) \S+ · demo@\S+ +([\d,]+) /.exec(line) ?? [];
      return [`${label} ${runtime}`, Number(count.replaceAll(",", ""))];
    }),
  );
}

function assertGone(pids: Record<string, number>): void {
  assertEquals(Object.keys(pids), ["deno", "bun"]);
  for (const pid of Object.values(pids)) assertThrows(() => process.kill(pid, 0), Error, "ESRCH");
}

/** Calls `action` with the PIDs of the demo and its servers as soon as there is load. */
function onceUnderLoad(action: (demo: number, servers: Record<string, number>) => void) {
  let called = false;
  return (pid: number, stdout: string) => {
    if (called || !stdout.includes("$ kymo load ")) return;
    called = true;
    setTimeout(() => action(pid, serverPids(stdout)), 1_000);
  };
}

describe("demo", () => {
  it("prints the counts of the files, and leaves no process", { skip }, async () => {
    using scratch = scratchDirectory();
    const dir = scratch.at("recorded");
    const { code, stdout, stderr } = await demo(["--duration", "2", "--dir", dir], { temporary: scratch.path });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });

    const pids = serverPids(stdout);
    assertGone(pids);
    const counts: Record<string, number> = {};
    const rows = readRows(dir, "duration", (label, pid) => {
      const key = `${label} ${pid === pids["deno"] ? "deno" : "bun"}`;
      counts[key] = (counts[key] ?? 0) + 1;
    });
    assert(rows > 0);
    assertEquals(tabledCounts(stdout), counts);
    const ofRequests = Object.keys(counts).filter((label) => label.includes(" [")).map((label) => counts[label]!);
    const answered = ofRequests.reduce((sum, count) => sum + count, 0);
    assertEquals(readRows(dir, "client"), answered); // the client's own view of the same requests
    assertStringIncludes(stdout, `\n${answered.toLocaleString("en-US")} requests in `);
    for (const failure of ["/broken [GET] threw", "/orders/:id [GET] 4xx", "unmatched [GET] 4xx"]) {
      assert((counts[`${failure} deno`] ?? 0) + (counts[`${failure} bun`] ?? 0) > 0, failure);
    }
    assertStringIncludes(stdout, pathToFileURL(join(dir, "report.html")).href);
    assertEquals(stdout.match(/no CPU profile|\[object/g), null);
    assertEquals(readdirSync(dir).filter((name) => name.endsWith(".cpuprofile")).length, 2);
    assertMatch(readFileSync(join(dir, "report.html"), "utf8"), /^<!doctype html>/i);
    assertEquals(readdirSync(scratch.path), ["recorded"]);
  });

  it("prints the counts when it is interrupted, and leaves no process", { skip }, async () => {
    using scratch = scratchDirectory();
    const watch = onceUnderLoad((demo) => process.kill(demo, "SIGINT"));
    const { code, stdout } = await demo(["--duration", "60", "--dir", scratch.at("recorded")], {
      temporary: scratch.path,
      watch,
    });
    assertEquals(code, 130);
    assertMatch(stdout, /All [\d,]+ observations that the servers made are in these files/);
    assertGone(serverPids(stdout));
  });

  it("fails when a server dies, and leaves no process", { skip }, async () => {
    using scratch = scratchDirectory();
    const watch = onceUnderLoad((_, { bun }) => process.kill(bun!, "SIGKILL"));
    const { code, stdout, stderr } = await demo(["--duration", "60", "--dir", scratch.at("recorded")], {
      temporary: scratch.path,
      watch,
    });
    assertEquals({ code, stderr }, { code: 1, stderr: "\nThe bun server was killed by SIGKILL.\n" });
    assertGone(serverPids(stdout));
  });

  for (const args of [["--help"], ["--", "--help"]]) {
    it(`prints its options: ${args.join(" ")}`, { skip }, async () => {
      const { code, stdout, stderr } = await demo(args);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      for (const option of ["duration", "rate", "connections", "runtime", "dir"]) {
        assertStringIncludes(stdout, `--${option} <`);
      }
    });
  }

  const wrong: Record<string, string> = {
    "--fast": "Unknown option '--fast'",
    "--duration": "Option '--duration <value>' argument missing",
    "--duration=0": '--duration must be a whole number from 1 to 3600: "0"',
    "--rate=-1": '--rate must be a whole number from 0 to 1000000: "-1"',
    "--runtime=node": '--runtime must be deno, bun or both: "node"',
    "more": "Unexpected argument 'more'",
  };
  for (const [arg, message] of Object.entries(wrong)) {
    it(`rejects ${arg}`, { skip }, async () => {
      assertEquals(await demo([arg]), { code: 2, stdout: "", stderr: `Cannot run the demo: ${message}\n` });
    });
  }

  it("rejects a file as directory", { skip }, async () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("file"), "");
    const { code, stderr } = await demo(["--dir", scratch.at("file")]);
    assertEquals(code, 2);
    assertMatch(stderr, /^Cannot run the demo: --dir cannot be written: ".*file": .*\n$/);
  });
});
