/**
 * Reads a page's data from it, with all texts in it sanitized.
 *
 * @module
 */

import { sanitizeData } from "../../../display/sanitize.ts";
import { type PackedBuckets, unpackReport } from "../../shared/packed_buckets.ts";
import type { ReportData } from "../../shared/report_data.ts";

/** Reads the report in the element with this id. */
export async function readReport(id: string): Promise<ReportData> {
  return unpackReport(await readData<ReportData<PackedBuckets>>(id));
}

/** Reads the data in the element with this id. */
export async function readData<Data>(id: string): Promise<Data> {
  return sanitizeData(await parseElement<Data>(id));
}

/** What stands in an element: JSON, compressed by gzip, in base64. */
async function parseElement<Data>(id: string): Promise<Data> {
  const bytes = bytesOf(document.getElementById(id)?.textContent ?? "");
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).json() as Data;
}

/** `Uint8Array.fromBase64`, which browsers have had since 2025; a callback for each byte takes 40 times as long as a loop. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const decoder = Uint8Array as { readonly fromBase64?: (base64: string) => Uint8Array<ArrayBuffer> };
  if (decoder.fromBase64 !== undefined) return decoder.fromBase64(base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
