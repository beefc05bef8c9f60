/**
 * The head of the page: what is compared, the verdict in words, and the worst changes.
 *
 * @module
 */

import { counted, formatSpan } from "../../../display/numbers.ts";
import type { DifferenceData, SideName } from "../../shared/difference_data.ts";
import { WallClock } from "../model/clock.ts";
import { h } from "../ui/dom.ts";
import { weightIcon } from "../ui/time_signs.ts";
import { type ChangeRow, listOf, verdictSentence } from "./rows.ts";
import { SIDES } from "./sides.ts";

/** Creates the head; `open` is called with the row that the user wants to see. */
export function head(data: DifferenceData, rows: readonly ChangeRow[], open: (row: ChangeRow) => void): HTMLElement {
  return h(
    "header",
    { class: "head" },
    h("div", { class: "brand", "aria-hidden": "true" }, "Kymo"),
    h("h1", {}, data.title),
    h("div", { class: "sides" }, ...SIDES.map((side) => sideCard(data, side))),
    h(
      "section",
      { class: "findings", "aria-labelledby": "verdict" },
      h("h2", { id: "verdict" }, "The verdict"),
      h("p", { class: "verdict-words" }, verdictSentence(rows) || "There is nothing to compare."),
      ...worstCards(rows, open),
    ),
    data.problems.length > 0 && h(
      "details",
      { class: "unread" },
      h("summary", {}, "What is not shown, and why"),
      h("ul", {}, ...data.problems.map((problem) => h("li", {}, problem))),
    ),
  );
}

/** Runs and programs that are named. */
const MOST_NAMED = 6;

function sideCard({ sides }: DifferenceData, side: SideName): HTMLElement {
  const { name, runs, programs } = sides[side];
  const seconds = runs.map(({ span }) => span / 1e9);
  const [shortest, longest] = [Math.min(...seconds), Math.max(...seconds)].map((length) => formatSpan(length));
  const rows = runs.reduce((sum, { rows }) => sum + rows, 0);
  const off = runs.reduce((sum, { off }) => sum + off, 0);
  const begins = runs.map(({ from }) => BigInt(from)).sort((a, b) => a < b ? -1 : 1);
  const clock = new WallClock(String(begins[0]));
  const marks = runs.flatMap(({ marks }, run) =>
    marks.map(({ at, text }) => `“${text}” at ${formatSpan(at / 1e9)}${runs.length > 1 ? ` of run ${run + 1}` : ""}`)
  );
  const facts = [
    `${runs.length > 1 ? "from" : "began"} ${clock.date(0)}, ${clock.time(0)}`,
    shortest === longest ? longest! : `${shortest} to ${longest}`,
    counted(rows, "row"),
    ...off > 0 ? [`recording was off for ${formatSpan(off)}`] : [],
  ];
  return h(
    "div",
    { class: `side side-${side}` },
    h(
      "p",
      { class: "which" },
      h("i", { "aria-hidden": "true" }, side.toUpperCase()),
      side === "a" ? "Baseline" : "Candidate",
    ),
    h("p", { class: "name" }, name),
    runs.length > 1 && h("p", { class: "facts" }, named(runs.map((run) => run.name))),
    programs.length > 0 && h("p", { class: "facts" }, named(programs)),
    h("p", { class: "facts" }, facts.join(" · ")),
    marks.length > 0 && h("p", { class: "facts" }, `Marked: ${named(marks)}`),
  );
}

function named(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return names.slice(0, MOST_NAMED).join(", ") + (more > 0 ? `, and ${more} more` : "");
}

/** Cards of what is worse, and of what is better. */
const [MOST_WORSE, MOST_BETTER] = [6, 3];

/** A card for each label, route or quantity, the worst first. */
function worstCards(rows: readonly ChangeRow[], open: (row: ChangeRow) => void): HTMLElement[] {
  const groups = [...Map.groupBy(rows, ({ kind, label }) => `${kind} ${label}`).values()];
  const toned = (tone: "worse" | "better", most: number) =>
    groups.filter(([first]) => first!.tone === tone).slice(0, most).map((group) => ({ tone, group }));
  const cards = [...toned("worse", MOST_WORSE), ...toned("better", MOST_BETTER)].map(({ tone, group }) => {
    const [worst] = group;
    const own = group.filter((row) => row.tone === tone);
    const others = group.filter((row) => row.tone !== tone);
    return h(
      "li",
      { class: `weight-${tone === "worse" ? "bad" : "note"} tone-${tone}` },
      h(
        "button",
        { class: "finding", type: "button", onclick: () => open(worst!) },
        h("span", { class: "kind" }, weightIcon(tone === "worse" ? "bad" : "note"), capitalized(worst!.verdict)),
        h("span", { class: "text" }, `${worst!.name}: ${listOf(own.map(changeText))}`),
        h(
          "span",
          { class: "because" },
          own.map((row) => `${row.measure} ${row.a} → ${row.b} (${row.interval})`).join("; ") +
            others.map((row) => `; ${row.measure} ${row.verdict}`).join(""),
        ),
        h("span", { class: "go" }, "Show me"),
      ),
    );
  });
  return cards.length === 0 ? [] : [h("ol", {}, ...cards)];
}

function changeText({ kind, measure, change }: ChangeRow): string {
  return kind === "label" ? `${measure} ${change}` : change;
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
