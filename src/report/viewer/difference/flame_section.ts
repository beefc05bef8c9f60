/**
 * The differential flame graph: the width of a function is its share of the CPU time on the side that
 * is chosen, its colour the difference of its shares. See `report/difference/flame_difference.ts`.
 *
 * @module
 */

import { counted, formatPercent, formatSpan } from "../../../display/numbers.ts";
import type { DifferenceData, DifferenceNode, FlameDifference } from "../../shared/difference_data.ts";
import { differenceColour } from "../profile/difference_colours.ts";
import { flameGraph } from "../profile/flame_graph.ts";
import { describeNode, flamesOf, largestDifference, type Widths } from "../profile/difference_flames.ts";
import type { Flame } from "../profile/flames.ts";
import { functionTable } from "../profile/function_table.ts";
import { h } from "../ui/dom.ts";
import { sideTitle } from "./sides.ts";

/** A difference of this part of the time has the full colour, or the largest one if that is more. */
const MUCH = 0.02;

const CHOICES: readonly [Widths, name: string, title: string][] = [
  ["b", "B", "The width of a function is its share of the time of B"],
  ["a", "A", "The width of a function is its share of the time of A"],
  ["both", "Both", "The width of a function is the mean of its shares: those that only one side has are there, too"],
];

/** Functions that only one side has and that are named, and the share from which on they are. */
const [MOST_NAMED, LEAST_NAMED] = [8, 0.002];

/** Creates the section; `undefined` without profiles of both sides. */
export function flameSection(data: DifferenceData): HTMLElement | undefined {
  const { flames } = data;
  if (flames === undefined) return undefined;
  const { tree } = flames;
  const much = Math.max(MUCH, largestDifference(tree));
  const graph = flameGraph("both sides");
  const table = functionTable(graph.search, {
    format: (share) => formatPercent(share),
    compared: {
      own: ["B", "In the function itself, of the CPU time of B"],
      others: ["A", "In the function itself, of the CPU time of A"],
      more: ["Change", "By how many percent of all more in B than in A"],
      bySize: true,
    },
  });
  const show = (widths: Widths): void => {
    const nodes = new Map<Flame, DifferenceNode>();
    graph.show({
      tree: flamesOf(tree, widths, nodes),
      describe: (flame) => describeNode(nodes.get(flame)!),
      colour: (flame) => {
        const { a, b } = nodes.get(flame)!;
        return differenceColour(b.total - a.total, much);
      },
      nothing: "Nothing ran.",
    });
  };
  const buttons = CHOICES.map(([widths, name, title]) => {
    const button = h("button", { type: "button", title, "aria-pressed": `${widths === "b"}` }, name);
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", `${other === button}`);
      show(widths);
    });
    return button;
  });
  show("b");
  table.show(flamesOf(tree, "b"));
  return h(
    "section",
    { class: "profiles", "aria-labelledby": "flames" },
    h("h2", { id: "flames" }, "Where the CPU time went"),
    h(
      "article",
      { class: "profile", "aria-label": "Differential flame graph" },
      h(
        "div",
        { class: "label-head" },
        h("h3", {}, "Difference of the CPU profiles"),
        h("p", { class: "facts" }, facts(data, flames)),
      ),
      h(
        "div",
        { class: "looks", role: "group", "aria-label": "Which side gives the widths" },
        h("span", { class: "note" }, "Widths of"),
        ...buttons,
      ),
      h("p", { class: "note flame-key" }, ...key(much)),
      h("div", { class: "profile-columns" }, graph.element, table.element),
      ...onlyIn(tree),
    ),
  );
}

function facts(data: DifferenceData, { sides }: FlameDifference): string {
  return (["a", "b"] as const).map((side) => {
    const { profiles, sampled, busy } = sides[side];
    const part = sampled > 0 ? `, ${formatPercent(busy / sampled)} of it busy` : "";
    return `${sideTitle(data, side)}: ${counted(profiles, "process")}, ${formatSpan(sampled)} sampled${part}`;
  }).join(" · ");
}

/** What the colours mean. */
function key(much: number): (HTMLElement | string)[] {
  const points = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} points`;
  const stops = [-1, -0.5, 0, 0.5, 1].map((part) => differenceColour(part * much, much));
  return [
    `${points(much)} less in B `,
    h("i", {
      class: "ramp",
      style: { background: `linear-gradient(90deg, ${stops.join(", ")})` },
      "aria-hidden": "true",
    }),
    ` ${
      points(much)
    } more in B. Blue is a smaller share of the CPU time, red a larger one; both sides are scaled to the same total.`,
  ];
}

/** The functions that only one side has, the largest first: with the widths of the other they cannot be seen. */
function onlyIn(tree: DifferenceNode): HTMLElement[] {
  return (["b", "a"] as const).flatMap((side) => {
    const found: DifferenceNode[] = [];
    const stack = [tree];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      const other = side === "a" ? node.b : node.a;
      // What it calls is not there either.
      if (other.total === 0 && node[side].total > 0) found.push(node);
      else stack.push(...node.children);
    }
    if (found.length === 0) return [];
    found.sort((one, two) => two[side].total - one[side].total);
    const [first, ...rest] = found;
    const large = [first!, ...rest.filter((node) => node[side].total >= LEAST_NAMED)];
    const names = large.slice(0, MOST_NAMED).map(({ name, place, [side]: { total } }) =>
      `${name}${place === "" ? "" : ` (${place})`} ${formatPercent(total)}`
    );
    const more = found.length > names.length ? `, and ${found.length - names.length} more` : "";
    return [h("p", { class: "note only-in" }, h("b", {}, `Only in ${side.toUpperCase()}: `), names.join(", ") + more)];
  });
}
