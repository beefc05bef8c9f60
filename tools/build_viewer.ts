/**
 * Builds the code of the report's page into `src/report/viewer_bundle.ts`: `deno run -A tools/build_viewer.ts`. It is built again only if
 * something has changed that it is made of.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { licencesOfPackages } from "./built_in_packages.ts";
import { run } from "./gate/command.ts";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const bun = `${root}/node_modules/.bin/bun`;
const viewer = "src/report/viewer";
const bundle = `${root}/src/report/viewer_bundle.ts`;
/** Style sheets of packages; those of the page come behind them. */
const packageStyles = [
  "node_modules/uplot/dist/uPlot.min.css",
  "node_modules/d3-flame-graph/dist/d3-flamegraph.css",
];
const styles = ["page", "toolbar", "charts", "tables", "flame_graph", "small"];

/** Builds the page's code unless it is there already. */
export async function buildViewer(): Promise<void> {
  const stamp = `// Made by tools/build_viewer.ts of ${await hashOfSources()}`;
  const present = await Deno.readTextFile(bundle).catch(() => "");
  if (present.startsWith(`${stamp}\n`)) return;
  const temporary = await Deno.makeTempDir({ prefix: "kymo-viewer-" });
  try {
    const { script, style, notices } = await build(temporary);
    const exports = [
      ["The code of the page.", "script", script],
      ["Its style.", "style", style],
      ["The licences of the packages that are built in.", "notices", notices],
    ].map(([comment, name, text]) => `/** ${comment} */\nexport const ${name}: string = ${JSON.stringify(text)};\n`);
    // Tests of both runtimes may be built for at the same moment.
    await Deno.writeTextFile(
      `${bundle}.${Deno.pid}`,
      `${stamp}\n${exports.join("")}`,
    );
    await Deno.rename(`${bundle}.${Deno.pid}`, bundle);
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

async function build(
  temporary: string,
): Promise<{ script: string; style: string; notices: string }> {
  const entry = `${viewer}/main.ts`;
  const options = ["--target=browser", "--format=iife", `--outdir=${temporary}`, `--metafile=${temporary}/bundle.json`];
  await must([bun, "build", entry, "--minify", ...options]);
  const { inputs } = JSON.parse(
    await Deno.readTextFile(`${temporary}/bundle.json`),
  );
  const texts = [
    ...packageStyles,
    ...styles.map((name) => `${viewer}/style/${name}.css`),
  ]
    .map((path) => Deno.readTextFileSync(`${root}/${path}`));
  const notices = await licencesOfPackages(root, Object.keys(inputs), "This page has these packages built in.\n");
  return {
    script: sanitize(await Deno.readTextFile(`${temporary}/main.js`)),
    style: sanitize(small(texts.join("\n"))),
    notices,
  };
}

/** A style sheet without comments and indentation. (Bundlers also replace functions such as `light-dark()`, and break them by that.) */
function small(style: string): string {
  return style.replaceAll(/\/\*.*?\*\//gs, "").replaceAll(/\s*\n\s*/g, "\n").trim();
}

/** Text that ends no element and begins no comment of HTML; within a string of JavaScript it means the same. */
function sanitize(text: string): string {
  return text.replaceAll(/<(?=\/(?:script|style)|!--)/gi, "\\x3c");
}

/** A hash of all that the bundle is made of. */
async function hashOfSources(): Promise<string> {
  const sources = [
    ...listFiles(viewer),
    ...[
      "src/statistics/buckets.ts",
      "src/report/shared/function_times.ts",
      "tools/build_viewer.ts",
      "tools/built_in_packages.ts",
      "package.json",
    ],
  ].sort();
  const text = sources.map((path) => `${path}\n${Deno.readTextFileSync(`${root}/${path}`)}`).join("\n");
  const hash = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)),
  );
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function listFiles(folder: string): string[] {
  return [...Deno.readDirSync(`${root}/${folder}`)].flatMap((
    { name, isDirectory },
  ) => isDirectory ? listFiles(`${folder}/${name}`) : [`${folder}/${name}`]);
}

async function must(command: [string, ...string[]]): Promise<void> {
  const { ok, output } = await run(command, { cwd: root });
  if (!ok) {
    throw new Error(
      `Cannot build the page of the report: ${command.join(" ")}\n${output}`,
    );
  }
}

if (import.meta.main) await buildViewer();
