/**
 * Checks the npm package as its users get it: packed, added to an empty Bun app, run there, and
 * type-checked by a strict user.
 *
 * @module
 */

import { stop as stopEsbuild, transform } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import denoJson from "../../deno.json" with { type: "json" };
import { countByLabel } from "../../tests/support/process/recorded_rows.ts";
import { buildNpm } from "../build_npm.ts";
import type { InstallableRuntime } from "../versions/install.ts";
import { type Outcome, run } from "./command.ts";
import type { RuntimeName, Workspace } from "./workspace.ts";

/** The two ways in which a user's compiler finds declarations, and the two kinds of decorators. */
const variants = [
  { options: { module: "preserve", moduleResolution: "bundler" }, files: ["strict_user.ts"] },
  {
    options: {
      module: "nodenext",
      moduleResolution: "nodenext",
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
    files: ["strict_user.ts", "commonjs_user.cts"],
  },
];

/**
 * Builds the package, packs it, and adds the tarball to an empty app. Passes if no other package is
 * installed with it.
 */
export async function installPacked(workspace: Workspace): Promise<Outcome> {
  const built = `${workspace.temporary}/npm`;
  const app = appFolder(workspace);
  await buildNpm(built);
  await Deno.mkdir(app);
  await Deno.writeTextFile(`${app}/package.json`, '{ "name": "app", "private": true, "type": "module" }\n');
  const { bun } = workspace.bin;
  const packed = await run([bun, "pm", "pack", "--quiet", "--filename", `${app}/kymo.tgz`], {
    cwd: built,
    env: workspace.env,
  });
  if (!packed.ok) return packed;
  const added = await run([bun, "add", "./kymo.tgz"], { cwd: app, env: workspace.env });
  if (!added.ok) return added;
  const installed = [...Deno.readDirSync(`${app}/node_modules`)].map(({ name }) => name);
  return {
    ok: installed.every((name) => name === "@kymo" || name.startsWith(".")),
    output: `${packed.output}${added.output}installed: ${installed.join(", ")}`,
  };
}

/** Passes if `publint` finds nothing wrong in the packed package, and suggests nothing. */
export async function lintPacked(workspace: Workspace): Promise<Outcome> {
  const { buffer: tarball } = await Deno.readFile(`${appFolder(workspace)}/kymo.tgz`);
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  return { ok: messages.length === 0, output: messages.map((message) => formatMessage(message, pkg)).join("\n") };
}

/** Records with the installed package on a runtime. The app checks its files itself. */
export async function recordWithPacked(runtime: RuntimeName, workspace: Workspace): Promise<Outcome> {
  const app = appFolder(workspace);
  await Deno.copyFile(`${workspace.root}/tests/packaging/app.ts`, `${app}/app.ts`);
  const words = runtime === "bun" ? ["app.ts"] : ["run", "-A", "app.ts"];
  return await run([workspace.bin[runtime], ...words, `recorded-${runtime}`], { cwd: app, env: workspace.env });
}

/** Flags that load the installed entry for preloads. */
const PRELOADS: Readonly<Record<InstallableRuntime, readonly string[]>> = {
  bun: ["--preload", "@kymo/kymo/auto"],
  deno: ["run", "-A", "--preload=npm:@kymo/kymo/auto"],
  node: ["--import", "@kymo/kymo/auto"],
};

/** Records an app that knows nothing of the package, by the installed entry for preloads. */
export async function recordUnchanged(
  runtime: InstallableRuntime,
  executable: string,
  workspace: Workspace,
): Promise<Outcome> {
  const app = `${workspace.temporary}/unchanged-${runtime}`;
  await Deno.mkdir(app);
  await Deno.symlink(`${appFolder(workspace)}/node_modules`, `${app}/node_modules`);
  // As if it were of the registry: Deno finds no package by `npm:` that is installed from a file.
  const dependencies = { [denoJson.name]: denoJson.version };
  await Deno.writeTextFile(`${app}/package.json`, JSON.stringify({ private: true, dependencies }));
  const source = await Deno.readTextFile(`${workspace.root}/tests/packaging/unchanged_app.ts`);
  const { code } = await transform(source, { loader: "ts" });
  await stopEsbuild();
  await Deno.writeTextFile(`${app}/unchanged_app.mjs`, code);
  const env = { ...workspace.env, KYMO_DIR: `${app}/recorded` };
  const { ok, output } = await run([executable, ...PRELOADS[runtime], "unchanged_app.mjs"], { cwd: app, env });
  const counts = ok ? countByLabel(env.KYMO_DIR, "duration") : {};
  const isRecorded = Object.keys(counts).length === 1 && counts["/greeting [GET]"] === 1;
  return { ok: output === "hello\n" && isRecorded, output: `${output}${JSON.stringify(counts)}` };
}

/**
 * Runs the installed command line on a runtime: it prints its version, and recovers an empty
 * directory.
 */
export async function runPackedCommandLine(runtime: RuntimeName, workspace: Workspace): Promise<Outcome> {
  const app = appFolder(workspace);
  const kymo = commandLines(workspace)[runtime];
  await Deno.mkdir(`${app}/empty`, { recursive: true });
  const version = await run([...kymo, "--version"], { cwd: app, env: workspace.env });
  const recovery = await run([...kymo, "recover", "empty"], { cwd: app, env: workspace.env });
  const output = `${version.output}${recovery.output}`;
  return { ok: version.ok && recovery.ok && output === `${denoJson.version}\nNothing to recover.\n`, output };
}

/** A user that is CommonJS. */
const COMMONJS_USER = `
  import monitor = require("@kymo/kymo");
  import type { Sampler } from "@kymo/kymo" with { "resolution-mode": "import" };
  const sampler: Sampler = { channel: "queue", sample: (sink) => sink.observe("length", 1) };
  monitor.start({ samplers: [sampler] });
`;

/**
 * Type-checks users of the package with all strict options of the compiler, and the types of Bun.
 */
export async function typeCheckUser(workspace: Workspace): Promise<Outcome> {
  const app = appFolder(workspace);
  await Deno.copyFile(`${workspace.root}/tests/packaging/strict_user.ts`, `${app}/strict_user.ts`);
  await Deno.writeTextFile(`${app}/commonjs_user.cts`, COMMONJS_USER);
  for (const name of ["bun-types", "@types"]) {
    await Deno.symlink(`${workspace.root}/node_modules/${name}`, `${app}/node_modules/${name}`);
  }
  const outcomes = [];
  for (const { options, files } of variants) {
    const compilerOptions = {
      ...options,
      target: "esnext",
      lib: ["esnext"],
      types: ["bun-types"],
      noEmit: true,
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noPropertyAccessFromIndexSignature: true,
      verbatimModuleSyntax: true,
      isolatedModules: true,
      skipLibCheck: false,
    };
    await Deno.writeTextFile(`${app}/tsconfig.json`, JSON.stringify({ compilerOptions, files }));
    const { tsc } = workspace.bin;
    outcomes.push(await run([tsc, "-p", "tsconfig.json"], { cwd: app, env: workspace.env }));
  }
  return { ok: outcomes.every(({ ok }) => ok), output: outcomes.map(({ output }) => output).join("") };
}

/** The command of the command line on each runtime. */
export function commandLines({ bin }: Workspace): Record<RuntimeName, [string, ...string[]]> {
  return {
    bun: [bin.bun, "x", "--no-install", "@kymo/kymo"],
    deno: [bin.deno, "run", "-A", "npm:@kymo/kymo/cli"],
  };
}

/** Folder of the app. */
export function appFolder(workspace: Workspace): string {
  return `${workspace.temporary}/app`;
}
