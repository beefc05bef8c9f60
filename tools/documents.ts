/**
 * The documents of the project and the links between them.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** The documents that every package has; what they link to comes along. */
const packaged = ["README.md", "CHANGELOG.md", "LICENSE"];

/** The text of a Markdown file without its blocks of code. */
export function proseOf(root: string, path: string): string {
  return readFileSync(join(root, path), "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "");
}

/**
 * The targets of the links and images of a Markdown file that are no web addresses, as they are
 * written.
 */
export function linksOf(root: string, path: string): string[] {
  return [...proseOf(root, path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
    .filter((target) => !/^https?:/.test(target));
}

/** The file that a link in a document leads to, from the root. */
export function targetOf(path: string, link: string): string {
  const [file = ""] = link.split("#");
  return file === "" ? path : posix.join(posix.dirname(path), file);
}

/**
 * The files that go into a package so that every link and image of its README works there,
 * ascending.
 */
export function packagedDocuments(root: string): string[] {
  const found = new Set(packaged);
  for (const path of found) {
    if (!path.endsWith(".md")) continue;
    for (const link of linksOf(root, path)) found.add(targetOf(path, link));
  }
  return [...found].sort();
}
