/**
 * The fault suite in full, on one runtime after the other. `deno task test:faults` runs it, as root on a Linux whose disks and programs may be
 * tampered with; given parts of file names, only those tests that bear one.
 *
 * It ends with the figures of what was shown as a table in Markdown, which goes to docs/fault_suite.md, and with `N passed, N failed`. A test
 * that was skipped counts as failed, unless its reason says that it is `only on` the other runtime: what was not tried was not shown.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import type { Figure } from "../tests/support/faults/fault_figures.ts";
import { run } from "./gate/command.ts";
import type { TestCase, TestReport } from "./gate/junit.ts";
import { makePlace, type RuntimeName } from "./gate/place.ts";
import { findSkipped, findTestFiles, runTests } from "./gate/suite.ts";

/** What a test imports that has a full form or figures to tell. */
const IMPORTED = /\/(scale|figures)\.ts"/;

/** Milliseconds that one file may take. */
const TIMEOUT = 2 * 3_600_000;

const place = await makePlace();
const figuresFile = `${place.temporary}/figures.jsonl`;
const files = findTestFiles(place.root)
  .filter((file) => Deno.readTextFileSync(`${place.root}/${file}`).match(IMPORTED))
  .filter((file) => Deno.args.length === 0 || Deno.args.some((part) => file.includes(part)));
const count = { passed: 0, failed: 0 };

/** Runs a test file in full, tells how it went, and counts its tests. */
async function runFile(runtime: RuntimeName, file: string): Promise<TestReport> {
  const start = performance.now();
  await Deno.stdout.write(new TextEncoder().encode(`${runtime.padEnd(4)} ${file} `.padEnd(64, ".")));
  const { ok, output, report } = await runTests(runtime, place, file, {
    env: { KYMO_FAULTS: "full", KYMO_FIGURES: figuresFile },
    testTimeout: TIMEOUT,
    timeout: TIMEOUT,
  });
  const failed = report.cases.filter(({ status }) => status === "failed").length;
  count.passed += report.cases.filter(({ status }) => status === "passed").length;
  // A file that fails without a test that does, or without any test, has failed as such.
  const wrong = !ok || report.cases.length === 0;
  count.failed += wrong ? Math.max(1, failed) : 0;
  console.log(` ${wrong ? "FAILED" : "ok"} (${((performance.now() - start) / 1000).toFixed(0)} s)`);
  if (wrong) console.log(stripVTControlCharacters(output).trim().replaceAll(/^/gm, "    "));
  return report;
}

/** Tells which tests were skipped, and counts them as failed unless they have a reason to be. */
function tellSkipped(reports: Readonly<Record<RuntimeName, TestReport>>): void {
  for (const [runtime, other] of [["deno", "bun"], ["bun", "deno"]] as const) {
    for (const { name, reason } of findSkipped(place.root, reports[runtime], reports.bun)) {
      const wrong = !reason.toLowerCase().includes(`only on ${other}`);
      console.log(`${wrong ? "FAILED, skipped" : "skipped"} on ${runtime}: ${name}: ${reason}`);
      if (wrong) count.failed++;
    }
  }
}

/** The figures by row of the table of faults, with a column for each runtime. */
async function tableOfFigures(): Promise<string> {
  const lines = existsSync(figuresFile) ? Deno.readTextFileSync(figuresFile).trimEnd().split("\n") : [];
  const figures = lines.map((line): Figure => JSON.parse(line));
  const rows = [...new Set(figures.map(({ row }) => row))].sort((one, other) => one - other);
  const cell = (row: number, runtime: RuntimeName): string =>
    figures.filter((figure) => figure.row === row && figure.runtime === runtime)
      .map(({ text }) => text.replaceAll("|", "\\|")).join("<br>");
  const bun = await run([place.bin.bun, "--version"], { cwd: place.root, env: place.env });
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
    Deno.removeSync(place.temporary, { recursive: true });
    Deno.exit(1);
  });
}
try {
  const cases: Record<RuntimeName, TestCase[]> = { deno: [], bun: [] };
  for (const runtime of ["deno", "bun"] as const) {
    for (const file of files) cases[runtime].push(...(await runFile(runtime, file)).cases);
  }
  const noFiles: ReadonlySet<string> = new Set();
  tellSkipped({ deno: { cases: cases.deno, files: noFiles }, bun: { cases: cases.bun, files: noFiles } });
  console.log(`\n${await tableOfFigures()}`);
} finally {
  await Deno.remove(place.temporary, { recursive: true });
}
console.log(`\n${count.passed} passed, ${count.failed} failed`);
Deno.exit(count.failed === 0 && count.passed > 0 ? 0 : 1);
