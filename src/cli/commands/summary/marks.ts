import type { Mark, Marks } from "../../../analysis/summary/marks.ts";
import { type Program, programNames } from "../../../analysis/programs/program.ts";
import { formatDateTime, formatOffset } from "../../../display/local_time.ts";
import { labelText } from "../../../display/sanitize.ts";
import { processKey } from "../../../files/names.ts";
import { type Column, formatMore, formatTable, type TableRoom } from "../../terminal/table.ts";
import { nameOf, processColumn } from "./runtime_table.ts";

/** Who marked, and how many marks are listed; 0 for all. */
export interface MarksRoom extends TableRoom {
  readonly programs: readonly Program[];
  readonly top: number;
}

/** The first marks, by time: when each was, what it says, and who marked it if several did. */
export function formatMarks({ list, count }: Marks, room: MarksRoom): string {
  const names = programNames(room.programs);
  const shown = list.slice(0, room.top || undefined);
  const columns: Column<Mark>[] = [
    { title: `at (${formatOffset(shown[0]!.at)})`, side: "left", cell: ({ at }) => formatDateTime(at) },
    { title: "mark", side: "left", narrowest: 16, cell: ({ text }) => labelText(text) },
    ...new Set(list.map(processKey)).size > 1
      ? [{ ...processColumn((mark: Mark) => nameOf(mark, names)), rank: 1 }]
      : [],
  ];
  return formatTable(columns, shown, room) + formatMore(count - shown.length, room);
}
