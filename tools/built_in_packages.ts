/**
 * What the licences of packages ask of whoever hands their code on: that their text goes with it.
 *
 * @module
 */

/** The licence of every npm package that one of the files of a bundle belongs to, each a chapter, below a heading. */
export async function licencesOfPackages(root: string, files: readonly string[], heading: string): Promise<string> {
  const folders = new Set(files.flatMap((file) => /^.*\bnode_modules\/(@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? []));
  const chapters = await Promise.all([...folders].sort().map((folder) => licenceOf(`${root}/${folder}`)));
  return [heading, ...chapters].join("\n");
}

async function licenceOf(folder: string): Promise<string> {
  const { name, version } = JSON.parse(await Deno.readTextFile(`${folder}/package.json`));
  for await (const entry of Deno.readDir(folder)) {
    if (!/^licen[cs]e/i.test(entry.name)) continue;
    const text = await Deno.readTextFile(`${folder}/${entry.name}`);
    return `## ${name} ${version}\n\n${text.replaceAll(/^[ \t]+/gm, "").trim()}\n`;
  }
  throw new Error(`Cannot hand on a package without a licence: ${name}`);
}
