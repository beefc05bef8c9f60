/**
 * The gate: every check that must pass before a change is merged, on both runtimes. `deno task
 * test` runs it.
 *
 * A failed step does not stop the next. The last line is `N passed, N failed`, which counts the
 * steps, and the test cases on both runtimes. A test file that fails beside others is run again
 * alone, and only that outcome counts; both are printed. With `CI=true` in the environment a skipped test
 * counts as failed, unless its reason contains `only on` and the other runtime, or is `onlyOn(…)` and the
 * test has run there.
 *
 * @module
 */

import { stripVTControlCharacters } from "node:util";
import packageJson from "../package.json" with { type: "json" };
import {
  analyseBundled,
  bundleUnused,
  profileBundled,
  recordBundled,
  recordBundledOn,
} from "./gate/bundled_package.ts";
import { type Outcome, run } from "./gate/command.ts";
import { runExamplesOnBun, runExamplesOnDeno } from "./gate/doc_examples.ts";
import type { TestReport } from "./gate/junit.ts";
import { findLeftovers, listTree } from "./gate/leftovers.ts";
import { addDuckDB, analyseWithoutDuckDB, analyseWithPacked } from "./gate/packed_analysis.ts";
import {
  installPacked,
  lintPacked,
  recordUnchanged,
  recordWithPacked,
  runPackedCommandLine,
  typeCheckUser,
} from "./gate/packed_package.ts";
import { makeWorkspace, type RuntimeName } from "./gate/workspace.ts";
import {
  analyseWithPackedOnNode,
  recordUnchangedOnNode,
  recordWithPackedOnNode,
  refuseOldNode,
  runCommandLineAlone,
} from "./gate/packed_node.ts";
import { comparedWithDocument } from "./versions/capabilities.ts";
import { installRuntime } from "./versions/install.ts";
import { runVersion } from "./versions/run_version.ts";
import { nameOf, type SupportedVersion, VERSIONS } from "./versions/supported.ts";
import { compareReports, findSkipped, runSuite, type TestOutcome } from "./gate/suite.ts";

const entries = Object.values(packageJson.exports);
const inGate = VERSIONS.filter(({ inGate }) => inGate);
/** The oldest version of each runtime that is run. */
const firstInGate = inGate.filter(({ runtime }, i) => inGate.findIndex((other) => other.runtime === runtime) === i);
const workspace = await makeWorkspace();
const { bin: { deno, tsc }, root } = workspace;
const filesBefore = listTree(root);
const reports: Record<RuntimeName, TestReport> = {
  deno: { cases: [], files: new Set() },
  bun: { cases: [], files: new Set() },
};
const count = { passed: 0, failed: 0, skipped: 0 };
/** Names of test cases of the suite: those that failed, and those that failed beside others and passed alone. */
const failed: string[] = [];
const unsteadily: string[] = [];

/** Runs a check, then prints its outcome, and counts it. */
async function step(name: string, check: () => Outcome | Promise<Outcome>): Promise<void> {
  const start = performance.now();
  const { ok, output } = await Promise.try(check)
    .catch((error: Error) => ({ ok: false, output: error.stack ?? error.message }));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${`${name} `.padEnd(48, ".")} ${ok ? "ok" : "FAILED"} (${seconds} s)`);
  if (!ok) console.log(excerpt(output));
  count[ok ? "passed" : "failed"]++;
}

/**
 * The output of a failed step, indented, without the ends of long lines and the middle of a long
 * output.
 */
function excerpt(output: string): string {
  const lines = stripVTControlCharacters(output).trim().split("\n").map((line) => `    ${line.slice(0, 300)}`);
  if (lines.length <= 800) return lines.join("\n");
  return [...lines.slice(0, 500), `    (${lines.length - 800} lines are left out)`, ...lines.slice(-300)].join("\n");
}

function namesOfFailed(runtime: RuntimeName, { cases }: TestReport): string[] {
  return cases.filter(({ status }) => status === "failed").map(({ name }) => `on ${runtime}: ${name}`);
}

function command(...words: [string, ...string[]]): () => Promise<Outcome> {
  return () => run(words, { cwd: root, env: workspace.env });
}

/** Runs the suite on both runtimes and counts its test cases. */
async function suite(): Promise<Outcome> {
  const { unsteady, ...byRuntime } = await runSuite(workspace);
  const outcomes = Object.entries(byRuntime) as [RuntimeName, TestOutcome][];
  for (const [runtime, { report }] of outcomes) {
    reports[runtime] = report;
    for (const { status } of report.cases) count[status]++;
    failed.push(...namesOfFailed(runtime, report));
  }
  for (const { runtime, report, output } of unsteady) {
    unsteadily.push(...namesOfFailed(runtime, report));
    console.log(`\n${excerpt(output)}`);
  }
  return {
    ok: outcomes.every(([, { ok }]) => ok),
    output: outcomes.filter(([, { ok }]) => !ok).map(([runtime, { output }]) => `on ${runtime}: ${output}`).join("\n"),
  };
}

/**
 * Runs parts of the suite on a version of a runtime, counts the test cases, and compares its
 * capabilities with those in the documents.
 */
async function suiteOnVersion(version: SupportedVersion): Promise<Outcome> {
  const { passed, skipped, failures, unsteady, absent } = await runVersion(version, workspace, "in gate");
  count.passed += passed;
  count.skipped += skipped;
  count.failed += failures.length;
  for (const first of unsteady) {
    unsteadily.push(first.split("\n", 1)[0]!);
    console.log(`\n${excerpt(first)}`);
  }
  const changed = comparedWithDocument(root, { [nameOf(version)]: absent });
  return { ok: failures.length + changed.length === 0, output: [...failures, ...changed].join("\n") };
}

/** Prints the tests that were skipped on a runtime. In CI they count as failed. */
function reportSkipped(runtime: RuntimeName, other: RuntimeName): void {
  const strict = Deno.env.get("CI") === "true";
  for (const { name, reason } of findSkipped(root, reports[runtime], reports.bun)) {
    const hasRun = (): boolean => reports[other].cases.some((of) => of.name === name && of.status !== "skipped");
    const isOfOther = reason.toLowerCase().includes(`only on ${other}`) || /^onlyOn\(.+\)$/.test(reason) && hasRun();
    const wrong = strict && !isOfOther;
    console.log(`${wrong ? "FAILED, skipped" : "skipped"} on ${runtime}: ${name}: ${reason}`);
    if (wrong) count.failed++;
  }
}

/** Checks the code without running it. */
async function code(): Promise<void> {
  await step("format", command(deno, "fmt", "--check"));
  await step("lint", command(deno, "lint"));
  // Otherwise Deno makes the links in `node_modules` anew, and the examples on Bun may miss them.
  await step("types on Deno", command(deno, "check", "--quiet", "--node-modules-dir=manual"));
  await step("types on Bun", command(tsc, "-p", "tsconfig.json"));
}

/** Checks what is said of the code, and runs the examples. */
async function documents(): Promise<void> {
  await step("documentation of every public symbol", command(deno, "doc", "--lint", ...entries));
  await step("examples on Deno", () => runExamplesOnDeno(workspace));
  await step("examples on Bun", () => runExamplesOnBun(workspace));
}

async function installOtherVersions(): Promise<Outcome> {
  for (const { runtime, version } of inGate) await installRuntime(runtime, version, workspace);
  return { ok: true, output: "" };
}

/** Runs parts of the suite on other versions of the runtimes. */
async function otherVersions(): Promise<void> {
  for (const version of inGate) {
    await step(`contract and ends on ${nameOf(version)}`, () => suiteOnVersion(version));
  }
}

/** Checks the packages as their users get them: most steps need what the ones before them made. */
async function packages(): Promise<void> {
  await step("JSR package", command(deno, "publish", "--dry-run", "--allow-dirty", "--node-modules-dir=manual"));
  await step("npm package added to an empty Bun app", () => installPacked(workspace));
  await step("publint of the npm package", () => lintPacked(workspace));
  await step("the app records on Bun", () => recordWithPacked("bun", workspace));
  await step("the app records on Deno", () => recordWithPacked("deno", workspace));
  await step("the app records on Node", () => recordWithPackedOnNode(workspace));
  for (const runtime of ["bun", "deno"] as const) {
    await step(
      `an unchanged app is recorded on ${runtime}`,
      () => recordUnchanged(runtime, workspace.bin[runtime], workspace),
    );
  }
  await step("an unchanged app is recorded on node", () => recordUnchangedOnNode(workspace));
  await step("the packed command line on Bun", () => runPackedCommandLine("bun", workspace));
  await step("the packed command line on Deno", () => runPackedCommandLine("deno", workspace));
  await step("the app records from every bundle, and required", () => recordBundled(workspace));
  for (const { runtime, version } of firstInGate) {
    await step(`bundles record on ${runtime} ${version}`, () => recordBundledOn(runtime, version, workspace));
  }
  await step("profiles of bundles", () => profileBundled(workspace));
  await step("bundles have nothing that is not used", () => bundleUnused(workspace));
  await step("bundled analysis without DuckDB", () => analyseBundled(false, workspace));
  await step("analysis without DuckDB names the package, on Bun", () => analyseWithoutDuckDB("bun", workspace));
  await step("analysis without DuckDB names the package, on Deno", () => analyseWithoutDuckDB("deno", workspace));
  await step("DuckDB added to the app", () => addDuckDB(workspace));
  await step("the app analyses on Bun", () => analyseWithPacked("bun", workspace));
  await step("the app analyses on Deno", () => analyseWithPacked("deno", workspace));
  await step("the app analyses on Node", () => analyseWithPackedOnNode(workspace));
  await step("kymo with one runtime alone in the PATH", () => runCommandLineAlone(workspace));
  await step("kymo on a Node that is too old", () => refuseOldNode(workspace));
  await step("bundled analysis", () => analyseBundled(true, workspace));
  await step("a strict user of the package compiles", () => typeCheckUser(workspace));
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    Deno.removeSync(workspace.temporary, { recursive: true });
    Deno.exit(1);
  });
}
try {
  await Promise.all([code(), documents()]);
  await step("suite on Deno and on Bun", suite);
  await step("the same tests on both runtimes", () => compareReports(root, reports.deno, reports.bun));
  await step("other versions installed", installOtherVersions);
  // Side by side, since most of their programs wait for others. Both use the other versions.
  await Promise.all([otherVersions(), packages()]);
  await step("no files left behind", () => findLeftovers(filesBefore, workspace));
  reportSkipped("deno", "bun");
  reportSkipped("bun", "deno");
  for (const name of unsteadily) console.log(`FAILED beside other tests, and passed alone: ${name}`);
  for (const name of failed) console.log(`FAILED ${name}`);
} finally {
  await Deno.remove(workspace.temporary, { recursive: true });
}
console.log(`\n${count.passed} passed, ${count.failed} failed`);
Deno.exit(count.failed === 0 ? 0 : 1);
