/**
 * Text from data made safe to show. Labels, names of functions and paths are whatever a program
 * called them.
 *
 * @module
 */

/** Characters that have no width, or that move, hide or reverse the text around them. */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}\u2060-\u2064\ufeff\ufff9-\ufffb]/gv;

/**
 * The text with escapes such as `\n`, `\x1b` and `\u202e` in place of everything that a terminal or
 * a page would obey instead of show.
 */
export function sanitize(text: string): string {
  return text.replaceAll(unsafe, (character) => {
    const escape = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
    const code = character.charCodeAt(0).toString(16);
    return escape ?? (code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`);
  });
}

/** A label for people: one that shows nothing, such as an empty one, is in quotes. */
export function labelText(label: string): string {
  return label.trim() === "" ? `"${sanitize(label)}"` : sanitize(label);
}

/** Data with every text in it {@linkcode sanitize}d. */
export function sanitizeData<Data>(data: Data): Data {
  return visit(data) as Data;
}

function visit(value: unknown): unknown {
  if (typeof value === "string") return sanitize(value);
  if (typeof value !== "object" || value === null) return value;
  // Most of a report are arrays of numbers, which need no copy.
  if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(visit);
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, visit(of)]));
}
