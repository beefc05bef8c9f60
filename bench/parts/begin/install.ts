import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = new URL("../../../", import.meta.url);
const pathOf = (name: string): string => fileURLToPath(new URL(name, root));

/** The measured programs. */
export const programs = ["empty", "imports", "records", "shares"] as const;

/**
 * Creates a project in a folder, with the programs and the module as its users get it. In this
 * repository every program is slower, even an empty one: Deno reads the workspace and node_modules
 * first, and loads `@std/csv` through a link.
 */
export function install(folder: string): void {
  for (const name of programs) cpSync(pathOf(`bench/parts/begin/${name}.ts`), `${folder}/${name}.ts`);
  if ("Deno" in globalThis) installSources(folder);
  else installBundle(folder);
}

/** Copies the sources, as from JSR, and `@std/csv/parse` as separate modules. */
function installSources(folder: string): void {
  for (const name of ["mod.ts", "src", "runtime_adapters"]) {
    cpSync(pathOf(name), `${folder}/kymo/${name}`, { recursive: true });
  }
  cpSync(pathOf("node_modules/deno-std"), `${folder}/std`, { recursive: true, dereference: true });
  const imports = { "@kymo/kymo": "./kymo/mod.ts", "@std/csv/parse": "./std/csv/parse.js" };
  writeFileSync(`${folder}/deno.json`, JSON.stringify({ imports }));
}

/** Bundles the module into one file, as in the npm package. */
function installBundle(folder: string): void {
  const home = `${folder}/node_modules/@kymo/kymo`;
  mkdirSync(home, { recursive: true });
  const args = ["build", pathOf("mod.ts"), "--format=esm", "--target=node", "--external=bun:*", `--outdir=${home}`];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot build the module: ${stderr}`);
  writeFileSync(`${home}/package.json`, JSON.stringify({ name: "@kymo/kymo", type: "module", exports: "./mod.js" }));
}
