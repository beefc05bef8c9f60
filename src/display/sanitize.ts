/**
 * Text from data as a person is to see it. Labels are whatever a program called them.
 *
 * @module
 */

/** What has no width, or moves, hides or turns around what stands beside it. */
const dangerous = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}\u2060-\u2064\ufeff\ufff9-\ufffb]/gv;

/** Text without anything that a terminal or a page would obey instead of show: control characters and the like as `\n`, `\x1b`, `\u202e`. */
export function sanitize(text: string): string {
  return text.replaceAll(dangerous, (character) => {
    const escape = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
    const code = character.charCodeAt(0).toString(16);
    return escape ?? (code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`);
  });
}

/** Data with all texts in it {@linkcode sanitize}. */
export function sanitizeData<Data>(data: Data): Data {
  return visit(data) as Data;
}

function visit(value: unknown): unknown {
  if (typeof value === "string") return sanitize(value);
  if (typeof value !== "object" || value === null) return value;
  // Most of a report are numbers, which are left where they are.
  if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(visit);
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, visit(of)]));
}
