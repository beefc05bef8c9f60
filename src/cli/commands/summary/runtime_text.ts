import { COMPACT, SPACED } from "../../terminal/text.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { counted, formatCores, formatQuantity } from "../../../display/numbers.ts";
import type { RuntimeSummary } from "../../../analysis/summary/runtime_summary.ts";
import { formatTable, type TableRoom } from "../../terminal/table.ts";

/** More processes than this are shown together, unless each is asked for. */
const MOST_PROCESSES = 4;

/** A row: a series of one process, or of several. */
interface Row {
  readonly label: string;
  readonly who: string;
  readonly last: string;
  readonly mean: string;
  readonly max: string;
  readonly inAll: string;
}

/** A table of the series of the runtime. What only grows is told by how much it grew. */
export function formatRuntime(
  series: readonly RuntimeSummary[],
  look: TableRoom & { readonly byPid: boolean },
): string {
  const processes = new Set(series.map(({ pid }) => pid)).size;
  const isTogether = processes > MOST_PROCESSES && !look.byPid;
  const groups = [...Map.groupBy(series, ({ label, unit }) => `${unit} ${label}`).values()];
  const rows = groups.flatMap((group) => (isTogether ? [group] : group.map((one) => [one])).map(rowOf))
    .map((row, i, rows) => ({ ...row, label: row.label === rows[i - 1]?.label ? "" : row.label }));
  return formatTable(
    [
      { title: "series", side: "left", narrowest: 12, cell: ({ label }) => sanitize(label) },
      ...processes > 1 ? [{ title: isTogether ? "" : "PID", cell: ({ who }: Row) => who }] : [],
      { title: "last", rank: 2, cell: ({ last }) => last },
      { title: "mean", rank: 1, cell: ({ mean }) => mean },
      { title: "max", cell: ({ max }) => max },
      { title: "in all", side: "left", rank: 3, cell: ({ inAll }) => inAll },
    ],
    rows,
    look,
  );
}

/** A series of some processes, at least one. */
function rowOf(group: readonly RuntimeSummary[]): Row {
  const { label, unit, kind, pid } = group[0]!;
  const sum = (of: (one: RuntimeSummary) => number): number => group.reduce((sum, one) => sum + of(one), 0);
  const format = (value: number): string => Number.isNaN(value) ? "–" : formatQuantity(value, unit, COMPACT);
  const mean = sum((one) => one.sum) / sum((one) => one.count);
  return {
    label,
    who: group.length === 1 ? `${pid}` : `${group.length} processes`,
    last: kind === "level" && group.length === 1 ? format(group[0]!.latest) : "",
    mean: kind === "counter" ? "" : format(mean),
    max: kind === "counter" ? "" : format(Math.max(...group.map(({ max }) => max))),
    inAll: inAll(),
  };

  function inAll(): string {
    if (kind === "event") return `${format(sum((one) => one.sum))} in ${counted(sum((one) => one.count), "event")}`;
    if (kind !== "counter") return "";
    const grown = format(sum(({ growth = 0 }) => growth));
    const cores = sum(({ growth = 0, first, last }) => last > first ? growth / (Number(last - first) / 1e9) : 0);
    return unit === "s" ? `${grown}, ${formatCores(cores, SPACED)}` : grown;
  }
}
