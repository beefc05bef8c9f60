/** Whether a text is meant by a pattern, or by one of several: `*` stands for any characters, also none, and `?` for one. */
export function matcher(...patterns: readonly string[]): (text: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const source = pattern.replace(/[\\^$.|+()[\]{}/]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
    return new RegExp(`^${source}$`, "su");
  });
  return (text) => expressions.some((expression) => expression.test(text));
}
