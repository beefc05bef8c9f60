import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Command } from "commander";
import { addProfileCommand } from "../../../../src/cli/commands/profile/command.ts";
import type { Output } from "../../../../src/cli/context.ts";
import { formatTimeRange } from "../../../../src/display/local_time.ts";
import { encodeProgramRecord } from "../../../../src/files/program_record.ts";
import { encodeCpuProfile } from "../../../../src/profiling/cpu_profile_file.ts";
import type { CpuProfile } from "../../../../src/runtime.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";
import { profileOf } from "../../../support/analysis/profile_stacks.ts";
import { fakeCliContext, fakeOutput } from "../../../support/fake/cli_context.ts";

const runtime = new FakeRuntime();

function write(path: string, bytes: Uint8Array): void {
  const file = runtime.files.create(path);
  file.write(bytes);
  file.close();
}

/** A function with a place. */
function placed(profile: CpuProfile): CpuProfile {
  const nodes = profile.nodes.map((node) =>
    node.callFrame.functionName.startsWith("(")
      ? node
      : { ...node, callFrame: { ...node.callFrame, url: "file:///src/main.ts", lineNumber: node.id, columnNumber: 4 } }
  );
  return { ...profile, nodes };
}

runtime.files.ensureDirectory("/m");
runtime.files.ensureDirectory("/timed");
// A function called from another place is another one of the same name, since it has another line.
const first = placed(profileOf([["main parse", 30], ["main work", 50], ["main work parse", 10], ["(idle)", 110]]));
write("/m/profiler.7-0000beef-000001.cpuprofile", encodeCpuProfile(first));
write("/m/profiler.8-0000cafe-000001.cpuprofile", encodeCpuProfile(profileOf([["evil\x1b[2J", 10]])));
write("/damaged.cpuprofile", encodeCpuProfile(first).subarray(0, 50));

/** Runs `kymo profile`, and returns its exit code and output, or the error that it throws. */
async function run(args: readonly string[], look: Partial<Output> = {}) {
  const [stdout, stderr] = [fakeOutput(look), fakeOutput()];
  let code: number | undefined;
  const program = new Command("kymo").exitOverride().configureOutput({ writeErr: () => {}, outputError: () => {} });
  addProfileCommand(program, fakeCliContext({ stdout, stderr, runtime }), (ended) => code = ended);
  const error = await program.parseAsync(["profile", ...args], { from: "user" }).then(
    () => undefined,
    (error) => error.message,
  );
  return { code, lines: stdout.text.split("\n"), stderr: stderr.text, error };
}

describe("kymo profile", () => {
  it("shows the functions by self time, or by total time", async () => {
    const { lines, code, stderr } = await run(["/m", "--pid", "7"]);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(lines, [
      "CPU profile of PID 7",
      "200 ms sampled, 55.0 % of it idle, 4 samples, 1 file",
      "",
      "  self          total          samples  function  place",
      "50.0ms  55.6%  60.0ms   66.7%        1  work      main.ts:5",
      "30.0ms  33.3%  30.0ms   33.3%        1  parse     main.ts:4",
      "10.0ms  11.1%  10.0ms   11.1%        1  parse     main.ts:6",
      "    0s   0.0%  90.0ms  100.0%        0  main      main.ts:3",
      "",
    ]);
    const byTotal = await run(["/m", "--pid", "7", "--sort", "total", "--top", "2"]);
    assertEquals(byTotal.lines.slice(4, 6).map((line) => line.split(/ +/).at(-2)), ["main", "work"]);
    assertEquals(byTotal.lines.at(-2), "and 2 more functions");
  });

  it("shows the functions of some names, or in some files", async () => {
    const names = async (...args: string[]): Promise<string[]> =>
      (await run(["/m", "--pid", "7", ...args])).lines.slice(4).map((line) => line.trim()).filter((line) => line !== "")
        .map((line) => line.replace(/^.*\s(\S+)\s+(\S+)$/, "$1 $2"));
    assertEquals(await names("--name", "pa*"), ["parse main.ts:4", "parse main.ts:6"]);
    assertEquals((await names("--file", "main.ts", "--name", "main", "--name", "work")).toSorted(), [
      "main main.ts:3",
      "work main.ts:5",
    ]);
    assertEquals((await names("--file", "*/src/*")).length, 4);
    assertEquals(
      (await run(["/m", "--pid", "7", "--file", "other.ts"])).lines[3],
      "No sampled function has such a name and file.",
    );
    assertEquals(await names("--callers", "*", "--name", "nothing"), []);
    // Of the tree the way to them is shown.
    assertEquals(await names("--tree", "--name", "work"), ["main main.ts:3", "work main.ts:5"]);
    const { lines: [json = ""] } = await run(["/m", "--pid", "7", "--json", "--name", "work"]);
    assertEquals(JSON.parse(json).profiles[0].functions.map(({ name }: { name: string }) => name), ["work"]);
  });

  it("shows what ran within a time", async () => {
    write(
      "/timed/profiler.7-0000beef-000001.cpuprofile",
      encodeCpuProfile(first, { startedAt: 1_795_360_370_000_000_000n, modules: [] }),
    );
    const shown = async (...args: string[]): Promise<string[]> => {
      const { lines, error } = await run(["/timed", ...args]);
      return error === undefined
        ? [lines[1]!.replace(/ sampled.*$/, ""), ...lines.slice(5).map((line) => line.trim().split(/ +/)[0]!)]
        : [error];
    };
    // 30 ms of parse, then 50 ms of work.
    assertEquals((await shown("--from", "1795360370010000000", "--to", "1795360370040000000")).slice(0, 4), [
      "30 ms",
      "20.0ms",
      "10.0ms",
      "0s",
    ]);
    assertEquals((await shown("--from", "+80ms", "--to=-110ms"))[0], "10 ms");
    assertMatch(
      (await shown("--from", "2026-11-24"))[0]!,
      /^Cannot show the profile: no profile of that time: "\/timed": they were taken 20/,
    );
    assertMatch(
      (await run(["/m", "--from", "+1s"])).error,
      /7-0000beef-000001.cpuprofile": it does not say when its samples were taken$/,
    );
  });

  it("adds up all processes, or shows each separately", async () => {
    const together = await run(["/m"]);
    assertEquals(together.lines[0], "CPU profile of PID 7, PID 8");
    assert(together.lines.some((line) => line.includes("evil\\x1b[2J")), "what a terminal would obey");
    const apart = await run(["/m", "--by-process"]);
    assertEquals(apart.lines.filter((line) => line.startsWith("CPU")), [
      "CPU profile of PID 7",
      "CPU profile of PID 8",
    ]);
  });

  it("tells processes of one PID apart, and names their programs by the records beside the files", async () => {
    runtime.files.ensureDirectory("/containers");
    for (const [isolate, name] of [["0000000a", "orders"], ["0000000b", "mail"]] as const) {
      write(`/containers/profiler.1-${isolate}-000001.cpuprofile`, encodeCpuProfile(profileOf([[name, 10]])));
      const record = { kymo: "1.0.0", runtime: "bun", runtimeVersion: "1.4.5", kind: "main", clock: "fake" } as const;
      const process = { pid: 1, isolate, name, host: "web-2", started: 1_700_000_000_000_000_000n, options: {} };
      write(`/containers/program.1-${isolate}.json`, encodeProgramRecord({ ...record, ...process }));
    }
    const names = ["bun 1.4.5 · orders@web-2", "bun 1.4.5 · mail@web-2"];
    assertEquals((await run(["/containers"])).lines[0], `CPU profile of ${names.join(", ")}`);
    const apart = await run(["/containers", "--by-process"]);
    assertEquals(apart.lines.filter((line) => line.startsWith("CPU")), names.map((name) => `CPU profile of ${name}`));
    const one = await run(["/containers", "--isolate", "0000000b", "--json"]);
    const [{ processes, functions }] = JSON.parse(one.lines[0]!).profiles;
    assertEquals(processes, [{ pid: 1, isolate: "0000000b", program: names[1] }]);
    assertEquals(functions.map(({ name }: { name: string }) => name), ["mail"]);
    const none = 'Cannot show the profile: no profile of PID 2, isolate 0000000b: "/containers"';
    assertEquals((await run(["/containers", "--pid", "2", "--isolate", "0000000b"])).error, none);
  });

  it("takes a name with punctuation", async () => {
    const { code, error } = await run(["/m", "--callers", "GET /x-y"]);
    assertEquals({ code, error }, { code: 0, error: undefined });
  });

  it("shows the callers and the callees of a function", async () => {
    const callers = await run(["/m", "--callers", "par*"]);
    assertEquals(callers.lines.slice(3), [
      "parse (main.ts:4): self 30.0ms, total 30.0ms; called by",
      "  self          total         samples  function  place",
      "30.0ms  30.0%  30.0ms  30.0%        1  main      main.ts:3",
      "",
      "parse (main.ts:6): self 10.0ms, total 10.0ms; called by",
      "  self          total         samples  function  place",
      "10.0ms  10.0%  10.0ms  10.0%        1  work      main.ts:5",
      "",
    ]);
    const callees = await run(["/m", "--pid", "7", "--callees", "work"]);
    assertEquals(callees.lines[3], "work (main.ts:5): self 50.0ms, total 60.0ms; called");
    assertEquals((await run(["/m", "--callees", "parse"])).lines[3]!.split("; ")[1], "no sampled call");
    assertEquals((await run(["/m", "--callers", "none"])).lines[3], 'No sampled function matches "none".');
  });

  it("shows the call tree", async () => {
    const { lines } = await run(["/m", "--pid", "7", "--tree"]);
    assertEquals(lines.slice(3), [
      " total            self  function   place",
      "90.0ms  100.0%      0s  main       main.ts:3",
      "60.0ms   66.7%  50.0ms    work     main.ts:5",
      "10.0ms   11.1%  10.0ms      parse  main.ts:6",
      "30.0ms   33.3%  30.0ms    parse    main.ts:4",
      "",
    ]);
  });

  it("prints JSON", async () => {
    const json = async (...args: string[]) =>
      JSON.parse((await run(["/m", "--pid", "7", "--json", ...args])).lines[0]!).profiles[0];
    const { functions, ...rest } = await json("--top", "1");
    assertEquals(rest, {
      processes: [{ pid: 7, isolate: "0000beef", program: "PID 7" }],
      paths: ["/m/profiler.7-0000beef-000001.cpuprofile"],
      from: null,
      to: null,
      seconds: 0.2,
      idle: 0.11,
      samples: 4,
      assumed: [],
    });
    const work = { name: "work", url: "file:///src/main.ts", line: 5, column: 5 };
    assertEquals(functions, [{ ...work, kind: "function", self: 0.05, total: 0.060000000000000005, samples: 1 }]);
    assertEquals((await json("--callers", "work")).callers[0].caller.name, "main");
    assertEquals((await json("--callees", "work")).callees.map(({ name }: { name: string }) => name), ["parse"]);
    const { tree } = await json("--tree");
    assertEquals(tree.children.map(({ name }: { name: string }) => name), ["(idle)", "main"]);
  });

  it("shows when the profile was taken, if its file says so", async () => {
    const facts = { startedAt: 1_795_906_331_130_463_200n, modules: [] };
    write("/dated.cpuprofile", encodeCpuProfile(first, facts));
    const { lines } = await run(["/dated.cpuprofile"]);
    const range = { first: facts.startedAt, last: facts.startedAt + 200_000_000n };
    assertEquals(lines[2], formatTimeRange(range));
    const [dated] = JSON.parse((await run(["/dated.cpuprofile", "--json"])).lines[0]!).profiles;
    assertEquals([dated.from, dated.to], [String(range.first), String(range.last)]);
    // Together with one that does not say it, nothing is known.
    const [both] = JSON.parse((await run(["/dated.cpuprofile", "/m", "--json"])).lines[0]!).profiles;
    assertEquals([both.from, both.to], [null, null]);
  });

  it("shows what was assumed in reading", async () => {
    const { timeDeltas: _, ...untimed } = first;
    write("/untimed.cpuprofile", encodeCpuProfile(untimed));
    write("/untimed2.cpuprofile", encodeCpuProfile(untimed));
    const assumed = "its samples have no times: they are taken to be at equal distances";
    assertEquals((await run(["/untimed.cpuprofile"])).lines[2], `Assumed: ${assumed}`);
    const two = await run(["/untimed.cpuprofile", "/untimed2.cpuprofile"]);
    assertEquals(two.lines[2], `Assumed: untimed.cpuprofile and 1 file more: ${assumed}`);
    const json = JSON.parse((await run(["/untimed.cpuprofile", "--json"])).lines[0]!);
    assertEquals(json.profiles[0].assumed, [{ path: "/untimed.cpuprofile", assumed }]);
  });

  it("gives the program its callers, and what Kymo takes a line", async () => {
    const taken = profileOf([["main timed work", 30], ["main timed", 10], ["main other", 10]]);
    const nodes = taken.nodes.map((node) => {
      const { functionName } = node.callFrame;
      const url = functionName === "(root)" ? "" : functionName === "timed" ? "file:///k/src/a.ts" : "file:///app.ts";
      return { ...node, callFrame: { ...node.callFrame, url } };
    });
    write("/timed.cpuprofile", encodeCpuProfile({ ...taken, nodes }, { modules: ["file:///k/src/"] }));
    const json = async (...args: string[]) =>
      JSON.parse((await run(["/timed.cpuprofile", "--json", ...args])).lines[0]!).profiles[0];
    const { callees } = await json("--callees", "main", "--sort", "total");
    assertEquals(
      callees.map(({ name, kind, total }: { name: string; kind: string; total: number }) => [name, kind, total]),
      [
        ["work", "function", 0.03],
        ["(kymo)", "kymo", 0.01],
        ["other", "function", 0.01],
      ],
    );
    assert(
      JSON.stringify(await json()).includes("timed.cpuprofile") && !JSON.stringify(await json()).includes('"timed"'),
    );
  });

  it("shows what it can read, and reports the rest", async () => {
    const { code, lines, stderr } = await run(["/m", "/damaged.cpuprofile"]);
    assertEquals([code, lines[0]], [1, "CPU profile of PID 7, PID 8"]);
    assertEquals(stderr, 'Cannot read the CPU profile: "/damaged.cpuprofile": not JSON, or cut off\n');
    assertEquals((await run(["/damaged.cpuprofile", "--json"])).lines, [
      '{"version":1,"kind":"profile","profiles":[]}',
      "",
    ]);
  });

  it("refuses invalid options", async () => {
    assertEquals((await run(["/m", "--pid", "9"])).error, 'Cannot show the profile: no profile of PID 9: "/m"');
    const both = "Cannot show the profile: --callers, --callees and --tree exclude each other";
    assertEquals((await run(["/m", "--callers", "a", "--tree"])).error, both);
    assertEquals((await run(["/none"])).error, 'Cannot read CPU profiles: "/none": no such file or directory');
    for (const args of [["--top", "x"], ["--sort", "calls"], ["--pid", "1.5"]]) {
      assert((await run(["/m", ...args])).error!.includes(`option '${args[0]}`));
    }
  });
});
