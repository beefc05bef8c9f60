import type { RouteOutcomes } from "../../../analysis/frames/route_outcomes.ts";
import { formatCount, formatShare } from "../../../display/numbers.ts";
import { labelText } from "../../../display/sanitize.ts";
import { FAILED_OUTCOMES } from "../../../http/request_labels.ts";
import { COMPACT } from "../../terminal/style.ts";
import { type Column, formatMore, formatTable, type TableRoom } from "../../terminal/table.ts";

/** Routes that are listed; 0 for all. */
export interface FailuresRoom extends TableRoom {
  readonly top: number;
}

/** The routes with requests that failed, the most failures first; empty if there are none. */
export function formatFailures(routes: readonly RouteOutcomes[], room: FailuresRoom): string {
  const failing = routes.filter(({ failed }) => failed > 0);
  if (failing.length === 0) return "";
  const columns: Column<RouteOutcomes>[] = [
    { title: "route", side: "left", narrowest: 16, cell: ({ route }) => labelText(route) },
    { title: "requests", rank: 2, cell: ({ requests }) => formatCount(requests, COMPACT) },
    { title: "failed", cell: ({ failed }) => formatCount(failed, COMPACT) },
    {
      title: "share",
      cell: ({ failed, requests }) => formatShare(failed / requests),
      style: (text) => `\x1b[31m${text}\x1b[39m`,
    },
    ...FAILED_OUTCOMES.map((outcome): Column<RouteOutcomes> => ({
      title: outcome,
      rank: 1,
      cell: ({ byOutcome }) => byOutcome[outcome] === 0 ? "" : formatCount(byOutcome[outcome], COMPACT),
    })),
  ];
  const shown = failing.slice(0, room.top || undefined);
  return formatTable(columns, shown, room) + formatMore(failing.length - shown.length, room);
}
