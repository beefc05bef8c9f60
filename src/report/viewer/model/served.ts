/**
 * Of a page that `kymo view` serves: finer pages of a part of its time.
 *
 * @module
 */

import { formatView } from "./address/view_hash.ts";
import type { ViewStore } from "./view_store.ts";

const WAYS = ["all", "part", "part of live", "live"] as const;

/**
 * Whether the page is served, and is of all the time there is, of a part, of a part of what is live,
 * or live; `undefined` of a file.
 */
export function servedAs(): typeof WAYS[number] | undefined {
  const { content } = document.querySelector<HTMLMetaElement>("meta[name=served]") ?? {};
  return WAYS.find((way) => way === content);
}

/** Whether there can be a finer page of the time shown. */
export function canLookCloser(store: ViewStore): boolean {
  if (store.isLive) return store.data.rows > 0;
  return servedAs() !== undefined && store.zoomed && store.data.bins.width > 1;
}

/** Goes to the page of the time shown, with the same choice of programs and labels. */
export function lookCloser({ state, data }: ViewStore): void {
  const timeOf = (bin: number): string => String(BigInt(data.from) + BigInt(Math.round(bin * data.bins.width)));
  const rest = formatView({ ...state, from: data.bins.first ?? 0, to: Math.max(1, data.bins.count) }, data);
  location.assign(`?from=${timeOf(state.from)}&to=${timeOf(state.to)}${rest === "" ? "" : `#${rest}`}`);
}
