/**
 * Builds the npm package: `deno run -A tools/build_npm.ts [folder]`, by default into `npm/`.
 *
 * The two entries are bundled together, so that they share their modules and with them the one monitor. What `@std/csv` contributes is built
 * in, hence no dependency at run time. Declarations are kept file by file.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import denoJson from "../deno.json" with { type: "json" };
import packageJson from "../package.json" with { type: "json" };
import { readSource } from "./architecture/source.ts";
import { run } from "./gate/command.ts";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const entries = Object.values(denoJson.exports);

/** Builds the package into a folder, which must be new or empty. */
export async function buildNpm(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for await (const { name } of Deno.readDir(folder)) {
    throw new Error(`Cannot build the npm package: the folder is not empty, it has ${name}: ${folder}`);
  }
  await bundle(folder);
  await declare(folder);
  await Deno.writeTextFile(`${folder}/package.json`, `${JSON.stringify(manifest(), null, 2)}\n`);
  for (const name of ["README.md", "CHANGELOG.md", "LICENSE"]) {
    await Deno.copyFile(`${root}/${name}`, `${folder}/${name}`);
  }
  await Deno.copyFile(`${root}/links/std-csv/NOTICES.md`, `${folder}/NOTICES.md`);
}

async function bundle(folder: string): Promise<void> {
  await must([
    `${root}/node_modules/.bin/bun`,
    "build",
    ...entries,
    "--splitting",
    "--format=esm",
    "--target=node",
    "--external=bun:*",
    `--root=${root}`,
    `--outdir=${folder}`,
  ]);
}

/** Writes the declarations that the entries reach, and no others: those of the adapters would bother a compiler with types of a runtime. */
async function declare(folder: string): Promise<void> {
  const temporary = await Deno.makeTempDir({ prefix: "kymo-types-" });
  try {
    await emitDeclarations(temporary);
    const reached = new Set(entries.map((entry) => entry.replace(/^\.\/(.*)\.ts$/, "$1.d.ts")));
    for (const path of reached) {
      const text = await Deno.readTextFile(`${temporary}/${path}`);
      await Deno.mkdir(dirname(`${folder}/${path}`), { recursive: true });
      await Deno.writeTextFile(`${folder}/${path}`, text.replaceAll(/\b(from |import\()"(\.[^"]*)\.ts"/g, '$1"$2.js"'));
      for (const specifier of readSource(path, text).imports) {
        if (specifier.startsWith(".")) reached.add(join(dirname(path), specifier).replace(/\.ts$/, ".d.ts"));
      }
    }
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

async function emitDeclarations(folder: string): Promise<void> {
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
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

/** What the world sees of `package.json`. */
function manifest(): Record<string, unknown> {
  const exports = Object.entries(denoJson.exports).map(([name, entry]) => {
    const path = entry.replace(/\.ts$/, "");
    return [name, { types: `${path}.d.ts`, default: `${path}.js` }];
  });
  return {
    name: denoJson.name,
    version: denoJson.version,
    description: packageJson.description,
    keywords: packageJson.keywords,
    license: denoJson.license,
    type: "module",
    exports: Object.fromEntries(exports),
    engines: { bun: ">=1.4.5", deno: ">=2.9.6" },
  };
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
