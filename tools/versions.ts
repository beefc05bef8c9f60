/**
 * Runs the contract tests and the end-to-end tests on other versions of Deno, Bun and Node: `deno task
 * test:versions`. Arguments select versions by the beginnings of their names, such as `deno-2.5` or
 * `bun`. Executables come from npm, into `node_modules/.cache`.
 *
 * It compares the capabilities that each version reports with the table in docs/runtimes.md, or,
 * with `--write`, makes that table anew; with `--capabilities` it does nothing else, and with
 * `--gate` it runs only what the gate runs. The last line is `N passed, N failed`.
 *
 * @module
 */

import { stripVTControlCharacters } from "node:util";
import { makeWorkspace } from "./gate/workspace.ts";
import {
  type AbsentCapabilities,
  comparedWithDocument,
  knownCapabilities,
  writeCapabilities,
} from "./versions/capabilities.ts";
import { runVersion } from "./versions/run_version.ts";
import { nameOf, VERSIONS } from "./versions/supported.ts";

const selected = Deno.args.filter((word) => !word.startsWith("--"));
const versions = VERSIONS.filter(({ runtime, version }) =>
  selected.length === 0 || selected.some((start) => `${runtime}-${version}`.startsWith(start))
);
const parts = Deno.args.includes("--capabilities") ? "none" : Deno.args.includes("--gate") ? "in gate" : "all";
const workspace = await makeWorkspace();
const count = { passed: 0, failed: 0 };
const reported: Record<string, AbsentCapabilities> = {};

function fail(text: string): void {
  count.failed++;
  console.log(stripVTControlCharacters(text).trim().replaceAll(/^/gm, "    "));
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    Deno.removeSync(workspace.temporary, { recursive: true });
    Deno.exit(1);
  });
}
try {
  for (const version of versions) {
    const start = performance.now();
    const outcome = await runVersion(version, workspace, parts);
    const { passed, failures, unsteady, differences, skipped, absent } = outcome;
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(
      `${nameOf(version)}: ${passed} passed, ${failures.length} files failed, ` +
        `${differences.length} are different, ${skipped} skipped (${seconds} s)`,
    );
    for (const difference of differences) console.log(`    different: ${difference}`);
    for (const failure of unsteady) console.log(`    passed alone, and failed beside other tests: ${failure}`);
    for (const failure of failures) fail(failure);
    count.passed += passed;
    reported[nameOf(version)] = absent;
  }
  if (Deno.args.includes("--write")) {
    const known = { ...knownCapabilities(workspace.root), ...reported };
    writeCapabilities(
      workspace.root,
      Object.fromEntries(VERSIONS.map(nameOf).filter((name) => name in known).map((name) => [name, known[name]!])),
    );
  }
  for (const change of comparedWithDocument(workspace.root, reported)) fail(change);
} finally {
  await Deno.remove(workspace.temporary, { recursive: true });
}
console.log(`\n${count.passed} passed, ${count.failed} failed`);
Deno.exit(count.failed === 0 && (count.passed > 0 || parts === "none") ? 0 : 1);
