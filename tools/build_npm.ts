/**
 * Builds the npm package: `deno run -A tools/build_npm.ts [folder]`, by default into `npm/`.
 *
 * The entries of the library are bundled together, so that they share their modules and the default
 * monitor; every name is as in the source, also in stack traces and profiles. The entry for preloads
 * is the one file of `build_preload.ts`, since those modules take longer to load at the start of each
 * program. The command line is a separate file, which a recording program never loads. Other packages
 * are built in, so there are no dependencies at run time except the optional peers of the analysis.
 * Declarations are kept file by file.
 *
 * @module
 */

import { nodeResolve } from "@rollup/plugin-node-resolve";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rollup } from "rollup";
import denoJson from "../deno.json" with { type: "json" };
import packageJson from "../package.json" with { type: "json" };
import { readSource } from "./architecture/source.ts";
import { buildPreload, preloadBundle } from "./build_preload.ts";
import { licencesOfPackages } from "./built_in_packages.ts";
import { packagedDocuments } from "./documents.ts";
import { run } from "./gate/command.ts";
import { OLDEST } from "./versions/supported.ts";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const entries = Object.values(packageJson.exports);
const { "./cli": cli, "./auto": auto } = packageJson.exports;
/** Packages that only the analysis needs, and shipping to PostgreSQL. */
const optionalPeers = ["@duckdb/node-api", "@resvg/resvg-js", "apache-arrow", "pg"] as const;
/**
 * The head of the command line's file, with which a shell runs the file on the first runtime that
 * there is, unrecorded, though a preload may be in `BUN_OPTIONS`. To JavaScript it is a string and a
 * comment. `env` finds the shell on Windows too, where the shims of package managers read this first
 * line.
 */
const launcher = `#!/usr/bin/env sh
":" /* A shell reads the lines to the end of this comment.
export KYMO_AUTO=0
command -v bun >/dev/null 2>&1 && exec bun "$0" "$@"
command -v node >/dev/null 2>&1 && exec node "$0" "$@"
command -v deno >/dev/null 2>&1 && exec deno run --allow-all "$0" "$@"
echo "Cannot run kymo: there is no Bun, no Node and no Deno in the PATH" >&2
exit 127
*/
`;
/** The path of a module in the package. */
const built = (entry: string): string => entry === auto ? `./${preloadBundle}` : entry.replace(/\.ts$/, ".js");

/** Builds the package into a folder, which must be new or empty. */
export async function buildNpm(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for await (const { name } of Deno.readDir(folder)) {
    throw new Error(`Cannot build the npm package: the folder is not empty, it has ${name}: ${folder}`);
  }
  await buildLibrary(folder);
  await Deno.mkdir(dirname(`${folder}/${preloadBundle}`), { recursive: true });
  await buildPreload(root, `${folder}/${preloadBundle}`);
  const cliPackages = await bundleCommandLine(folder);
  for (const path of packagedDocuments(root)) {
    await Deno.mkdir(dirname(`${folder}/${path}`), { recursive: true });
    await Deno.copyFile(`${root}/${path}`, `${folder}/${path}`);
  }
  const notices = await Deno.readTextFile(`${root}/links/std-csv/NOTICES.md`);
  await Deno.writeTextFile(`${folder}/NOTICES.md`, `${notices}\n${cliPackages}`);
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  await Deno.writeTextFile(`${folder}/package.json`, `${JSON.stringify({ ...manifest(), files }, null, 2)}\n`);
}

/**
 * Bundles the command line as a program. Returns the licences of the packages that are built in.
 */
async function bundleCommandLine(folder: string): Promise<string> {
  const temporary = await Deno.makeTempDir({ prefix: "kymo-bundle-" });
  try {
    await must([
      `${root}/node_modules/.bin/bun`,
      "build",
      cli,
      "--format=esm",
      "--target=node",
      "--external=bun:*",
      ...optionalPeers.map((name) => `--external=${name}`),
      `--root=${root}`,
      `--outdir=${folder}`,
      `--metafile=${temporary}/bundle.json`,
    ]);
    const { inputs } = JSON.parse(await Deno.readTextFile(`${temporary}/bundle.json`));
    const path = `${folder}/${built(cli)}`;
    await Deno.writeTextFile(path, `${launcher}${await Deno.readTextFile(path)}`);
    await Deno.chmod(path, 0o755);
    return await licencesOfPackages(
      root,
      Object.keys(inputs),
      "# Notices of the command line\n\nThe file of the command line has these packages built in. The analysis has pako.\n",
    );
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

/** Compiles the library, bundles its entries, and writes their declarations. */
async function buildLibrary(folder: string): Promise<void> {
  const compiled = await Deno.makeTempDir({ prefix: "kymo-compiled-" });
  try {
    await compile(compiled);
    await bundleLibrary(compiled, folder);
    await declare(compiled, folder);
  } finally {
    await Deno.remove(compiled, { recursive: true });
  }
}

async function bundleLibrary(compiled: string, folder: string): Promise<void> {
  const library = entries.filter((entry) => entry !== cli && entry !== auto).map((entry) =>
    entry.replace(/^\.\/(.*)\.ts$/, "$1")
  );
  const bundle = await rollup({
    input: Object.fromEntries(library.map((name) => [name, `${compiled}/${name}.js`])),
    external: [/^(?:node|bun):/, ...optionalPeers],
    plugins: [nodeResolve({ modulePaths: [`${root}/node_modules`] })],
    onLog: (_level, { code, message }) => {
      // The compiler's helper for `using` looks for one of a script's `this`.
      if (code !== "THIS_IS_UNDEFINED") throw new Error(`Cannot build the npm package: ${message}`);
    },
  });
  await bundle.write({ dir: folder, chunkFileNames: "chunks/[name]-[hash].js" });
  await bundle.close();
}

/**
 * Writes the declarations that the entries reach. Those of the adapters would require the types of
 * a runtime.
 */
async function declare(compiled: string, folder: string): Promise<void> {
  const reached = new Set(entries.map((entry) => entry.replace(/^\.\/(.*)\.ts$/, "$1.d.ts")));
  for (const path of reached) {
    const text = await Deno.readTextFile(`${compiled}/${path}`);
    await Deno.mkdir(dirname(`${folder}/${path}`), { recursive: true });
    await Deno.writeTextFile(`${folder}/${path}`, text.replaceAll(/\b(from |import\()"(\.[^"]*)\.ts"/g, '$1"$2.js"'));
    for (const specifier of readSource(path, text).imports) {
      if (specifier.startsWith(".")) reached.add(join(dirname(path), specifier).replace(/\.ts$/, ".d.ts"));
    }
  }
}

/** Compiles the entries and what they import to modules and declarations. */
async function compile(folder: string): Promise<void> {
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    rewriteRelativeImportExtensions: true,
    target: "es2024", // many parsers do not know `using`
    rootDir: root,
    outDir: folder,
    types: ["bun-types", "@types/deno"].map((name) => `${root}/node_modules/${name}`),
  };
  const files = entries.map((entry) => `${root}/${entry}`);
  const config = `${folder}/tsconfig.json`;
  await Deno.writeTextFile(
    config,
    JSON.stringify({ extends: `${root}/tsconfig.json`, compilerOptions, include: [], files }),
  );
  await must([`${root}/node_modules/.bin/tsc`, "-p", config]);
}

/** The `package.json` of the package, without its list of files. */
function manifest(): Record<string, unknown> {
  const exports = Object.entries(packageJson.exports).map(([name, entry]) => {
    return [name, { types: entry.replace(/\.ts$/, ".d.ts"), default: built(entry) }];
  });
  return {
    name: denoJson.name,
    version: denoJson.version,
    description: packageJson.description,
    keywords: packageJson.keywords,
    license: denoJson.license,
    type: "module",
    // Evaluating the library only prepares what its functions use: a program that calls none of them
    // loses nothing with it. The entry for preloads begins to record.
    sideEffects: [built(cli), built(auto)],
    exports: Object.fromEntries(exports),
    bin: { kymo: built(cli) },
    peerDependencies: Object.fromEntries(optionalPeers.map((name) => [name, rangeOf(name)])),
    peerDependenciesMeta: Object.fromEntries(optionalPeers.map((name) => [name, { optional: true }])),
    engines: Object.fromEntries(Object.entries(OLDEST).map(([runtime, version]) => [runtime, `>=${version}`])),
  };
}

/** The version range of an optional peer, as in `deno.json`. */
function rangeOf(name: typeof optionalPeers[number]): string {
  const specifier = denoJson.imports[name];
  return specifier.slice(specifier.lastIndexOf("@") + 1);
}

async function must(command: [string, ...string[]]): Promise<void> {
  const { ok, output } = await run(command, { cwd: root });
  if (!ok) throw new Error(`Cannot build the npm package: ${command.join(" ")}\n${output}`);
}

function ignoreAbsence(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

if (import.meta.main) {
  const [folder] = Deno.args;
  if (folder === undefined) await Deno.remove(`${root}/npm`, { recursive: true }).catch(ignoreAbsence);
  await buildNpm(folder ?? `${root}/npm`);
}
