/**
 * Runs the full fault suite on one runtime after the other: `deno task test:faults`, as root on
 * Linux, with the right to mount disks and trace programs. Arguments are parts of file names, and
 * select the files that contain one.
 *
 * It prints the measured figures as a Markdown table, for docs/fault_suite.md, and then `N passed,
 * N failed`. A skipped test counts as failed, unless its reason contains `only on` and the other
 * runtime.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import type { Figure } from "../tests/support/faults/fault_figures.ts";
import { run } from "./gate/command.ts";
import type { TestCase, TestReport } from "./gate/junit.ts";
import { makeWorkspace, type RuntimeName } from "./gate/workspace.ts";
import { findSkipped, findTestFiles, runTests } from "./gate/suite.ts";

/** Modules that a test imports if it has a full form, or figures to record. */
const IMPORTED = /\/(suite_size|fault_figures)\.ts"/;

/** Time limit for one file, ms. */
const TIMEOUT = 2 * 3_600_000;

const workspace = await makeWorkspace();
const figuresFile = `${workspace.temporary}/figures.jsonl`;
const files = findTestFiles(workspace.root)
  .filter((file) => Deno.readTextFileSync(`${workspace.root}/${file}`).match(IMPORTED))
  .filter((file) => Deno.args.length === 0 || Deno.args.some((part) => file.includes(part)));
const count = { passed: 0, failed: 0 };

/** Runs a test file in its full form, prints its outcome, and counts its tests. */
async function runFile(runtime: RuntimeName, file: string): Promise<TestReport> {
  const start = performance.now();
  await Deno.stdout.write(new TextEncoder().encode(`${runtime.padEnd(4)} ${file} `.padEnd(64, ".")));
  const { ok, output, report } = await runTests(runtime, workspace, file, {
    env: { KYMO_TEST_FAULTS: "full", KYMO_TEST_FIGURES: figuresFile },
    testTimeout: TIMEOUT,
    timeout: TIMEOUT,
  });
  const failed = report.cases.filter(({ status }) => status === "failed").length;
  count.passed += report.cases.filter(({ status }) => status === "passed").length;
  // A file may fail without a failed test, or run no test: that counts as one failure.
  const wrong = !ok || report.cases.length === 0;
  count.failed += wrong ? Math.max(1, failed) : 0;
  console.log(` ${wrong ? "FAILED" : "ok"} (${((performance.now() - start) / 1000).toFixed(0)} s)`);
  if (wrong) console.log(stripVTControlCharacters(output).trim().replaceAll(/^/gm, "    "));
  return report;
}

/**
 * Prints the skipped tests, and counts those as failed that do not belong to the other runtime
 * only.
 */
function reportSkipped(reports: Readonly<Record<RuntimeName, TestReport>>): void {
  for (const [runtime, other] of [["deno", "bun"], ["bun", "deno"]] as const) {
    for (const { name, reason } of findSkipped(workspace.root, reports[runtime], reports.bun)) {
      const wrong = !reason.toLowerCase().includes(`only on ${other}`);
      console.log(`${wrong ? "FAILED, skipped" : "skipped"} on ${runtime}: ${name}: ${reason}`);
      if (wrong) count.failed++;
    }
  }
}

/** The figures as a Markdown table: a row for each fault, a column for each runtime. */
async function tableOfFigures(): Promise<string> {
  const lines = existsSync(figuresFile) ? Deno.readTextFileSync(figuresFile).trimEnd().split("\n") : [];
  const figures = lines.map((line): Figure => JSON.parse(line));
  const rows = [...new Set(figures.map(({ row }) => row))].sort((one, other) => one - other);
  const cell = (row: number, runtime: RuntimeName): string =>
    figures.filter((figure) => figure.row === row && figure.runtime === runtime)
      .map(({ text }) => text.replaceAll("|", "\\|")).join("<br>");
  const bun = await run([workspace.bin.bun, "--version"], { cwd: workspace.root, env: workspace.env });
  const cores = navigator.hardwareConcurrency;
  return [
    `Measured on ${
      new Date().toISOString().slice(0, 10)
    }, Linux ${Deno.osRelease()} ${Deno.build.arch}, ${cores} cores.`,
    "",
    `| # | Deno ${Deno.version.deno} | Bun ${bun.output.trim()} |`,
    "| --- | --- | --- |",
    ...rows.map((row) => `| ${row} | ${cell(row, "deno")} | ${cell(row, "bun")} |`),
  ].join("\n");
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    Deno.removeSync(workspace.temporary, { recursive: true });
    Deno.exit(1);
  });
}
try {
  const cases: Record<RuntimeName, TestCase[]> = { deno: [], bun: [] };
  for (const runtime of ["deno", "bun"] as const) {
    for (const file of files) cases[runtime].push(...(await runFile(runtime, file)).cases);
  }
  const noFiles: ReadonlySet<string> = new Set();
  reportSkipped({ deno: { cases: cases.deno, files: noFiles }, bun: { cases: cases.bun, files: noFiles } });
  console.log(`\n${await tableOfFigures()}`);
} finally {
  await Deno.remove(workspace.temporary, { recursive: true });
}
console.log(`\n${count.passed} passed, ${count.failed} failed`);
Deno.exit(count.failed === 0 && count.passed > 0 ? 0 : 1);
