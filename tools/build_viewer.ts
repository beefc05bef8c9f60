/**
 * Bundles the pages of the report and of the comparison into `src/report/viewer_bundle.ts`: `deno run -A tools/build_viewer.ts`.
 *
 * It always bundles, which takes 0.03 s, and replaces the file only if the text differs. So there is
 * no list of inputs that could be incomplete, and a file that nothing has changed keeps its time.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { licencesOfPackages } from "./built_in_packages.ts";

const viewer = "src/report/viewer";
const bundle = "src/report/viewer_bundle.ts";
/** Style sheets in the order in which they apply: those of the packages, then the page's own. */
const styles = [
  "node_modules/uplot/dist/uPlot.min.css",
  ...["page", "toolbar", "programs", "charts", "tables", "flame_graph", "difference", "small"].map((name) =>
    `${viewer}/style/${name}.css`
  ),
];

/**
 * Bundles the page of the tree at `root`.
 *
 * @returns whether the bundle has changed.
 */
export async function buildViewer(root: string): Promise<boolean> {
  const text = await bundleText(root);
  const path = `${root}/${bundle}`;
  if (await readFile(path, "utf8").catch(() => "") === text) return false;
  // Published whole: tests of both runtimes may be built for at the same moment.
  await writeFile(`${path}.${process.pid}`, text);
  await rename(`${path}.${process.pid}`, path);
  return true;
}

async function bundleText(root: string): Promise<string> {
  const report = await bundleScript(root, "main");
  const difference = await bundleScript(root, "difference/main");
  const texts = await Promise.all(styles.map((path) => readFile(`${root}/${path}`, "utf8")));
  const notices = await licencesOfPackages(
    root,
    [...report.inputs, ...difference.inputs],
    "This page has these packages built in.\n",
  );
  const exports = [
    ["The script of the report's page.", "script", escapeMarkup(report.script)],
    ["The script of the page that compares.", "differenceScript", escapeMarkup(difference.script)],
    ["The style sheet of both.", "style", escapeMarkup(minifyStyle(texts.join("\n")))],
    ["The licences of the packages that are built in.", "notices", notices],
  ].map(([comment, name, text]) => `/** ${comment} */\nexport const ${name}: string = ${JSON.stringify(text)};\n`);
  return `// Made by tools/build_viewer.ts.\n${exports.join("")}`;
}

/** Returns a page's script and the files that it is made of. `entry`: in the viewer, without extension. */
async function bundleScript(root: string, entry: string): Promise<{ script: string; inputs: string[] }> {
  const temporary = await mkdtemp(`${tmpdir()}/kymo-viewer-`);
  try {
    const options = ["--target=browser", "--format=iife", `--outdir=${temporary}`];
    const metafile = `${temporary}/bundle.json`;
    const args = ["build", `${viewer}/${entry}.ts`, "--minify", ...options, `--metafile=${metafile}`];
    await promisify(execFile)(`${root}/node_modules/.bin/bun`, args, { cwd: root });
    const { inputs } = JSON.parse(await readFile(metafile, "utf8"));
    return { script: await readFile(`${temporary}/main.js`, "utf8"), inputs: Object.keys(inputs) };
  } finally {
    await rm(temporary, { recursive: true });
  }
}

/**
 * Removes comments and indentation from a style sheet. (Bundlers also replace functions such as
 * `light-dark()`, and break them by that.)
 */
function minifyStyle(style: string): string {
  return style.replaceAll(/\/\*.*?\*\//gs, "").replaceAll(/\s*\n\s*/g, "\n").trim();
}

/** Escapes what would end an HTML element or begin a comment; JavaScript strings keep their value. */
function escapeMarkup(text: string): string {
  return text.replaceAll(/<(?=\/(?:script|style)|!--)/gi, "\\x3c");
}

if (import.meta.main) await buildViewer(fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, ""));
