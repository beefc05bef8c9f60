/**
 * Checks the npm package where Node is the only runtime, and its command line where any one of the
 * three is the only one in the PATH.
 *
 * @module
 */

import { stop as stopEsbuild, transform } from "esbuild";
import denoJson from "../../deno.json" with { type: "json" };
import { installRuntime } from "../versions/install.ts";
import { OLDEST } from "../versions/supported.ts";
import { type Outcome, run } from "./command.ts";
import { appFolder, recordUnchanged } from "./packed_package.ts";
import type { Workspace } from "./workspace.ts";

/** Output of the analysing app for the recording of the other one. */
const FOUND = "1000 of work, 1 of the handler, 0 unread\n";

/** Records with the installed package on the oldest Node. The app checks its files itself. */
export async function recordWithPackedOnNode(workspace: Workspace): Promise<Outcome> {
  return await runOnNode("app", workspace);
}

/** Records an app that knows nothing of the package on the oldest Node. */
export async function recordUnchangedOnNode(workspace: Workspace): Promise<Outcome> {
  return await recordUnchanged("node", await installRuntime("node", OLDEST.node, workspace), workspace);
}

/** Analyses that recording on the oldest Node. */
export async function analyseWithPackedOnNode(workspace: Workspace): Promise<Outcome> {
  const { ok, output } = await runOnNode("analysis_app", workspace);
  return { ok: ok && output === FOUND, output };
}

/** Runs an app on the oldest Node, which does not remove types. */
async function runOnNode(app: string, workspace: Workspace): Promise<Outcome> {
  const node = await installRuntime("node", OLDEST.node, workspace);
  const folder = appFolder(workspace);
  const source = await Deno.readTextFile(`${workspace.root}/tests/packaging/${app}.ts`);
  const { code } = await transform(source, { loader: "ts", target: "node22" });
  await stopEsbuild();
  await Deno.writeTextFile(`${folder}/${app}.mjs`, code);
  return await run([node, `${app}.mjs`, "recorded-node"], { cwd: folder, env: workspace.env });
}

/**
 * Runs `kymo` as a shell finds it in `node_modules/.bin`, with nothing in the PATH but a shell and
 * one runtime: the oldest Node, Bun, or Deno. It prints its version, and summarizes and reports what was recorded on Node.
 */
export async function runCommandLineAlone(workspace: Workspace): Promise<Outcome> {
  const { bin } = workspace;
  const runtimes = {
    node: await installRuntime("node", OLDEST.node, workspace),
    bun: bin.bun,
    deno: bin.deno,
  };
  const failures: string[] = [];
  for (const [name, executable] of Object.entries(runtimes)) {
    const { ok, output } = await runAlone(name, executable, workspace);
    if (!ok) failures.push(`with ${name} alone: ${output}`);
  }
  return { ok: failures.length === 0, output: failures.join("\n") };
}

/** Runs `kymo` on a Node that is too old: it says so in one line. */
export async function refuseOldNode(workspace: Workspace): Promise<Outcome> {
  const node = await installRuntime("node", "20", workspace);
  const kymo = await commandLineAlone("node", node, `${workspace.temporary}/only-old-node`, workspace);
  const { ok, output } = await kymo("recover", "empty");
  return { ok: !ok && /^Cannot run Kymo: Node 20\.[^\n]* Node from 22\.3 on [^\n]*\n$/.test(output), output };
}

/** Runs `kymo` with nothing in the PATH but a shell and one runtime, which are put in a folder. */
async function commandLineAlone(
  name: string,
  executable: string,
  folder: string,
  workspace: Workspace,
): Promise<(...args: string[]) => Promise<Outcome>> {
  const app = appFolder(workspace);
  await Deno.mkdir(folder);
  await Deno.symlink("/bin/sh", `${folder}/sh`);
  await Deno.symlink(executable, `${folder}/${name}`);
  const env = { ...workspace.env, PATH: folder };
  return (...args) => run([`${app}/node_modules/.bin/kymo`, ...args], { cwd: app, env });
}

async function runAlone(name: string, executable: string, workspace: Workspace): Promise<Outcome> {
  const kymo = await commandLineAlone(name, executable, `${workspace.temporary}/only-${name}`, workspace);
  const page = `${appFolder(workspace)}/only-${name}.html`;
  const version = await kymo("--version");
  const summary = await kymo("summary", "recorded-node");
  const report = await kymo("report", "recorded-node", "-o", page);
  const ok = version.output === `${denoJson.version}\n` && summary.ok && summary.output.includes("work") && report.ok &&
    /^<!doctype html>/i.test(await Deno.readTextFile(page));
  return { ok, output: `${version.output}${summary.output}${report.output}` };
}
