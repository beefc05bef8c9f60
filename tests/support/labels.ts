const encoder = new TextEncoder();

/** Bytes of UTF-8 that a text takes. */
export function utf8Length(text: string): number {
  return encoder.encode(text).length;
}

/**
 * The text of a label in a file, computed in the simplest way: U+FFFD for NUL and lone surrogates,
 * and cut at a character with `…`.
 */
export function asWritten(label: string, maxBytes = 16_384): string {
  const text = label.toWellFormed().replaceAll("\0", "\ufffd");
  if (utf8Length(text) <= maxBytes) return text;
  let kept = "";
  let bytes = 0;
  for (const character of text) {
    bytes += utf8Length(character);
    if (bytes > maxBytes - utf8Length("…")) break;
    kept += character;
  }
  return `${kept}…`;
}
