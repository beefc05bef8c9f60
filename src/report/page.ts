/**
 * The page of a report, or of a comparison: one HTML file that needs no other file and no network.
 *
 * @module
 */

import { sanitize } from "../display/sanitize.ts";
import type { DifferenceData } from "./shared/difference_data.ts";
import { packReport } from "./shared/packed_buckets.ts";
import type { ReportData } from "./shared/report_data.ts";
import { differenceScript, notices, script, style } from "./viewer_bundle.ts";
import { storedGzip } from "./stored_gzip.ts";

/** How a page is made. */
export interface PageOptions {
  /**
   * Of a page that is served: whether it is of all the time there is, or of a part, or of a part while
   * the whole is live. It then asks for finer pages of parts, at its own address with `?from=` and
   * `&to=` in ns since 1970.
   */
  readonly served?: "all" | "part" | "part of live" | undefined;
}

/** Renders a report as a page. */
export async function renderPage(data: ReportData, { served }: PageOptions = {}): Promise<string> {
  return await page({
    title: data.title === "" ? "Kymo report" : `${sanitize(data.title)} · Kymo report`,
    kind: "report",
    served,
    loading: "Reading the report…",
    script,
    data: await dataElement(packReport(data)),
  });
}

/**
 * Renders a page that is live: without data, which it is sent by the server that it comes from (see
 * `shared/live_data.ts`).
 */
export async function renderLivePage(title: string): Promise<string> {
  return await page({
    title: `${sanitize(title)} · Kymo live`,
    kind: "report",
    served: "live",
    loading: "Waiting for what programs record…",
    script,
    data: "",
    connects: true,
  });
}

/** Renders a comparison as a page. */
export async function renderDifferencePage(data: DifferenceData): Promise<string> {
  return await page({
    title: `${sanitize(data.title)} · Kymo comparison`,
    kind: "comparison",
    loading: "Reading the comparison…",
    script: differenceScript,
    data: await dataElement(data),
  });
}

async function dataElement(data: unknown): Promise<string> {
  return `\n<script type="text/plain" id="data">${await pack(JSON.stringify(data))}</script>`;
}

/** What a page is made of. */
interface PageContent {
  readonly title: string;
  readonly kind: "report" | "comparison";
  readonly served?: string | undefined;
  readonly loading: string;
  readonly script: string;
  readonly data: string;
  /** Whether it may connect to where it comes from. */
  readonly connects?: boolean;
}

/**
 * The page around its data. Nothing in the data can become markup or code: the data is compressed, and
 * the page's policy allows only its own script.
 */
async function page({ title, kind, served, loading, script, data, connects = false }: PageContent): Promise<string> {
  const policy = [
    "default-src 'none'",
    `script-src '${await hashOf(script)}'`,
    `style-src '${await hashOf(style)}'`,
    ...connects ? ["connect-src 'self'"] : [],
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">${served === undefined ? "" : `\n<meta name="served" content="${served}">`}
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<p class="loading">${loading}</p>
<noscript><p class="failed">This ${kind} needs JavaScript: a script in this file draws its charts.</p></noscript>
<template id="notices">${escape(notices)}</template>${data}
<script>${script}</script>
</body>
</html>
`;
}

/** Returns the source expression with which a Content Security Policy allows a script or style. */
async function hashOf(text: string): Promise<string> {
  const hash = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(text),
  );
  return `sha256-${base64(new Uint8Array(hash))}`;
}

/** Compresses a text by gzip, and encodes it in base64. */
async function pack(text: string): Promise<string> {
  if (typeof CompressionStream === "undefined") return base64(storedGzip(new TextEncoder().encode(text)));
  const stream = new Blob([text]).stream().pipeThrough(
    new CompressionStream("gzip"),
  );
  return base64(new Uint8Array(await new Response(stream).arrayBuffer()));
}

/** Number of bytes encoded at once: a multiple of 3, so that the parts can be joined. */
const CHUNK = 3 * 4096;

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + CHUNK)));
  }
  return text;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(
    ">",
    "&gt;",
  );
}
