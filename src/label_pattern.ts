/**
 * Patterns of labels: `*` is any text, also none, and `?` any character; every other character is
 * itself.
 *
 * That is less than a glob: in `/orders/:id [GET]`, the usual form of a label, brackets would be a
 * set of characters, and `*` would end at a slash. So no glob library can do it. As SQL they are in
 * `analysis/frames/label_pattern.ts`.
 *
 * @module
 */

/**
 * Whether a label matches a pattern. Takes time in proportion to the product of their lengths at
 * most: patterns may come from anybody who can write to the directory.
 */
export function matchesLabel(pattern: string, label: string): boolean {
  const [wanted, given] = [Array.from(pattern), Array.from(label)];
  let [at, next] = [0, 0];
  /** The latest star, and the place in the label up to which it reaches. */
  let star = -1;
  let reach = 0;
  while (at < given.length) {
    if (wanted[next] === "*") {
      star = next++;
      reach = at;
    } else if (next < wanted.length && (wanted[next] === "?" || wanted[next] === given[at])) {
      next++;
      at++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++reach;
    } else return false;
  }
  while (wanted[next] === "*") next++;
  return next === wanted.length;
}

/** Returns a function that tells whether a text matches one of the patterns. */
export function labelMatcher(...patterns: readonly string[]): (text: string) => boolean {
  return (text) => patterns.some((pattern) => matchesLabel(pattern, text));
}
