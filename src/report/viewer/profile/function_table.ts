/**
 * The functions of a CPU profile as a table.
 *
 * @module
 */

import { type SummedTime, sumTimes } from "../../../analysis/profile/call_tree.ts";
import { formatShare, formatTotalTime } from "../../../display/numbers.ts";
import { functionKey } from "../../shared/report_data.ts";
import { h, replace } from "../ui/dom.ts";
import type { Flame } from "./flames.ts";

const FEW_ROWS = 25;

/** A table of functions. */
export interface FunctionTable {
  readonly element: HTMLElement;
  /** Shows the functions of another tree. */
  readonly show: (tree: Flame) => void;
}

/** A column: a share of the time, and what it is in words. */
interface Column {
  readonly name: string;
  readonly title: string;
  readonly value: (time: FunctionShare) => number;
  readonly text: (time: FunctionShare) => string;
  /** The seconds or bytes that it is a share of. */
  readonly amount?: (time: FunctionShare) => number;
}

/** A function, and its shares of the time; `others`: of that of the tree that it is compared with. */
interface FunctionShare {
  readonly time: SummedTime<Flame>;
  readonly self: number;
  readonly total: number;
  readonly others: number;
}

const share = (name: string, title: string, key: "self" | "total"): Column => ({
  name,
  title,
  value: (of) => of[key],
  text: (of) => formatShare(of[key]),
  amount: ({ time }) => time[key],
});

const ALONE: readonly Column[] = [
  share("Self", "In the function itself", "self"),
  share("Total", "In the function and everything it called", "total"),
];

/** The name and the meaning of a column. */
type Named = readonly [name: string, title: string];

/** The columns of a tree that is compared with another. */
export interface ComparedColumns {
  /** Of the tree that is drawn. */
  readonly own: Named;
  readonly others: Named;
  readonly more: Named;
  /** Whether less sorts as more of the same size. */
  readonly bySize?: boolean;
}

const WITH_OTHERS: ComparedColumns = {
  own: ["Slowest", "In the function itself, while the slowest were under way"],
  others: ["Others", "In the function itself, while only others were under way"],
  more: ["More", "How much more of the time the slowest spent in it than the others, in percent of all"],
};

function comparedColumns({ own, others, more, bySize = false }: ComparedColumns): readonly Column[] {
  return [
    share(...own, "self"),
    { name: others[0], title: others[1], value: (of) => of.others, text: (of) => formatShare(of.others) },
    {
      name: more[0],
      title: more[1],
      value: ({ self, others }) => bySize ? Math.abs(self - others) : self - others,
      text: ({ self, others }) => `${self >= others ? "+" : "−"}${(100 * Math.abs(self - others)).toFixed(1)}`,
    },
  ];
}

/** What a table of functions is of. */
export interface TableOptions {
  /** @default "CPU time" */
  readonly of?: string;
  /** Writes an amount of it; of CPU time by default. */
  readonly format?: (amount: number) => string;
  /** The columns of a tree that is compared; by default of the slowest and the others. */
  readonly compared?: ComparedColumns;
}

/** Creates the table; `search` is called with the name of the function that the user clicks. */
export function functionTable(
  search: (name: string) => void,
  { of = "CPU time", format = formatTotalTime, compared = WITH_OTHERS }: TableOptions = {},
): FunctionTable {
  const comparedWith = comparedColumns(compared);
  const body = h("tbody");
  const head = h("tr");
  const note = h("p", { class: "note" });
  let columns = ALONE;
  let shares: readonly FunctionShare[] = [];
  let by = 0;
  const show = (): void => {
    const heads = columns.map(({ name, title }, index) => {
      const button = h("button", { type: "button", title }, name);
      button.addEventListener("click", () => {
        by = index;
        show();
        head.querySelectorAll("button")[index]?.focus();
      });
      return h("th", { scope: "col", "aria-sort": index === by ? "descending" : undefined }, button);
    });
    replace(head, ...heads, h("th", { scope: "col" }, "Function"));
    const sorted = shares.toSorted((a, b) => columns[by]!.value(b) - columns[by]!.value(a));
    replace(body, ...sorted.slice(0, FEW_ROWS).map((of) => row(of, columns, { search, format })));
    note.hidden = shares.length <= FEW_ROWS;
    note.textContent = `The first ${FEW_ROWS} of ${shares.length} functions.`;
  };
  const caption = h("caption", { class: "hidden" }, `Functions by ${of}`);
  const label = `Table: functions by ${of}`;
  const table = h("table", {}, caption, h("thead", {}, head), body);
  const element = h(
    "div",
    { class: "table-frame functions", tabindex: 0, role: "region", "aria-label": label },
    table,
    note,
  );
  return {
    element,
    show(tree) {
      const next = tree.others === undefined ? ALONE : comparedWith;
      if (next !== columns) by = next === ALONE ? 0 : 2;
      columns = next;
      shares = sharesOf(tree);
      show();
    },
  };
}

function sharesOf(tree: Flame): FunctionShare[] {
  const whole = Math.max(tree.total, 1e-12);
  const others = new Map(
    tree.others === undefined
      ? []
      : sumTimes(ofOthers(tree), functionKey).map(({ node, self }) => [functionKey(node), self]),
  );
  return sumTimes(tree, functionKey).map((time) => ({
    time,
    self: time.self / whole,
    total: time.total / whole,
    others: others.get(functionKey(time.node)) ?? 0,
  }));
}

/** The same tree with the shares of what it is compared with. */
function ofOthers({ others = { self: 0, total: 0 }, children, ...node }: Flame): Flame {
  return { ...node, ...others, children: children.map(ofOthers) };
}

function row(
  of: FunctionShare,
  columns: readonly Column[],
  { search, format }: { readonly search: (name: string) => void; readonly format: (amount: number) => string },
): HTMLElement {
  const { name, place } = of.time.node;
  return h(
    "tr",
    {},
    ...columns.map(({ text, amount }) => h("td", { title: amount && format(amount(of)) }, text(of))),
    h(
      "th",
      { scope: "row" },
      h("button", { type: "button", onclick: () => search(name) }, name),
      place !== "" && h("span", { class: "place" }, place),
    ),
  );
}
