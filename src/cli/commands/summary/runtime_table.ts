import { plainNames, type Program, programNames, withoutWorkers } from "../../../analysis/programs/program.ts";
import type { Pauses } from "../../../analysis/programs/pauses.ts";
import type { RuntimeSummary } from "../../../analysis/summary/runtime_summary.ts";
import { counted, formatCores, formatQuantity } from "../../../display/numbers.ts";
import { labelText, sanitize } from "../../../display/sanitize.ts";
import { type ProcessId, processKey } from "../../../files/names.ts";
import { CHANNELS, isOfIsolate } from "../../../series.ts";
import { secondsIn, without } from "../../../statistics/spans.ts";
import type { ExtraColumn } from "./extra_columns.ts";
import { COMPACT, SPACED } from "../../terminal/style.ts";
import { type Column, formatTable, type TableRoom } from "../../terminal/table.ts";

/** More processes than this are shown by service, unless --by-process asks for each. */
const MOST_PROCESSES = 4;

/** More services than this are shown as one row. */
const MOST_SERVICES = 8;

/** Who recorded the runtime's series, and whether each process is shown. */
export interface RuntimeLook extends TableRoom {
  readonly programs: readonly Program[];
  readonly pauses: Pauses;
  readonly byProcess: boolean;
  /** Columns beside the usual ones, of which the runtime's series have `min`. */
  readonly columns: readonly ExtraColumn[];
}

/** A row of the runtime's table: a series of one process, or of several. */
interface Row {
  readonly label: string;
  readonly who: string;
  readonly last: string;
  readonly mean: string;
  readonly min: string;
  readonly max: string;
  readonly total: string;
}

/** A table of the runtime's series: levels by value, counters by growth, events by their sum. */
export function formatRuntime(series: readonly RuntimeSummary[], look: RuntimeLook): string {
  const { programs, pauses } = look;
  const groupOf = grouping(series, look);
  const processes = new Set(series.map(processKey)).size;
  const groups = Map.groupBy(series, (one) => `${one.unit} ${one.label}\n${groupOf(one)}`);
  const order = [...Map.groupBy(groups.values(), ([{ unit, label } = series[0]!]) => `${unit} ${label}`).values()];
  const rows = order.flat().map((group) => rowOf(group, { programs, pauses }, groupOf(group[0]!)))
    .map((row, i, rows) => ({ ...row, label: row.label === rows[i - 1]?.label ? "" : labelText(row.label) }));
  return formatTable(
    [
      { title: "series", side: "left", narrowest: 12, cell: ({ label }) => label },
      ...processes > 1 ? [processColumn(({ who }: Row) => who)] : [],
      { title: "last", rank: 2, cell: ({ last }) => last },
      { title: "mean", rank: 1, cell: ({ mean }) => mean },
      { title: "max", cell: ({ max }) => max },
      ...look.columns.includes("min") ? [{ title: "min", cell: ({ min }: Row) => min }] : [],
      { title: "total", side: "left", rank: 3, cell: ({ total }) => total },
    ],
    rows,
    look,
  );
}

/** The column that names processes. */
export function processColumn<T>(cell: (row: T) => string): Column<T> {
  return { title: "process", side: "left", narrowest: 16, cell: (row) => sanitize(cell(row)) };
}

/** What a process is called. */
export function nameOf(id: ProcessId, names: ReadonlyMap<string, string>): string {
  return names.get(processKey(id)) ?? `PID ${id.pid}`;
}

/** The name of the row that a process is shown in; empty if all are in one. */
function grouping(series: readonly RuntimeSummary[], { programs, byProcess }: RuntimeLook): (id: ProcessId) => string {
  const names = programNames(programs);
  const plain = plainNames(programs);
  const services = new Set(series.map((one) => nameOf(one, plain))).size;
  if (byProcess || new Set(series.map(processKey)).size <= MOST_PROCESSES) return (id) => nameOf(id, names);
  const areNamed = programs.some(({ record }) => record !== undefined);
  return areNamed && services <= MOST_SERVICES ? (id) => nameOf(id, plain) : () => "";
}

/** The row of a series of at least one process. */
function rowOf(
  all: readonly RuntimeSummary[],
  { programs, pauses }: Pick<RuntimeLook, "programs" | "pauses">,
  name: string,
): Row {
  const { label, unit, kind } = all[0]!;
  // Of a figure of the whole process each of its isolates has the same rows.
  const group = isOfIsolate(label) ? all : withoutWorkers(all, programs);
  const sum = (of: (one: RuntimeSummary) => number): number => group.reduce((sum, one) => sum + of(one), 0);
  const format = (value: number): string => Number.isNaN(value) ? "–" : formatQuantity(value, unit, COMPACT);
  const mean = sum((one) => one.sum) / sum((one) => one.count);
  const size = group.length === 1 ? "" : counted(group.length, "process");
  return {
    label,
    who: name === "" ? size : size === "" ? name : `${name}, ${size}`,
    last: kind === "level" && group.length === 1 ? format(group[0]!.latest) : "",
    mean: kind === "counter" ? "" : format(mean),
    min: kind === "counter" ? "" : format(Math.min(...group.map(({ min }) => min))),
    max: kind === "counter" ? "" : format(Math.max(...group.map(({ max }) => max))),
    total: total(),
  };

  function total(): string {
    if (kind === "event") return `${format(sum((one) => one.sum))} in ${counted(sum((one) => one.count), "event")}`;
    if (kind !== "counter") return "";
    const growth = sum(({ growth = 0 }) => growth);
    if (Number.isNaN(growth)) return "– (mixed processes)";
    // Of lives one after the other each has cores of its own time, in which it was recorded.
    const times = group.flatMap((one) =>
      without([{ from: one.first, to: one.last }], pauses.of(one, { channel: CHANNELS.runtime, label }))
    );
    const cores = growth / secondsIn(times);
    return unit === "s" && Number.isFinite(cores) ? `${format(growth)}, ${formatCores(cores, SPACED)}` : format(growth);
  }
}
