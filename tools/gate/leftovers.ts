/**
 * Finds files that a run did not remove.
 *
 * @module
 */

import type { Outcome } from "./command.ts";
import type { Workspace } from "./workspace.ts";

/** Folder for output that people look at, such as screenshots. */
const testOutput = "tests/output";

/** Paths in the repository, without `.git`, `node_modules` and the output for people. */
export function listTree(root: string, folder = ""): string[] {
  return [...Deno.readDirSync(`${root}/${folder}`)].flatMap(({ name, isDirectory }) => {
    if (name === ".git" || name === "node_modules") return [];
    const path = `${folder}${name}`;
    if (path === testOutput) return [];
    return isDirectory ? [path, ...listTree(root, `${path}/`)] : [path];
  });
}

/** Passes if neither the repository nor the temporary folder of the tests has new files. */
export function findLeftovers(before: readonly string[], { root, scratch }: Workspace): Outcome {
  const known = new Set(before);
  const left = [
    ...listTree(root).filter((path) => !known.has(path)),
    ...[...Deno.readDirSync(scratch)].map(({ name }) => `${scratch}/${name}`),
  ];
  return { ok: left.length === 0, output: left.join("\n") };
}
