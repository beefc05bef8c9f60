/**
 * Runs the test suite on each runtime, and compares which tests ran: a test that one runtime
 * silently left out is a failure.
 *
 * @module
 */

import { type Outcome, run } from "./command.ts";
import { readJunit, type TestCase, type TestReport } from "./junit.ts";
import { runThenAgain } from "./run_again.ts";
import type { RuntimeName, Workspace } from "./workspace.ts";

/**
 * Time limit for a test on Bun, ms: its own limit of 5 s is too short for tests that start
 * processes.
 */
const TEST_TIMEOUT = 300_000;

/**
 * Test files that run concurrently: one more than the smallest machine has processors, since most of
 * the slow ones wait for other processes. With more, each of them takes longer.
 */
const WIDTH = 3;

/** Paths of all test files below `tests/`, sorted. */
export function findTestFiles(root: string, folder = "tests"): string[] {
  return [...Deno.readDirSync(`${root}/${folder}`)].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return findTestFiles(root, path);
    return entry.name.endsWith("_test.ts") ? [path] : [];
  }).sort();
}

/** Options of {@linkcode runTests}. */
export interface TestOptions {
  /** Variables added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** A module that Bun loads before the tests. */
  readonly preload?: string;
  /** Time limit for a test on Bun, ms; Deno has none. */
  readonly testTimeout?: number;
  /** Time limit for the file, ms. Default half an hour. */
  readonly timeout?: number;
}

/** The outcome of tests, with their report. */
export interface TestOutcome extends Outcome {
  /** Empty if the runtime ended before it wrote its report. */
  readonly report: TestReport;
}

/** Runs a test file on a runtime. */
export async function runTests(
  runtime: RuntimeName,
  workspace: Workspace,
  file: string,
  { env = {}, preload, testTimeout = TEST_TIMEOUT, timeout }: TestOptions = {},
): Promise<TestOutcome> {
  const junit = `${workspace.temporary}/${runtime}-${file.replaceAll("/", "-")}.xml`;
  const options = {
    // Otherwise Deno makes the links in `node_modules` anew at each start, and a program on Bun may
    // find them missing.
    deno: ["-A", "--no-check", "--node-modules-dir=manual", `--junit-path=${junit}`],
    bun: [
      `--timeout=${testTimeout}`,
      "--only-failures",
      "--reporter=junit",
      `--reporter-outfile=${junit}`,
      ...preload === undefined ? [] : [`--preload=${preload}`],
    ],
  };
  const { ok, output } = await run([workspace.bin[runtime], "test", ...options[runtime], `./${file}`], {
    cwd: workspace.root,
    env: { ...workspace.env, KYMO_TEST_RUNTIME: runtime, ...env },
    ...timeout === undefined ? {} : { timeout },
  });
  const report = readJunit(await Deno.readTextFile(junit).catch(() => ""));
  return { ok, output: output.slice(Math.max(0, output.indexOf("\n ERRORS "))), report };
}

/** The outcome of a test file on a runtime. */
interface FileOutcome extends TestOutcome {
  readonly runtime: RuntimeName;
  readonly file: string;
}

/** The outcome of the suite. */
export interface SuiteOutcome extends Record<RuntimeName, TestOutcome> {
  /** What failed beside other tests and then passed alone: the first outcomes. */
  readonly unsteady: readonly FileOutcome[];
}

/** Runs the suite on both runtimes, each file in its own process: see {@linkcode runFiles}. */
export async function runSuite(workspace: Workspace): Promise<SuiteOutcome> {
  const files = findTestFiles(workspace.root).sort(bySlowness);
  return await runFiles(files, (runtime, file) => runTests(runtime, workspace, file));
}

/** Runs test files on both runtimes, {@linkcode WIDTH} of them concurrently: see {@linkcode runThenAgain}. */
export async function runFiles(
  files: readonly string[],
  runFile: (runtime: RuntimeName, file: string) => Promise<TestOutcome>,
): Promise<SuiteOutcome> {
  const runs = files.flatMap((file) => (["deno", "bun"] as const).map((runtime) => ({ runtime, file })));
  const run = ({ runtime, file }: { runtime: RuntimeName; file: string }): Promise<TestOutcome> =>
    runFile(runtime, file);
  const { outcomes, unsteady } = await runThenAgain(runs, WIDTH, run, ({ ok }) => ok);
  const of = (runtime: RuntimeName): TestOutcome =>
    combine(outcomes.filter(([task]) => task.runtime === runtime).map(([task, outcome]) => ({ ...task, ...outcome })));
  return {
    deno: of("deno"),
    bun: of("bun"),
    unsteady: unsteady.map(([task, outcome]) => ({ ...task, ...outcome })),
  };
}

/**
 * Sorts the slowest test files first: those of the fault suite, then others that start processes.
 */
function bySlowness(one: string, other: string): number {
  const rank = (file: string): number =>
    ["tests/process/faults/", "tests/process/", ""].findIndex((start) => file.startsWith(start));
  return rank(one) - rank(other);
}

/** The outcome of several files as one. */
export function combine(outcomes: readonly (TestOutcome & { readonly file: string })[]): TestOutcome {
  return {
    ok: outcomes.every(({ ok }) => ok),
    output: outcomes.filter(({ ok }) => !ok).map(({ file, output }) => `${file}\n${output}`).join("\n"),
    report: {
      cases: outcomes.flatMap(({ report }) => report.cases),
      files: new Set(outcomes.flatMap(({ report }) => [...report.files])),
    },
  };
}

/** Passes if both runtimes ran all files, and the same tests in them. */
export function compareReports(root: string, deno: TestReport, bun: TestReport): Outcome {
  const files = findTestFiles(root);
  const names = { deno: deno.cases.map(({ name }) => name), bun: bun.cases.map(({ name }) => name) };
  const missingFiles = [
    ...without(files, [...deno.files]).map((file) => `Deno ran no test of ${file}`),
    ...without(files, [...bun.files]).map((file) => `Bun ran no test of ${file}`),
  ];
  const missingTests = [
    ...without(names.bun, names.deno).map((name) => `Deno did not run: ${name}`),
    ...without(names.deno, names.bun).map((name) => `Bun did not run: ${name}`),
  ];
  // A missing file accounts for the tests that are missing.
  const missing = missingFiles.length > 0 ? missingFiles : missingTests;
  return { ok: missing.length === 0, output: missing.join("\n") };
}

/** The first list without the elements of the second; of equal elements, one for each. */
function without(all: readonly string[], some: readonly string[]): string[] {
  const counts = Map.groupBy(some, (element) => element);
  return all.filter((element) => counts.get(element)?.pop() === undefined);
}

/** A skipped test. */
export interface SkippedTest {
  /** Full name. */
  readonly name: string;
  /** The value of `skip:` in its source. */
  readonly reason: string;
}

/**
 * The skipped tests of a report. Their positions come from Bun's report, since Deno's does not have
 * all of them.
 */
export function findSkipped(root: string, report: TestReport, bun: TestReport): SkippedTest[] {
  return report.cases.filter(({ status }) => status === "skipped").map((skipped) => {
    const located = bun.cases.find(({ name }) => name === skipped.name) ?? skipped;
    return { name: skipped.name, reason: skipReason(root, located) ?? "no reason given" };
  });
}

/** The value of `skip` in the declaration of a test, or else in the last options before it. */
function skipReason(root: string, { file, line }: TestCase): string | undefined {
  if (file === undefined || line === undefined) return undefined;
  const lines = Deno.readTextFileSync(`${root}/${file}`).split("\n");
  const [declaration = ""] = lines.slice(line - 1).join("\n").split("=>", 1);
  const before = lines.slice(0, line - 1).map((text) => `${text}\n`).join("");
  const skip = /\bskip\s*[:=]\s*([^\n]+?)\s*(?:[,;]?\n|\})/g;
  const reason = [...before.matchAll(skip), ...declaration.matchAll(skip)].at(-1)?.[1];
  // The name of a constant says nothing.
  if (!/^\w+$/.test(reason ?? "")) return reason;
  const value = new RegExp(`\\bconst ${reason} = ([^]+?);\n`).exec(before)?.[1];
  return value?.replace(/\s+/g, " ") ?? reason;
}
