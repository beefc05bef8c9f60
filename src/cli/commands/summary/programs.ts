import { beginOf, lastSeenOf, type Program, programNames, serviceKey } from "../../../analysis/programs/program.ts";
import { endInWords, type Remark, type RemarkFormat, stateInWords } from "../../../analysis/programs/remarks.ts";
import { formatTimepoint } from "../../../display/local_time.ts";
import { formatSpan } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { processKey } from "../../../files/names.ts";
import { SPACED } from "../../terminal/style.ts";
import { type Column, formatMore, formatTable, type TableRoom } from "../../terminal/table.ts";

/** How times are written in remarks. */
export const REMARK_FORMAT: RemarkFormat = {
  time: formatTimepoint,
  span: (seconds) => formatSpan(seconds, SPACED),
};

/** More programs than this are not listed one by one. */
const MOST_PROGRAMS = 12;

/**
 * The programs that recorded, and what became of them; empty if there is only one, of which nothing
 * is to be said.
 */
export function formatPrograms(programs: readonly Program[], remarks: readonly Remark[], room: TableRoom): string {
  const recorded = programs.filter(({ record }) => record !== undefined);
  if (recorded.length < 2 && remarks.length === 0) return "";
  const names = programNames(programs);
  const columns: Column<Program>[] = [
    {
      title: "program",
      side: "left",
      narrowest: 20,
      cell: (program) => sanitize(names.get(processKey(program)) ?? ""),
    },
    { title: "began", side: "left", rank: 1, cell: (program) => formatTimepoint(beginOf(program) ?? 0n) },
    { title: "lived", rank: 2, cell: lived },
    {
      title: "end",
      side: "left",
      cell: (program) => sanitize(endCell(program)),
    },
  ];
  const shown = shownOf(recorded);
  const attributes = tellingAttributes(shown);
  if (attributes.length > 0) {
    columns.push({
      title: "attributes",
      side: "left",
      rank: 0,
      narrowest: 20,
      cell: ({ record }) =>
        sanitize(
          attributes.flatMap((name) => {
            const text = record?.attributes?.[name];
            return text === undefined ? [] : [`${name}=${text}`];
          }).join(", "),
        ),
    });
  }
  const list = shown.length === 0
    ? ""
    : formatTable(columns, shown, room) + formatMore(recorded.length - shown.length, room);
  return list + remarks.map(({ isBad, text }) => `${isBad ? "! " : "  "}${sanitize(text)}.\n`).join("");
}

/**
 * The latest programs, by their start. The many lives of one service do not hide the others: the
 * latest life of each service on each host comes first.
 */
function shownOf(recorded: readonly Program[]): Program[] {
  const byStart = recorded.toSorted((one, other) => one.record!.started > other.record!.started ? -1 : 1);
  const services = Map.groupBy(byStart, ({ record }) => serviceKey(record!));
  const latest = new Set([...services.values()].map(([first]) => first!));
  const shown = [...new Set([...latest, ...byStart])].slice(0, MOST_PROGRAMS);
  return shown.sort((one, other) => one.record!.started < other.record!.started ? -1 : 1);
}

/** The names of the attributes in which programs differ: what all have alike says nothing here. */
function tellingAttributes(programs: readonly Program[]): string[] {
  const names = new Set(programs.flatMap(({ record }) => Object.keys(record?.attributes ?? {})));
  return [...names].filter((name) => new Set(programs.map(({ record }) => record?.attributes?.[name])).size > 1);
}

/** How a program ended. A worker is not told of the end of its process, nor when it is terminated. */
function endCell({ record, liveness }: Program): string {
  if (record?.end === undefined) return stateInWords(liveness);
  const isWorkersEnd = record.kind === "worker" && record.end.how === "killed";
  return isWorkersEnd ? "ended with its process, or was terminated" : endInWords(record.end);
}

/** How long a program recorded, if its end is known. */
function lived(program: Program): string {
  const [begin, seen] = [beginOf(program), lastSeenOf(program)];
  if (begin === undefined || seen === undefined || program.record?.end === undefined) return "";
  return formatSpan(Number(seen - begin) / 1e9, SPACED);
}
