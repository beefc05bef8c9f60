/**
 * Runs the examples in Markdown and doc comments: on Deno with `deno test --doc`, on Bun by finding
 * the same blocks.
 *
 * @module
 */

import { type Outcome, run } from "./command.ts";
import type { Workspace } from "./workspace.ts";

/** A code block of the documentation. */
export interface Example {
  /** File and line of the first line of code. */
  readonly origin: string;
  readonly code: string;
}

/** Files and folders with examples. */
const documentation = ["README.md", "docs", "mod.ts", "src"];

/** Runs the examples on Deno, each in its own isolate. */
export async function runExamplesOnDeno(workspace: Workspace): Promise<Outcome> {
  const cwd = await Deno.makeTempDir({ dir: workspace.temporary });
  const paths = documentation.map((path) => `${workspace.root}/${path}`);
  return await run(
    [workspace.bin.deno, "test", "--doc", "-A", `--config=${workspace.root}/deno.json`, ...paths],
    { cwd, env: workspace.env },
  );
}

/** Runs the examples that do not name `Deno` on Bun, each in its own process. */
export async function runExamplesOnBun(workspace: Workspace): Promise<Outcome> {
  const cwd = await Deno.makeTempDir({ dir: workspace.temporary });
  await Deno.mkdir(`${cwd}/node_modules/@kymo`, { recursive: true });
  await Deno.symlink(workspace.root, `${cwd}/node_modules/@kymo/kymo`);
  for (const name of ["@std", "apache-arrow"]) {
    await Deno.symlink(`${workspace.root}/node_modules/${name}`, `${cwd}/node_modules/${name}`);
  }
  const examples = documentation.flatMap((path) => documentationBelow(workspace.root, path))
    .flatMap((path) => findExamples(path, Deno.readTextFileSync(`${workspace.root}/${path}`)))
    .filter(({ code }) => !/\bDeno\b/.test(code));
  const failures: string[] = [];
  for (const { origin, code } of examples) {
    await Deno.writeTextFile(`${cwd}/example.ts`, code);
    const { ok, output } = await run([workspace.bin.bun, "example.ts"], { cwd, env: workspace.env, timeout: 60_000 });
    if (!ok) failures.push(`${origin}\n${output}`);
  }
  return {
    ok: examples.length > 0 && failures.length === 0,
    output: [`${examples.length} examples`, ...failures].join("\n"),
  };
}

function documentationBelow(root: string, path: string): string[] {
  if (Deno.statSync(`${root}/${path}`).isFile) return [path];
  return [...Deno.readDirSync(`${root}/${path}`)]
    .filter(({ name, isDirectory }) => isDirectory || /\.(ts|md)$/.test(name))
    .flatMap(({ name }) => documentationBelow(root, `${path}/${name}`)).sort();
}

/** The examples of a Markdown file or a TypeScript module, without blocks marked `ignore`. */
export function findExamples(path: string, text: string): Example[] {
  const lines = path.endsWith(".md") ? text.split("\n") : docCommentLines(text);
  const examples: Example[] = [];
  let fence: { info: string; start: number } | undefined;
  for (const [index, line] of lines.entries()) {
    const info = /^\s*```(.*)$/.exec(line)?.[1];
    if (info === undefined) continue;
    if (fence === undefined) {
      fence = { info, start: index + 1 };
      continue;
    }
    if (/^(ts|typescript|js|javascript)\b/.test(fence.info) && !/\bignore\b/.test(fence.info)) {
      examples.push({ origin: `${path}:${fence.start + 1}`, code: lines.slice(fence.start, index).join("\n") });
    }
    fence = undefined;
  }
  return examples;
}

/** The lines of a module; all text outside doc comments is blank. */
function docCommentLines(text: string): string[] {
  let inside = false;
  return text.split("\n").map((line) => {
    if (/^\s*\/\*\*/.test(line)) inside = true;
    const content = inside ? line.replace(/^\s*(\/\*\*|\*(?!\/)) ?/, "") : "";
    if (line.includes("*/")) inside = false;
    return content;
  });
}
