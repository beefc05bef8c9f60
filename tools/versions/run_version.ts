/**
 * Runs parts of the suite on another version of a runtime.
 *
 * @module
 */

import { dirname } from "node:path";
import { run } from "../gate/command.ts";
import { runThenAgain } from "../gate/run_again.ts";
import { findTestFiles, runTests, type TestOutcome } from "../gate/suite.ts";
import type { Workspace } from "../gate/workspace.ts";
import type { AbsentCapabilities } from "./capabilities.ts";
import { differenceOf } from "./differences.ts";
import { installRuntime } from "./install.ts";
import { ALL, IN_GATE as NODE_IN_GATE, nodeTestFiles, runOnNode } from "./node_tests.ts";
import { nameOf, type SupportedVersion } from "./supported.ts";

/** The adapters: these tests run on the version itself. */
const CONTRACT = "tests/contract";

/**
 * What people see: recording, ends, spools and their recovery, HTTP, profiles, and the command line.
 * These tests start programs on the version, and run on the runtime that is installed: the test
 * runners of older versions lack what they use.
 */
const END_TO_END = [
  "tests/process/exit/monitor_exit_test.ts",
  "tests/process/faults/kill/exit_without_stop_test.ts",
  "tests/process/faults/kill/kill_recording_program_test.ts",
  "tests/process/directories/monitoring_directory_test.ts",
  "tests/process/auto/harmless_test.ts",
  "tests/process/auto/older_versions_test.ts",
  "tests/process/http/server_test.ts",
  "tests/process/http/listener_test.ts",
  "tests/process/profiler/recorded_profile_test.ts",
  "tests/process/sampling/dated_observations_test.ts",
  "tests/process/sampling/while_blocked_test.ts",
  "tests/process/cli/analysis_commands_test.ts",
];

/** The few of them that the gate has time for. */
const IN_GATE = new Set([
  "tests/process/exit/monitor_exit_test.ts",
  "tests/process/directories/monitoring_directory_test.ts",
  "tests/process/sampling/dated_observations_test.ts",
  "tests/process/cli/analysis_commands_test.ts",
]);

/** Which parts run: all, those for which the gate has time, or only the question for capabilities. */
export type Parts = "all" | "in gate" | "none";

/** What a version did. */
export interface VersionOutcome {
  readonly version: SupportedVersion;
  readonly passed: number;
  /** What failed, with output for people. */
  readonly failures: readonly string[];
  /** What failed beside other tests and then passed alone, with output for people. */
  readonly unsteady: readonly string[];
  /** The tests that failed as they should. */
  readonly differences: readonly string[];
  readonly skipped: number;
  readonly absent: AbsentCapabilities;
}

/** Why a test may be skipped in CI. */
const VALID_REASON = /only on |needs /;

/** Files that run concurrently. */
const WIDTH = 2;

/** Runs a version: all parts, or those for which the gate has time. */
export async function runVersion(
  version: SupportedVersion,
  workspace: Workspace,
  parts: Parts,
): Promise<VersionOutcome> {
  const executable = await installRuntime(version.runtime, version.version, workspace);
  const temporary = `${workspace.temporary}/${version.runtime}-${version.version}`;
  // A short name: Chromium makes a socket below it, whose path has at most 107 bytes.
  const scratch = `${temporary}/tmp`;
  await Deno.mkdir(scratch, { recursive: true });
  // Old versions leave behind what tests were to remove, so the folder is theirs and goes with them.
  const own: Workspace = { ...workspace, temporary, scratch, env: { ...workspace.env, TMPDIR: scratch } };
  const runs = parts === "none" ? [] : runsOf(version, executable, own, parts);
  const judged = async ({ run }: FileRun): Promise<Judgement> => judge(await run(), version);
  const { outcomes, unsteady } = await runThenAgain(runs, WIDTH, judged, ({ failure }) => failure === undefined);
  const judgements = outcomes.map(([, judgement]) => judgement);
  const sum = (of: (judgement: Judgement) => number): number =>
    judgements.reduce((total, judgement) => total + of(judgement), 0);
  const told = ([{ file }, { failure }]: readonly [FileRun, Judgement]): string[] =>
    failure === undefined ? [] : [`${file} on ${nameOf(version)}: ${failure}`];
  const absent = await absentCapabilities(version, executable, own);
  await Deno.remove(temporary, { recursive: true });
  return {
    version,
    passed: sum(({ passed }) => passed),
    skipped: sum(({ skipped }) => skipped),
    differences: judgements.flatMap(({ differences }) => differences),
    failures: outcomes.flatMap(told),
    unsteady: unsteady.flatMap(told),
    absent,
  };
}

/** A test file that is run. */
interface FileRun {
  readonly file: string;
  readonly run: () => Promise<TestOutcome>;
}

/** The test files of a version, in the order in which they begin. */
function runsOf(
  version: SupportedVersion,
  executable: string,
  workspace: Workspace,
  parts: "all" | "in gate",
): FileRun[] {
  const { runtime } = version;
  const { root, bin } = workspace;
  if (runtime === "node") {
    const files = nodeTestFiles(root, parts === "all" ? ALL : NODE_IN_GATE);
    return files.map((file) => ({ file, run: () => runOnNode(executable, version, workspace, file) }));
  }
  const env = {
    ...workspace.env,
    PATH: `${dirname(executable)}:${workspace.env["PATH"]}`,
    [`KYMO_TEST_${runtime.toUpperCase()}`]: executable,
  };
  const installed: Workspace = { ...workspace, env };
  const itself: Workspace = { ...installed, bin: { ...bin, [runtime]: executable } };
  const options = runtime === "bun" ? { preload: "./tools/versions/skip_option.ts" } : {};
  return [
    ...END_TO_END.filter((file) => parts === "all" || IN_GATE.has(file))
      .map((file) => ({ file, run: () => runTests(runtime, installed, file) })),
    ...findTestFiles(root, CONTRACT)
      .map((file) => ({ file, run: () => runTests(runtime, itself, file, options) })),
  ];
}

/** How the tests of a file ended, against how they should have. */
interface Judgement {
  readonly passed: number;
  readonly skipped: number;
  /** Those that failed as they should. */
  readonly differences: readonly string[];
  /** What is wrong, with output for people. */
  readonly failure: string | undefined;
}

/** Judges the outcome of a file. A file that fails without a failed test, or runs none, is wrong. */
function judge({ ok, output, report: { cases } }: TestOutcome, version: SupportedVersion): Judgement {
  const [wrong, differences]: [string[], string[]] = [[], []];
  let [passed, skipped] = [0, 0];
  const strict = Deno.env.get("CI") === "true";
  for (const { name, status, reason } of cases) {
    const difference = differenceOf(name, version);
    if (status === "skipped" && strict && !VALID_REASON.test(reason ?? "only on ")) {
      wrong.push(`${name}: skipped: ${reason}`);
    } else if (status === "skipped") skipped++;
    else if (difference !== undefined && status === "failed") differences.push(`${name}: ${difference.why}`);
    else if (difference !== undefined && !difference.atTimes) wrong.push(`${name}: passes, though "${difference.why}"`);
    else if (status === "failed") wrong.push(name);
    else passed++;
  }
  const hasFailed = wrong.length > 0 || cases.length === 0 || !ok && cases.every(({ status }) => status !== "failed");
  const failure = hasFailed ? `${wrong.join("; ") || "no test ran"}\n${output}` : undefined;
  return { passed, skipped, differences, failure };
}

/** Asks a version for the capabilities that are absent. */
async function absentCapabilities(
  version: SupportedVersion,
  executable: string,
  { root, env, temporary }: Workspace,
): Promise<AbsentCapabilities> {
  const { runtime, flags: own = [] } = version;
  const ask = async (...flags: string[]): Promise<Record<"main" | "worker", Record<string, string>>> => {
    const words = [...flags, "tools/versions/capabilities_program.ts", `${temporary}/monitoring`];
    const { ok, output } = await run([executable, ...words], { cwd: root, env, timeout: 60_000 });
    if (!ok) throw new Error(`Cannot ask for the capabilities: ${nameOf(version)}: ${output}`);
    return JSON.parse(output);
  };
  if (runtime === "bun") return await ask();
  if (runtime === "node") return await ask("--disable-warning=ExperimentalWarning", ...own);
  const flags = ["run", "--quiet", "--no-check", "--node-modules-dir=manual"];
  const { main } = await ask(...flags, "--allow-read", "--allow-write", "--allow-env", "--allow-sys");
  return { ...await ask(...flags, "-A"), "without --allow-ffi": main };
}
