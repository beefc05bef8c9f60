/**
 * Checks the npm package as bundlers see it: an app that records is bundled in many kinds, and each
 * bundle is run; what an app does not use leaves nothing in its bundle.
 *
 * @module
 */

import { nodeResolve } from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { type Plugin, rollup } from "rollup";
import { minify as terser } from "terser";
import { callTree, functionTimes } from "../../src/analysis/profile/call_tree.ts";
import { parseCpuProfile } from "../../src/analysis/profile/cpu_profile.ts";
import { countByLabel } from "../../tests/support/process/recorded_rows.ts";
import { type Outcome, run } from "./command.ts";
import { type InstallableRuntime, installRuntime } from "../versions/install.ts";
import { FOUND, MISSING } from "./packed_analysis.ts";
import { appFolder } from "./packed_package.ts";
import type { RuntimeName, Workspace } from "./workspace.ts";

/** What is bundled: a module of the app, into a file of the app. */
interface Task {
  readonly workspace: Workspace;
  readonly entry: string;
  readonly output: string;
  /** Packages that are not built in. */
  readonly external: readonly string[];
}

type Bundler = (task: Task) => Promise<Outcome>;

/** How a bundle is made, and the runtimes that it is for. */
interface BundleKind {
  readonly bundler: Bundler;
  readonly runtimes: readonly RuntimeName[];
}

const both = ["bun", "deno"] as const;

/** Kinds of bundles by the file that each is. A file without extension is a program. */
const kinds: Readonly<Record<string, BundleKind>> = {
  "bun.js": { bundler: byBun("--target=bun"), runtimes: ["bun"] },
  "bun_minified.js": { bundler: byBun("--target=node", "--minify"), runtimes: both },
  "bun_program": { bundler: byBun("--compile"), runtimes: ["bun"] },
  "bun_bytecode": { bundler: byBun("--compile", "--minify", "--bytecode", "--format=cjs"), runtimes: ["bun"] },
  "deno.js": { bundler: byDeno(), runtimes: both },
  "deno_minified.js": { bundler: byDeno("--minify"), runtimes: both },
  "esbuild.mjs": { bundler: byEsbuild({ platform: "neutral", format: "esm" }), runtimes: both },
  "esbuild.cjs": { bundler: byEsbuild({ platform: "node", format: "cjs" }), runtimes: both },
  "esbuild_minified.mjs": { bundler: byEsbuild({ platform: "node", format: "esm", minify: true }), runtimes: both },
  "esbuild_minified_with_names.cjs": {
    bundler: byEsbuild({ platform: "node", format: "cjs", minify: true, keepNames: true }),
    runtimes: both,
  },
  // As if the package said nothing about its side effects.
  "esbuild_with_side_effects.mjs": {
    bundler: byEsbuild({ platform: "node", format: "esm", ignoreAnnotations: true }),
    runtimes: both,
  },
  // Nothing of the package is built in: its modules are loaded with `require`.
  "required.cjs": { bundler: byEsbuild({ platform: "node", format: "cjs", packages: "external" }), runtimes: both },
  "rollup.mjs": { bundler: byRollup({ format: "es", minify: false }), runtimes: both },
  "rollup_minified.cjs": { bundler: byRollup({ format: "cjs", minify: true }), runtimes: both },
};

function byBun(...options: readonly string[]): Bundler {
  return ({ workspace, entry, output, external }) =>
    run([
      workspace.bin.bun,
      "build",
      entry,
      `--outfile=${output}`,
      ...external.map((name) => `--external=${name}`),
      ...options,
    ], { cwd: appFolder(workspace), env: workspace.env });
}

function byDeno(...options: readonly string[]): Bundler {
  return ({ workspace, entry, output, external }) =>
    run([
      workspace.bin.deno,
      "bundle",
      "--quiet",
      `--output=${output}`,
      ...external.flatMap((name) => ["--external", name]),
      ...options,
      entry,
    ], { cwd: appFolder(workspace), env: workspace.env });
}

/** For engines without decorators, which esbuild keeps otherwise. */
const target = "es2022";

function byEsbuild(options: esbuild.BuildOptions): Bundler {
  return async ({ workspace, entry, output, external }) => {
    const { warnings } = await esbuild.build({
      bundle: true,
      target,
      absWorkingDir: appFolder(workspace),
      entryPoints: [entry],
      outfile: output,
      external: [...external, "node:*"],
      logLevel: "silent",
      ...options,
    });
    return { ok: warnings.length === 0, output: warnings.map(({ text }) => text).join("\n") };
  };
}

/** Compiles TypeScript. */
const typescript: Plugin = {
  name: "typescript",
  async transform(code, path) {
    return path.endsWith(".ts") ? (await esbuild.transform(code, { loader: "ts", target })).code : null;
  },
};

/** What Rollup's own plugin for terser does. */
const minifier: Plugin = {
  name: "terser",
  async renderChunk(code) {
    return (await terser(code, { module: true })).code ?? null;
  },
};

function byRollup({ format, minify }: { readonly format: "es" | "cjs"; readonly minify: boolean }): Bundler {
  return async ({ workspace, entry, output, external }) => {
    const app = appFolder(workspace);
    const logs: string[] = [];
    const bundle = await rollup({
      input: `${app}/${entry}`,
      external: [/^node:/, ...external],
      plugins: [typescript, nodeResolve(), ...minify ? [minifier] : []],
      onLog: (_level, { message }) => void logs.push(message),
    });
    await bundle.write({ file: `${app}/${output}`, format, inlineDynamicImports: true });
    await bundle.close();
    return { ok: logs.length === 0, output: logs.join("\n") };
  };
}

/** Makes each kind of bundle of the recording app, and runs each bundle on the runtimes that it is for. */
export async function recordBundled(workspace: Workspace): Promise<Outcome> {
  const entry = await addModule(workspace, "bundled_app.ts");
  const failures: string[] = [];
  const work = async (queue: Iterable<[string, BundleKind]>): Promise<void> => {
    for (const [name, { bundler, runtimes }] of queue) {
      const output = `bundled/${name}`;
      const { ok, output: text } = await bundler({ workspace, entry, output, external: [] });
      if (!ok) failures.push(`${name}: ${text}`);
      for (const runtime of ok ? runtimes : []) {
        const command = commandOf(workspace, runtime, output);
        const wrong = await recordWith(workspace, runtime, command, `${output}-${runtime}`);
        if (wrong !== undefined) failures.push(`${name} on ${runtime}: ${wrong}`);
      }
    }
  };
  const queue = Object.entries(kinds).values();
  await Promise.all([work(queue), work(queue)]);
  await esbuild.stop();
  return { ok: failures.length === 0, output: failures.join("\n") };
}

/** Those of the bundles that are for any runtime, one of each bundler. */
const forAny = ["bun_minified.js", "esbuild_minified.mjs", "required.cjs", "rollup_minified.cjs"];

/** Runs bundles that {@linkcode recordBundled} has made on a version of a runtime. */
export async function recordBundledOn(
  runtime: InstallableRuntime,
  version: string,
  workspace: Workspace,
): Promise<Outcome> {
  const path = await installRuntime(runtime, version, workspace);
  const outcomes = await Promise.all(forAny.map(async (name) => {
    const words = runtime === "deno" ? ["run", "--quiet", "-A"] : [];
    const directory = `bundled/${name}-${runtime}-${version}`;
    return { name, wrong: await recordWith(workspace, runtime, [path, ...words, `bundled/${name}`], directory) };
  }));
  const failures = outcomes.filter(({ wrong }) => wrong !== undefined).map(({ name, wrong }) => `${name}: ${wrong}`);
  return { ok: failures.length === 0, output: failures.join("\n") };
}

/** Runs a bundle of the recording app. Returns what is wrong with its output or its files. */
async function recordWith(
  workspace: Workspace,
  runtime: InstallableRuntime,
  command: readonly [string, ...string[]],
  into: string,
): Promise<string | undefined> {
  const app = appFolder(workspace);
  const directory = `${app}/${into}`;
  // 128 + SIGTERM
  const { ok, output } = await run([...command, directory], { cwd: app, env: workspace.env, status: 143 });
  if (!ok || !/^\{.*\}\n$/.test(output)) return output;
  const { runtime: actual, ...seen } = JSON.parse(output);
  const inRuntime = countByLabel(directory, "runtime");
  const found = {
    runtime: String(actual).split(" ", 1)[0],
    ...seen,
    duration: countByLabel(directory, "duration"),
    custom: countByLabel(directory, "custom"),
    sales: countByLabel(directory, "sales"),
    stock: countByLabel(directory, "stock"),
    // The isolate samples both together, the thread only one of them.
    whileBlocked: (inRuntime["rss"] ?? 0) > (inRuntime["max rss"] ?? 0),
  };
  const expected = {
    runtime,
    spools: runtime !== "node",
    dropped: 0,
    errors: 0,
    isKymoError: true,
    errorName: "KymoError",
    duration: { "Shop.order": 1, "Shop.price": 100, "/greeting [GET]": 1 },
    custom: { "queue length": 1 },
    sales: { price: 1 },
    stock: { items: 1 },
    whileBlocked: true,
  };
  const [is, should] = [found, expected].map((value) => JSON.stringify(value));
  return is === should ? undefined : `${is} is not ${should}`;
}

/** Kinds of bundles of the app that profiles itself, and the runtimes that read their source maps. */
const profiledKinds: Readonly<Record<string, BundleKind & { readonly mapped: readonly RuntimeName[] }>> = {
  "esbuild_minified.mjs": { ...kinds["esbuild_minified.mjs"]!, mapped: [] },
  "esbuild_mapped.mjs": {
    bundler: byEsbuild({ platform: "node", format: "esm", minify: true, sourcemap: true }),
    runtimes: both,
    mapped: ["deno"],
  },
  "bun_mapped.js": { bundler: byBun("--target=bun", "--sourcemap=inline"), runtimes: ["bun"], mapped: ["bun"] },
};

/**
 * Profiles bundles of an app: Kymo's own frames are folded where a source map tells them from the
 * app's, which never are.
 */
export async function profileBundled(workspace: Workspace): Promise<Outcome> {
  const entry = await addModule(workspace, "profiled_app.ts");
  const failures: string[] = [];
  for (const [name, { bundler, runtimes, mapped }] of Object.entries(profiledKinds)) {
    const output = `bundled/profiled_${name}`;
    const outcome = await bundler({ workspace, entry, output, external: [] });
    if (!outcome.ok) failures.push(`${output}: ${outcome.output}`);
    for (const runtime of outcome.ok ? runtimes : []) {
      const directory = `${appFolder(workspace)}/${output}-${runtime}`;
      const recorded = await run([...commandOf(workspace, runtime, output), directory], {
        cwd: appFolder(workspace),
        env: workspace.env,
      });
      const share = recorded.ok ? await ownShare(directory) : NaN;
      const isRight = mapped.includes(runtime) ? share > 0 && share < 0.6 : share === 0;
      if (!isRight) failures.push(`${output} on ${runtime}: ${recorded.output}: Kymo's share is ${share}`);
    }
  }
  await esbuild.stop();
  return { ok: failures.length === 0, output: failures.join("\n") };
}

/** Kymo's share of the time in functions of the profile in a directory, by what is folded. */
async function ownShare(directory: string): Promise<number> {
  const [name] = [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) =>
    /^profiler\..*e$/.test(name)
  );
  const profile = parseCpuProfile(await Deno.readTextFile(`${directory}/${name}`));
  const times = functionTimes(callTree([profile])).filter(({ function: { kind } }) =>
    ["function", "kymo"].includes(kind)
  );
  const sum = (some: typeof times): number => some.reduce((total, { self }) => total + self, 0);
  return sum(times.filter(({ function: { kind } }) => kind === "kymo")) / sum(times);
}

/** Not TypeScript, whose compilers leave out imports that are not used. */
const UNUSED = `
  import { start, timeIt } from "@kymo/kymo";
  import * as core from "@kymo/kymo/core";
  import { timeHandler } from "@kymo/kymo/http";
  import { TelemetryDB } from "@kymo/kymo/analysis";
  console.log("done");
`;
const ONE_FUNCTION = `
  import { timeIt } from "@kymo/kymo";
  console.log(timeIt("twice")((n) => 2 * n)(4));
`;
const COMMAND_LINE = 'import "@kymo/kymo/cli";\n';

/**
 * Bundles an app that imports the library and uses nothing of it, one that uses a single function,
 * and one that imports the command line for what it does.
 */
export async function bundleUnused(workspace: Workspace): Promise<Outcome> {
  const app = appFolder(workspace);
  const failures: string[] = [];
  const bundlers = {
    bun: kinds["bun_minified.js"]!,
    esbuild: kinds["esbuild_minified.mjs"]!,
    rollup: kinds["rollup.mjs"]!,
  };
  for (const [name, { bundler, runtimes }] of Object.entries(bundlers)) {
    const bundle = async (title: string, source: string, external: readonly string[] = []): Promise<string> => {
      const entry = `${title}.mjs`;
      await Deno.writeTextFile(`${app}/${entry}`, source);
      const output = `bundled/${title}_${name}.mjs`;
      const outcome = await bundler({ workspace, entry, output, external });
      if (!outcome.ok) failures.push(`${output}: ${outcome.output}`);
      return output;
    };
    const unused = await Deno.readTextFile(`${app}/${await bundle("unused", UNUSED, optionalPackages)}`);
    if (unused.length > 100) failures.push(`${name} leaves ${unused.length} characters of what is not used`);
    const one = await bundle("one_function", ONE_FUNCTION);
    for (const runtime of runtimes) {
      const { ok, output } = await run(commandOf(workspace, runtime, one), { cwd: app, env: workspace.env });
      if (!ok || output !== "8\n") failures.push(`${one} on ${runtime}: ${output}`);
    }
    if (name === "rollup") continue; // the command line imports JSON and CommonJS of others
    const { size } = await Deno.stat(`${app}/${await bundle("command_line", COMMAND_LINE, optionalPackages)}`);
    if (size < 100_000) failures.push(`${name} drops the command line`);
  }
  await esbuild.stop();
  return { ok: failures.length === 0, output: failures.join("\n") };
}

const optionalPackages = ["@duckdb/node-api", "@resvg/resvg-js", "apache-arrow", "pg"];

/**
 * Bundles the app that analyses. Without the optional packages it is bundled as it is, and names the
 * one that is missing; where they are installed they are declared external, since they have native
 * code, and it analyses the earlier recordings.
 */
export async function analyseBundled(installed: boolean, workspace: Workspace): Promise<Outcome> {
  const app = appFolder(workspace);
  const entry = await addModule(workspace, "analysis_app.ts");
  const failures: string[] = [];
  for (const name of ["bun_minified.js", "deno.js", "esbuild_minified.mjs", "rollup.mjs"]) {
    const { bundler, runtimes } = kinds[name]!;
    const output = `bundled/analysis_${name}`;
    // Rollup reports what it cannot resolve.
    const external = installed || name === "rollup.mjs" ? optionalPackages : [];
    const outcome = await bundler({ workspace, entry, output, external });
    if (!outcome.ok) failures.push(`${output}: ${outcome.output}`);
    for (const runtime of outcome.ok ? runtimes : []) {
      const { output: text } = await run([...commandOf(workspace, runtime, output), `recorded-${runtime}`], {
        cwd: app,
        env: workspace.env,
      });
      if (installed ? text !== FOUND : !MISSING.test(text)) failures.push(`${output} on ${runtime}: ${text}`);
    }
  }
  await esbuild.stop();
  return { ok: failures.length === 0, output: failures.join("\n") };
}

/** Copies a module to the app. Returns its path there. */
async function addModule(workspace: Workspace, name: string): Promise<string> {
  await Deno.copyFile(`${workspace.root}/tests/packaging/${name}`, `${appFolder(workspace)}/${name}`);
  return name;
}

/** The command that runs a bundle. */
function commandOf({ bin }: Workspace, runtime: RuntimeName, file: string): [string, ...string[]] {
  if (!/\.\w+$/.test(file)) return [`./${file}`];
  return runtime === "bun" ? [bin.bun, file] : [bin.deno, "run", "-A", file];
}
