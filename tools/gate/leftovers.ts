/**
 * Sees what a run left behind.
 *
 * @module
 */

import type { Outcome } from "./command.ts";
import type { Place } from "./place.ts";

/** What tests show to people, such as screenshots. */
const testOutput = "tests/output";

/** Names in the repository, without those of `.git` and `node_modules`, and what tests show to people. */
export function listTree(root: string, folder = ""): string[] {
  return [...Deno.readDirSync(`${root}/${folder}`)].flatMap(({ name, isDirectory }) => {
    if (name === ".git" || name === "node_modules") return [];
    const path = `${folder}${name}`;
    if (path === testOutput) return [];
    return isDirectory ? [path, ...listTree(root, `${path}/`)] : [path];
  });
}

/** Whether there is nothing that was not there before, neither in the repository nor in the scratch folder of the tests. */
export function findLeftovers(before: readonly string[], { root, scratch }: Place): Outcome {
  const known = new Set(before);
  const left = [
    ...listTree(root).filter((path) => !known.has(path)),
    ...[...Deno.readDirSync(scratch)].map(({ name }) => `${scratch}/${name}`),
  ];
  return { ok: left.length === 0, output: left.join("\n") };
}
