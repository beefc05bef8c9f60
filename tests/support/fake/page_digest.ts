import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { renderPage } from "../../../src/report/page.ts";
import { emptyReport } from "./report_data.ts";

/** SHA-256 of the page of an empty report, in hexadecimal, with its data unpacked: runtimes compress differently. */
export async function pageDigest(): Promise<string> {
  const page = await renderPage(emptyReport());
  const [before, data, after] = page.split(/(?<=id="data">)([^<]*)/) as [string, string, string];
  return createHash("sha256").update(before).update(gunzipSync(Buffer.from(data, "base64"))).update(after).digest(
    "hex",
  );
}
