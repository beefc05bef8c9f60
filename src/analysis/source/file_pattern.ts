/**
 * Patterns of paths: `*` is any text within a name, `?` a character, `[abc]`, `[a-z]` and `[!abc]`
 * one of some, and `**` any number of directories. Hidden names match only what begins with a dot.
 *
 * DuckDB's `glob` passes over directories and pipes without a word, and the user would not learn
 * why they are not read.
 *
 * @module
 */

import { fileError } from "../../errors.ts";
import { type Files, unlessMissing } from "../../runtime.ts";

/** Whether a source that does not exist is meant as a pattern. */
export function isPattern(source: string): boolean {
  return /[*?[]/.test(source);
}

/**
 * The paths that match, whatever they are, sorted. `pattern` must be as given by
 * {@linkcode Files.resolve}.
 *
 * @throws {KymoError} if a directory on the way cannot be read.
 */
export function expandPattern(files: Files, pattern: string): string[] {
  const isAbsolute = pattern.startsWith("/");
  const parts = pattern.split("/").filter((part) => part !== "");
  let reached = [isAbsolute ? "/" : ""];
  for (const [i, part] of parts.entries()) {
    const isLast = i === parts.length - 1;
    if (part === "**") {
      reached = [...new Set(reached.flatMap((path) => withDirectoriesBelow(files, path)))];
      if (isLast) reached = reached.flatMap((path) => namesIn(files, path).map((name) => join(path, name)));
    } else if (isPattern(part)) {
      const matches = matcherOf(part);
      reached = reached.flatMap((path) => namesIn(files, path).filter(matches).map((name) => join(path, name)));
    } else {
      reached = reached.map((path) => join(path, part));
    }
  }
  return reached.filter((path) => reading(path, () => files.status(path)) !== undefined).sort();
}

function withDirectoriesBelow(files: Files, path: string): string[] {
  const below = namesIn(files, path).filter(isVisible).map((name) => join(path, name))
    .filter((one) => reading(one, () => files.status(one))?.kind === "directory"); // a link may lead in a circle
  return [path, ...below.flatMap((one) => withDirectoriesBelow(files, one))];
}

/** The names in a directory, visible or not; none if it is no directory. */
function namesIn(files: Files, path: string): string[] {
  return reading(path, () => files.list(path === "" ? "." : path)) ?? [];
}

function reading<T>(path: string, operation: () => T): T | undefined {
  try {
    return unlessMissing(operation);
  } catch (error) {
    throw fileError("Cannot read", path, error);
  }
}

function join(path: string, name: string): string {
  return path === "" || path.endsWith("/") ? path + name : `${path}/${name}`;
}

function isVisible(name: string): boolean {
  return !name.startsWith(".");
}

/** Tells whether a name matches one part of a pattern. */
function matcherOf(part: string): (name: string) => boolean {
  const source = part.replace(/\[(!?)([^\]]+)\]|[\\^$.|+(){}[\]*?]/g, (text, not: string | undefined, set: string) => {
    if (text === "*") return ".*";
    if (text === "?") return ".";
    if (set === undefined) return `\\${text}`;
    return `[${not === "!" ? "^" : ""}${set.replace(/[\\\]^[&|~]/g, "\\$&")}]`;
  });
  const expression = compiled(source) ?? compiled(part.replace(/[\\^$.|+(){}[\]*?]/g, "\\$&"))!;
  return (name) => (isVisible(name) || part.startsWith(".")) && expression.test(name);
}

/** `undefined` if it is no expression: `[z-a]`. */
function compiled(source: string): RegExp | undefined {
  try {
    return new RegExp(`^${source}$`, "su");
  } catch {
    return undefined;
  }
}
