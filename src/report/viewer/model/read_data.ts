/**
 * Reads a page's data from it, with all texts sanitized.
 *
 * @module
 */

import { sanitizeData } from "../../../display/sanitize.ts";

/** Reads the data in the element with this id: JSON, compressed by gzip, in base64. */
export async function readData<Data>(id: string): Promise<Data> {
  const text = document.getElementById(id)?.textContent ?? "";
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return sanitizeData(await new Response(stream).json() as Data);
}
