/**
 * The documents of the project and the links between them.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { findExamples } from "./gate/doc_examples.ts";

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

/**
 * Where TypeScript's language service splits the examples of a module, as `path:line`. Up to version
 * 6 it takes `@` and a word for a tag in code too, after a space or at the start of a line, so
 * editors show the example only up to there.
 */
export function findSplitExamples(path: string, text: string): string[] {
  return findExamples(path, text).flatMap(({ origin, code }) => {
    const [, start] = /:(\d+)$/.exec(origin)!;
    return code.split("\n").flatMap((line, i) => /(?:^|[\s{])@\w/.test(line) ? [`${path}:${Number(start) + i}`] : []);
  });
}
