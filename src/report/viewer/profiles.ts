/**
 * The CPU profiles.
 *
 * @module
 */

import type { ProfileData } from "../report_data.ts";
import { h } from "./dom.ts";
import { flameGraph } from "./flame_graph.ts";
import { functionTable } from "./function_table.ts";
import * as format from "./format.ts";
import type { Store } from "./store.ts";

/** Makes the sections of all profiles. */
export function profiles(store: Store): HTMLElement | undefined {
  const all = store.data.profiles;
  if (all.length === 0) return undefined;
  return h(
    "section",
    { class: "profiles", "aria-labelledby": "profiles" },
    h("h2", { id: "profiles" }, "Where the CPU time went"),
    ...all.map((profile) => section(profile)),
  );
}

function section(profile: ProfileData): HTMLElement {
  const { name, pid, duration } = profile;
  const graph = flameGraph(profile);
  const facts = [
    pid === undefined ? "" : `PID ${pid}`,
    `${format.span(duration)} sampled`,
  ].filter((fact) => fact !== "");
  return h(
    "article",
    { class: "profile", "aria-label": `CPU profile ${name}` },
    h("div", { class: "label-head" }, h("h3", {}, name), h("p", { class: "facts" }, facts.join(" · "))),
    h("div", { class: "profile-columns" }, graph.element, functionTable(profile, graph.search)),
  );
}
