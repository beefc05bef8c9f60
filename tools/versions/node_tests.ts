/**
 * Runs tests of the suite on Node.
 *
 * @module
 */

import { run } from "../gate/command.ts";
import { readJunit, type TestReport } from "../gate/junit.ts";
import { findTestFiles, type TestOutcome } from "../gate/suite.ts";
import type { Workspace } from "../gate/workspace.ts";
import type { SupportedVersion } from "./supported.ts";

/** What the gate has time for: the contract of the port, and the ends of programs. */
export const IN_GATE: readonly string[] = [
  "tests/runtime_guard_test.ts",
  "tests/contract/",
  "tests/process/exit/exit_hooks_test.ts",
  "tests/process/exit/monitor_exit_test.ts",
];

/** All that works on Node and starts programs. */
export const ALL: readonly string[] = [
  ...IN_GATE,
  "tests/process/exit/",
  "tests/process/environment/environment_test.ts",
  "tests/process/http/listener_test.ts",
  "tests/process/http/frameworks/",
  "tests/process/directories/isolates_test.ts",
  "tests/process/profiler/profiler_test.ts",
  "tests/process/sampling/async_sampler_test.ts",
  "tests/process/sampling/event_loop_lag_test.ts",
  "tests/process/sampling/peak_rss_test.ts",
  "tests/process/sampling/while_blocked_test.ts",
];

/** Time limit for a file, ms. */
const TIMEOUT = 300_000;

/** The test files below some paths, the slow ones first. */
export function nodeTestFiles(root: string, paths: readonly string[]): string[] {
  return findTestFiles(root).filter((file) => paths.some((path) => file.startsWith(path))).reverse();
}

/** Runs a test file on a Node, whose flags are also those of the Nodes that the tests start. */
export async function runOnNode(
  executable: string,
  { version, flags = [] }: SupportedVersion,
  workspace: Workspace,
  file: string,
): Promise<TestOutcome> {
  const { root, temporary, env } = workspace;
  const major = parseInt(version);
  const junit = `${temporary}/node${major}-${file.replaceAll("/", "-")}.xml`;
  const preloads = ["tests/support/process/web_workers.ts", ...major < 24 ? ["tools/versions/lower_using.ts"] : []];
  const words = [
    "--disable-warning=ExperimentalWarning", // that types are removed, on Node 22
    ...preloads.map((preload) => `--import=${root}/${preload}`),
    "--test-reporter=junit",
    `--test-reporter-destination=${junit}`,
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    file,
  ];
  const { ok, output } = await run([executable, ...words], {
    cwd: root,
    env: { ...env, KYMO_TEST_RUNTIME: "node", NODE_OPTIONS: flags.join(" ") },
    timeout: TIMEOUT,
  });
  const report: TestReport = readJunit(await Deno.readTextFile(junit).catch(() => ""), root);
  return { ok, output: output.slice(Math.max(0, output.indexOf("failing tests:"))), report };
}
