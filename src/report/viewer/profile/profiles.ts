/**
 * The CPU profiles of the report.
 *
 * @module
 */

import { sumTimes } from "../../../analysis/profile/call_tree.ts";
import { formatTimeRange } from "../../../display/local_time.ts";
import { formatSpan } from "../../../display/numbers.ts";
import { functionKey, type ProfileData } from "../../shared/report_data.ts";
import type { ViewStore } from "../model/view_store.ts";
import { h } from "../ui/dom.ts";
import { flameGraph } from "./flame_graph.ts";
import { functionTable } from "./function_table.ts";

/** The sections of the profiles. */
export interface Profiles {
  readonly element: HTMLElement;
  /**
   * Highlights a function and scrolls there: in the profile of the process, or in the one in which
   * it took the largest share.
   */
  readonly pointOut: (name: string, process?: number) => void;
}

/** The section of a profile. */
interface Section {
  readonly profile: ProfileData;
  readonly element: HTMLElement;
  readonly search: (text: string) => void;
}

/** Creates the sections of all profiles. */
export function profiles(store: ViewStore): Profiles | undefined {
  const all = store.data.profiles;
  if (all.length === 0) return undefined;
  const sections = all.map((profile) => section(profile, store));
  const element = h(
    "section",
    { class: "profiles", "aria-labelledby": "profiles" },
    h("h2", { id: "profiles" }, "Where the CPU time went"),
    ...sections.map(({ element }) => element),
  );
  const pointOut = (name: string, process?: number): void => {
    const own = sections.filter(({ profile }) => process !== undefined && profile.process === process);
    const [hottest] = (own.length > 0 ? own : sections).toSorted((a, b) =>
      share(b.profile, name) - share(a.profile, name)
    );
    hottest?.search(name);
    hottest?.element.scrollIntoView({ block: "start" });
  };
  return { element, pointOut };
}

/** Returns the largest share of a profile's time that a function of this name took by itself. */
function share({ tree }: ProfileData, name: string): number {
  const times = sumTimes(tree, functionKey).filter(({ node }) => node.name === name);
  return Math.max(0, ...times.map(({ self }) => self)) / Math.max(tree.total, 1e-12);
}

function section(profile: ProfileData, store: ViewStore): Section {
  const { name, process, duration, time, assumed } = profile;
  const graph = flameGraph(profile);
  const facts = [
    process === undefined ? "" : store.data.processes[process]?.name ?? "",
    `${formatSpan(duration)} sampled`,
    time === undefined ? "" : formatTimeRange({ first: BigInt(time.from), last: BigInt(time.to) }),
  ].filter((fact) => fact !== "");
  const element = h(
    "article",
    { class: "profile", "aria-label": `CPU profile ${name}` },
    h("div", { class: "label-head" }, h("h3", {}, name), h("p", { class: "facts" }, facts.join(" · "))),
    ...assumed.map((clause) => h("p", { class: "facts" }, `Assumed: ${clause}.`)),
    h("div", { class: "profile-columns" }, graph.element, functionTable(profile, graph.search)),
  );
  return { profile, element, search: graph.search };
}
