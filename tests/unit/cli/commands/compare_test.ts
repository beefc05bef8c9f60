import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { programFileName } from "../../../../src/files/names.ts";
import { encodeProgramRecord } from "../../../../src/files/program_record.ts";
import { addCompareCommand } from "../../../../src/cli/commands/compare/command.ts";
import { longEnough } from "../../../../src/report/shared/changes_in_words.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import type { Output } from "../../../../src/cli/context.ts";
import { randomOf, simulateRun } from "../../../support/analysis/bootstrap_simulation.ts";
import { Recordings, type Row } from "../../../support/analysis/comparison_runs.ts";
import { fakeCliContext, fakeOutput } from "../../../support/fake/cli_context.ts";
import { programRecord } from "../../../support/fake/program_record.ts";

/** Runs `kymo compare`, and returns its exit code and output, or the error that it throws. */
async function run(args: readonly string[], look: Partial<Output> = {}) {
  const [stdout, stderr] = [fakeOutput(look), fakeOutput()];
  const context = fakeCliContext({
    stdout,
    stderr,
    runtime: defaultRuntime(),
    look: (path) => !existsSync(path) ? "nothing" : statSync(path).isDirectory() ? "directory" : "something else",
    writeFile: (path, text) => writeFileSync(path, text),
  });
  let code: number | undefined;
  const program = new Command("kymo").exitOverride().configureOutput({ writeErr: () => {}, outputError: () => {} });
  addCompareCommand(program, context, (ended) => code = ended);
  const error = await program.parseAsync(["compare", ...args], { from: "user" }).then(
    () => undefined,
    (error) => error.message,
  );
  return { code, stdout: stdout.text, stderr: stderr.text, error };
}

function rowsOf(label: string, simulation: number, factor: number, samples = 1000): Row[] {
  const { times, durations } = simulateRun(randomOf(simulation), { samples, likeness: 0, sigma: 0.1, factor });
  return Array.from(times, (time, index) => ({ time: 10 * time, value: durations[index]! / 1000, label }));
}

describe("kymo compare", () => {
  const before = [
    ...rowsOf("/same", 1, 1),
    ...rowsOf("/changed", 2, 1),
    ...rowsOf("/gone", 3, 1, 5),
    ...rowsOf("/rare", 5, 1, 40),
  ];
  const after = [...rowsOf("/same", 4, 1), ...rowsOf("/changed", 5, 2), ...rowsOf("/rare", 7, 1, 40)];

  it("shows a table of changes", async () => {
    using recordings = new Recordings();
    const [a, b] = [recordings.write({ duration: before }), recordings.write({ duration: after })];
    const { stdout, stderr, code } = await run([a, b]);
    assertEquals({ stderr, code }, { stderr: "", code: 0 });
    const lines = stdout.split("\n");
    assertEquals(lines.slice(0, 2), [`${b} (B) compared with ${a} (A)`, ""]);
    assert(
      /^label +A count +B count +A p50 +B p50 +change of p50 +A p99 +B p99 +change of p99 +verdict$/.test(
        lines[2]!,
      ),
    );
    assert(/^\/changed +1,000 +1,000 .*ms .*\+\d+(\.\d)? % \(\+\d.* … \+\d.*\).* slower$/.test(lines[3]!), lines[3]);
    assert(/^\/gone +5 +– .* only in A$/.test(lines[4]!), lines[4]);
    assert(/^\/rare +40 +40 .* cannot tell$/.test(lines[5]!), lines[5]);
    assert(/^\/same +1,000 .* p50 same$/.test(lines[6]!), lines[6]);
    assertEquals(lines[8], "No interval of p99: fewer than 546 independent samples: /rare.");
    assertMatch(lines[9]!, /^To tell the p50 would take about so many samples on each side: [\d,]+ of \/rare\.$/);
    assertMatch(lines[10]!, /^To tell the p99 would take about so many samples on each side: [\d,]+ of \/same\.$/);
    assertEquals(lines.slice(11), [
      "The intervals of 6 changes hold together with 95 % confidence; the same is what changed by 5 % at most.",
      "",
    ]);
    for (const line of (await run([a, b], { columns: 80 })).stdout.split("\n").slice(2, 7)) {
      assert(line.length <= 80, line);
    }
    assert(!stdout.includes("\x1b"));
    assert((await run([a, b], { hasColors: true })).stdout.includes("\x1b[31mslower"));
  });

  it("prints JSON, and exits with 1 if a label has the verdict of --fail-on", async () => {
    using recordings = new Recordings();
    const [a, b] = [recordings.write({ duration: before }), recordings.write({ duration: after })];
    const { stdout, code } = await run([
      a,
      b,
      "--json",
      "--fail-on",
      "slower",
      "--label",
      "/changed",
      "--label",
      "/s*",
      "--seed",
      "7",
    ]);
    assertEquals(code, 1);
    const { comparisons, ...rest } = JSON.parse(stdout);
    assertEquals(rest, {
      version: 1,
      kind: "compare",
      a: [a],
      b: [b],
      programs: { a: [], b: [] },
      recorded: { a: [null], b: [null] },
      confidence: 95,
      margin: 5,
      seed: 7,
      failures: [],
      quantities: [],
      unread: { a: 0, b: 0 },
    });
    assertEquals(comparisons.map(({ label, verdict }: { label: string; verdict: string }) => [label, verdict]), [
      ["/changed", "slower"],
      ["/same", "same"],
    ]);
    assertEquals((await run([b, a, "--fail-on", "slower"])).code, 0);
    assertEquals((await run([b, a, "--fail-on", "faster"])).code, 1);
    assertEquals((await run([a, b, "--fail-on", "slower", "--margin", "200"])).code, 0);
    const [none] = JSON.parse((await run([a, b, "--json", "--label", "/gone"])).stdout).comparisons;
    assertEquals([none.b, none.median.ratio, none.median.interval, none.verdict], [null, null, null, "only in A"]);
  });

  it("compares the shares of failed requests by route, and --fail-on errors knows them", async () => {
    using recordings = new Recordings();
    const requests = (failed: number): Row[] =>
      Array.from({ length: 1_000 }, (_, i) => ({
        time: i / 100,
        value: 0.01,
        label: i < failed ? "/pay [GET] 5xx" : "/pay [GET]",
      }));
    const [a, b] = [recordings.write({ duration: requests(10) }), recordings.write({ duration: requests(100) })];
    const { stdout, code } = await run([a, b, "--fail-on", "slower", "--fail-on", "errors"]);
    const lines = stdout.replaceAll("\u00a0", " ").split("\n");
    const at = lines.indexOf("Requests that failed");
    assertMatch(
      lines[at + 2]!,
      /^\/pay \[GET\] +1,000 +1,000 +1\.0 % +10\.0 % +\+9\.00 points \(\+\S+ … \+\S+\) +more errors$/,
    );
    assertEquals(code, 1);
    assertEquals((await run([b, a, "--fail-on", "errors"])).code, 0);
    assertEquals((await run([a, a, "--fail-on", "errors"])).code, 0);
    const [failure] = JSON.parse((await run([a, b, "--json"])).stdout).failures;
    assertEquals([failure.route, failure.b.failed, failure.verdict], ["/pay [GET]", 100, "more errors"]);
  });

  it("does not pass with --fail-on if what it is about was not measured", async () => {
    using recordings = new Recordings();
    const few = [0, 1, 2].map((time): Row => ({ time, value: 0.01, label: "rare" }));
    const [a, b] = [recordings.write({ duration: few }), recordings.write({ duration: few })];
    const failed = (...verdicts: string[]) => run([a, b, ...verdicts.flatMap((verdict) => ["--fail-on", verdict])]);
    for (const verdict of ["slower", "faster", "errors", "memory", "gc", "cpu", "lag"]) {
      const { code, error } = await failed(verdict);
      assertEquals([code, error], [
        undefined,
        `Cannot fail on ${verdict}: not measured well enough in both recordings`,
      ]);
    }
    assertEquals((await failed("slower", "cannot-tell")).code, 1);
    assertEquals((await run([a, b])).code, 0);
  });

  it("compares the runtime, and --fail-on knows memory, GC, CPU and lag", async () => {
    using recordings = new Recordings();
    const record = (factor: number): string =>
      recordings.write({
        duration: Array.from({ length: 1_000 }, (_, i) => ({ time: i / 10, value: 0.01, label: "/a [GET]" })),
        runtime: Array.from({ length: 200 }, (_, i) => {
          const noise = 1 + (i * 7 % 10) / 1_000;
          const row = (label: string, value: number): Row => ({ time: i / 2, label, value });
          return [
            row("rss", 100e6 * factor * noise),
            row("user time", i * 0.01 * factor),
            row("system time", i * 0.01 * factor),
            row("gc collections", i),
            row("gc pause", 0.02 * factor * noise),
            row("event loop lag", 0.002 * factor * noise),
          ];
        }).flat(),
      });
    const [a, b] = [record(1), record(1.5)];
    const { stdout } = await run([a, b]);
    const lines = stdout.replaceAll("\u00a0", " ").split("\n");
    const table = lines.slice(lines.indexOf("Runtime") + 2, -1).map((line) => line.replaceAll(/ {2,}/g, "  "));
    assertMatch(table[0]!, /^memory \(RSS\) +100MB +151MB +\+50\.0 % .* more$/);
    assertMatch(table[1]!, /^growth of memory .* (same|cannot tell.*)$/);
    assertMatch(table[2]!, /^time in GC pauses +4\.\d % +6\.\d % +\+2\.0\d points .* more$/);
    assertMatch(table[3]!, /^CPU per request +4\.\d+ms +[56]\.\d+ms +\+5\d.* more$|^CPU per request .* \+4\d.* more$/);
    assertMatch(table[4]!, /^event-loop lag +2\.\d+ms +3\.\d+ms +\+50\.0 % .* more$/);
    for (const verdict of ["memory", "gc", "cpu", "lag"]) {
      const codes = [[a, b], [b, a], [a, a]].map(async (runs) => (await run([...runs, "--fail-on", verdict])).code);
      assertEquals(await Promise.all(codes), [1, 0, 0], verdict);
    }
  });

  it("compares groups of runs", async () => {
    using recordings = new Recordings();
    const record = (simulation: number, factor: number): string =>
      recordings.write({ duration: rowsOf("/a [GET]", simulation, factor) });
    const [a1, a2, a3] = [record(1, 1), record(2, 1.3), record(3, 0.8)] as const;
    const [b1, b2, b3] = [record(4, 1.35), record(5, 0.85), record(6, 1.1)] as const;
    assertEquals((await run([a1, b1, "--fail-on", "slower"])).code, 1);
    const { stdout, code } = await run([a1, a2, a3, "vs", b1, b2, b3, "--fail-on", "slower"]);
    assertEquals(code, 0);
    const lines = stdout.split("\n");
    assertEquals(lines.slice(0, 3), [
      "3 runs (B) compared with 3 runs (A)",
      `A: ${a1}, ${a2}, ${a3}`,
      `B: ${b1}, ${b2}, ${b3}`,
    ]);
    assertMatch(lines[5]!, /^\/a \[GET\] +3,000 +3,000 .* cannot tell$/);
    assert(stdout.includes("by what differs from run to run"), stdout);
    for (const runs of [[a1], [a1, a2, a3], [a1, "vs"], [a1, "vs", b1, b2]]) {
      assertMatch((await run(runs)).error!, /^Cannot compare: /);
    }
  });

  it("writes a page, also where it ends with 1, and replaces no file that is none of its pages", async () => {
    using recordings = new Recordings();
    const [a, b] = [recordings.write({ duration: before }), recordings.write({ duration: after })];
    const [path, other] = [`${a}/diff.html`, `${a}/notes.html`];
    writeFileSync(other, "<title>mine · Kymo report</title>");
    const { code, stdout } = await run([a, b, "-o", path, "--fail-on", "slower", "--title", "<Friday>"]);
    assertEquals(code, 1);
    assertMatch(stdout, /\nWrote .*diff\.html: \d+ kB\. Open it in a browser\.\n$/);
    assert(readFileSync(path, "utf8").includes("<title>&lt;Friday&gt; · Kymo comparison</title>"));
    const { page } = JSON.parse((await run([a, b, "-o", path, "--json", "--label", "/same"])).stdout);
    assertEquals(page, { path, bytes: statSync(path).size });
    assertEquals((await run([a, b, "-o", a])).error, `Cannot compare: "${a}": it is a directory`);
    const refused = `Cannot compare: "${other}": the file exists and is not a comparison (--force replaces it)`;
    assertEquals((await run([a, b, "-o", other])).error, refused);
    assertEquals(readFileSync(other, "utf8"), "<title>mine · Kymo report</title>");
    assertEquals((await run([a, b, "-o", other, "--force"])).error, undefined);
    assert(readFileSync(other, "utf8").includes("Kymo comparison</title>"));
  });

  it("names the programs that recorded each side", async () => {
    using recordings = new Recordings();
    const [a, b] = [recordings.write({ duration: before }), recordings.write({ duration: after })];
    for (const [directory, isolate, name] of [[a, "0000000a", "orders"], [b, "0000000b", "orders"]] as const) {
      const record = programRecord({ isolate, name, host: isolate === "0000000a" ? "web-1" : "web-2" });
      writeFileSync(`${directory}/${programFileName(record)}`, encodeProgramRecord(record));
    }
    assertEquals((await run([a, b])).stdout.split("\n").slice(1, 3), [
      "A: bun 1.4.5 · orders@web-1",
      "B: bun 1.4.5 · orders@web-2",
    ]);
  });

  it("takes relative times from each recording", async () => {
    using recordings = new Recordings();
    const rows = (begin: number) =>
      Array.from({ length: 20 }, (_, i): Row => ({ time: begin + i, value: i, label: "x" }));
    const [a, b] = [recordings.write({ duration: rows(0) }), recordings.write({ duration: rows(1000) })];
    const [{ a: before, b: after }] = JSON.parse((await run([a, b, "--json", "--from", "+15s"])).stdout).comparisons;
    assertEquals([before.median, after.median], [17, 17]);
  });

  it("says that there is nothing to compare", async () => {
    using recordings = new Recordings();
    const directory = recordings.write({ custom: [{ time: 0, value: 1, label: "x" }] });
    const nothing = await run([directory, directory]);
    assertEquals(
      [nothing.stdout, nothing.error],
      ["", `Cannot compare: "${directory}": no observation is there, or none is selected`],
    );
    assertEquals((await run([directory, "none"])).error, 'Cannot compare: "none": no such file or directory');
  });

  it("refuses invalid options", async () => {
    for (
      const args of [["--confidence", "100"], ["--margin", "-1"], ["--seed", "x"], ["--seed", "1.5"], [
        "--fail-on",
        "cannot tell",
      ]]
    ) {
      const { error, code } = await run(["a", "b", ...args]);
      assert(error!.includes(`option '${args[0]}`) && code === undefined, error);
    }
  });
});

describe("how long recordings would have to be to tell", () => {
  it("is rounded, and no advice of years", () => {
    assertEquals([52.4, 1_623, 3e6].map((seconds) => longEnough(seconds, { space: " " })), [
      "52 s",
      "26 min 40 s",
      "more than a month",
    ]);
  });
});
