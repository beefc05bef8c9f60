/**
 * Coders of text for constants of modules. A runtime with nothing but ECMAScript has none: there the
 * modules can be imported all the same, and what would use the coders is never called.
 *
 * @module
 */

/** A `TextEncoder`. */
export function textEncoder(): TextEncoder {
  return typeof TextEncoder === "undefined" ? undefined as never : new TextEncoder();
}

/** A `TextDecoder` of an encoding. */
export function textDecoder(
  encoding?: "utf-8" | "latin1",
  options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean },
): TextDecoder {
  return typeof TextDecoder === "undefined" ? undefined as never : new TextDecoder(encoding, options);
}

/** The bytes of a text of ASCII characters. A loop, since this is a part of the start of each program. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
