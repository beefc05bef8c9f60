/**
 * Bundles the entry for preloads into `src/auto/kymo_auto.js`, which is what JSR and npm publish as
 * `@kymo/kymo/auto`: `deno run -A tools/build_preload.ts`.
 *
 * Loading the 120 modules that a recording needs takes Deno some 40 ms longer than loading one file
 * of theirs, at each start of a program, and the six files that npm has for the rest of the library a
 * quarter longer. Names are those of the source, as in the npm package.
 *
 * @module
 */

import { build, stop } from "esbuild";
import { rename } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The bundle, from the root of the tree. */
export const preloadBundle = "src/auto/kymo_auto.js";

const entry = "src/auto/mod.ts";

// The first line keeps Bun from compiling what is compiled.
const banner = `// @bun
// deno-fmt-ignore-file deno-lint-ignore-file
// @ts-self-types="./mod.ts"
/**
 * Records the HTTP requests of a program, and its runtime, without a change of its code: the modules
 * that src/auto/mod.ts imports, in one file. Made by tools/build_preload.ts.
 *
 * @module
 */`;

/** Bundles the entry of the tree at `root` into a file. */
export async function buildPreload(root: string, file = `${root}/${preloadBundle}`): Promise<void> {
  // Published whole: a test of each runtime may build it at the same moment.
  const temporary = `${file}.${process.pid}`;
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: temporary,
    bundle: true,
    format: "esm",
    platform: "node",
    external: ["bun:*"],
    target: "es2024",
    minifyWhitespace: true,
    minifySyntax: true,
    banner: { js: banner },
    logLevel: "silent",
  });
  await stop();
  await rename(temporary, file);
}

if (import.meta.main) await buildPreload(fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, ""));
