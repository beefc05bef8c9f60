/** An SQL identifier in quotes. */
export function identifier(name: string): string {
  return `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;
}

/** An SQL text in quotes. */
export function literal(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\0", "\\0")}'`;
}

/** Texts in brackets, for `IN`. ClickHouse takes no empty list: nothing is like NUL. */
export function literals(texts: readonly string[]): string {
  return `(${(texts.length === 0 ? ["\0"] : texts).map(literal).join(", ")})`;
}
