/**
 * Runs tests of the suite on Node.
 *
 * @module
 */

import { run } from "../gate/command.ts";
import { readJunit, type TestReport } from "../gate/junit.ts";
import { combine, findTestFiles, type TestOutcome } from "../gate/suite.ts";
import type { Workspace } from "../gate/workspace.ts";
import { installRuntime } from "./install.ts";
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

/** Files that run concurrently. */
const WIDTH = 2;

/** Time limit for a file, ms. */
const TIMEOUT = 300_000;

/** Installs a Node, runs the test files below some paths on it, and reports them as one. */
export async function runOnNode(
  { version, flags = [] }: SupportedVersion,
  workspace: Workspace,
  paths: readonly string[],
): Promise<TestOutcome> {
  const node: Node = { path: await installRuntime("node", version, workspace), major: parseInt(version), flags };
  const files = findTestFiles(workspace.root).filter((file) => paths.some((path) => file.startsWith(path)));
  const outcomes: (TestOutcome & { readonly file: string })[] = [];
  const queue = files.reverse().values(); // the slow ones first
  const work = async (): Promise<void> => {
    for (const file of queue) outcomes.push({ file, ...await runFile(node, workspace, file) });
  };
  await Promise.all(Array.from({ length: WIDTH }, work));
  const silent = outcomes.filter(({ report }) => report.cases.length === 0).map(({ file }) => file);
  const all = combine(outcomes);
  if (silent.length === 0 && files.length > 0) return all;
  return { ...all, ok: false, output: `${all.output}\nNode ran no test of ${silent.join(", ") || paths.join(", ")}` };
}

/** An installed Node. */
interface Node {
  /** Its executable. */
  readonly path: string;
  readonly major: number;
  /** Flags for it and for the Nodes that the tests start. */
  readonly flags: readonly string[];
}

async function runFile({ path, major, flags }: Node, workspace: Workspace, file: string): Promise<TestOutcome> {
  const { root, temporary, env } = workspace;
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
  const { ok, output } = await run([path, ...words], {
    cwd: root,
    env: { ...env, KYMO_TEST_RUNTIME: "node", NODE_OPTIONS: flags.join(" ") },
    timeout: TIMEOUT,
  });
  const report: TestReport = readJunit(await Deno.readTextFile(junit).catch(() => ""), root);
  return { ok, output: output.slice(Math.max(0, output.indexOf("failing tests:"))), report };
}
