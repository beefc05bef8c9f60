/**
 * Checks the analysis of the npm package: without DuckDB it names the package to add, and with
 * DuckDB it works.
 *
 * @module
 */

import packageJson from "../../package.json" with { type: "json" };
import { type Outcome, run } from "./command.ts";
import { appFolder, commandLines } from "./packed_package.ts";
import type { RuntimeName, Workspace } from "./workspace.ts";

/** Output of the app without DuckDB. */
export const MISSING =
  /^KymoError: Cannot analyse: the package @duckdb\/node-api is missing: add it with "(bun add|deno add npm:)[^"\n]*"\n$/;

/** Output of the app for the earlier recording. */
export const FOUND = "1000 of work, 1 of the handler, 0 unread\n";

/** A CPU profile of one function. */
const PROFILE = {
  nodes: [
    {
      id: 1,
      callFrame: { functionName: "(root)", scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 },
      children: [2],
    },
    { id: 2, callFrame: { functionName: "work", scriptId: "1", url: "a.ts", lineNumber: 0, columnNumber: 0 } },
  ],
  startTime: 0,
  endTime: 20_000,
  samples: [2, 2],
  timeDeltas: [0, 10_000],
};

/**
 * Analyses without DuckDB. The library and `kymo summary` name the command that adds it; `kymo top`
 * and `kymo profile` work without.
 */
export async function analyseWithoutDuckDB(runtime: RuntimeName, workspace: Workspace): Promise<Outcome> {
  const { app, ok, output } = await runApp(runtime, workspace);
  await Deno.writeTextFile(`${app}/profiler.1.cpuprofile`, JSON.stringify(PROFILE));
  const kymo = (...args: string[]): Promise<Outcome> =>
    run([...commandLines(workspace)[runtime], ...args], appOptions(app, workspace));
  const summary = await kymo("summary", `recorded-${runtime}`);
  const top = await kymo("top", `recorded-${runtime}`, "--once");
  const profile = await kymo("profile", "profiler.1.cpuprofile");
  return {
    ok: ok && MISSING.test(output) && !summary.ok && MISSING.test(`KymoError: ${summary.output}`) &&
      top.ok && profile.ok && profile.output.includes("work"),
    output: `${output}${summary.output}${top.output}${profile.output}`,
  };
}

/** Adds DuckDB to the app with the command that the app named. */
export async function addDuckDB(workspace: Workspace): Promise<Outcome> {
  const version = packageJson.devDependencies["@duckdb/node-api"];
  return await run(
    [workspace.bin.bun, "add", `@duckdb/node-api@${version}`],
    appOptions(appFolder(workspace), workspace),
  );
}

/** Analyses the earlier recording on a runtime, and makes a report of it. */
export async function analyseWithPacked(runtime: RuntimeName, workspace: Workspace): Promise<Outcome> {
  const { app, ok, output } = await runApp(runtime, workspace);
  const kymo = commandLines(workspace)[runtime];
  const directory = `recorded-${runtime}`;
  const summary = await run([...kymo, "summary", directory], appOptions(app, workspace));
  const report = await run([...kymo, "report", directory, "-o", `${directory}.html`], appOptions(app, workspace));
  const all = `${output}${summary.output}${report.output}`;
  if (!ok || !summary.ok || !report.ok) return { ok: false, output: all };
  const page = await Deno.readTextFile(`${app}/${directory}.html`);
  return {
    ok: output === FOUND && summary.output.includes("work") && /^<!doctype html>/i.test(page),
    output: all,
  };
}

async function runApp(runtime: RuntimeName, workspace: Workspace): Promise<Outcome & { readonly app: string }> {
  const app = appFolder(workspace);
  await Deno.copyFile(`${workspace.root}/tests/packaging/analysis_app.ts`, `${app}/analysis_app.ts`);
  const words = runtime === "bun" ? ["analysis_app.ts"] : ["run", "-A", "analysis_app.ts"];
  const outcome = await run([workspace.bin[runtime], ...words, `recorded-${runtime}`], appOptions(app, workspace));
  return { ...outcome, app };
}

function appOptions(cwd: string, { env }: Workspace): { readonly cwd: string; readonly env: Workspace["env"] } {
  return { cwd, env };
}
