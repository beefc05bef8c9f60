/**
 * Collects the licences of npm packages whose code is bundled.
 *
 * @module
 */

import { readdir, readFile } from "node:fs/promises";

/**
 * Returns `heading`, followed by the licence of each npm package that a bundle has input files of.
 */
export async function licencesOfPackages(root: string, files: readonly string[], heading: string): Promise<string> {
  const folders = new Set(files.flatMap((file) => /^.*\bnode_modules\/(@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? []));
  const chapters = await Promise.all([...folders].sort().map((folder) => licenceOf(`${root}/${folder}`)));
  return [heading, ...chapters].join("\n");
}

async function licenceOf(folder: string): Promise<string> {
  const { name, version } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
  const file = (await readdir(folder)).find((name) => /^licen[cs]e/i.test(name));
  if (file === undefined) throw new Error(`Cannot bundle the package: ${name}: it has no licence file`);
  const text = await readFile(`${folder}/${file}`, "utf8");
  return `## ${name} ${version}\n\n${text.replaceAll(/^[ \t]+/gm, "").trim()}\n`;
}
