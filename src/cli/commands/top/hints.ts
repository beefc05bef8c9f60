import type { LiveInterval } from "../../../analysis/live/live_view.ts";
import { counted } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import type { TitleOptions } from "./title.ts";

/** Why no program, or no selected label, is shown. */
export function hints(interval: LiveInterval, { directory, label, processes: wanted }: TitleOptions): string[] {
  const { processes, series, others, unreadable, exists } = interval;
  const place = sanitize(directory);
  if (processes.length > 0 || series.length > 0) {
    return series.length === 0 && label !== undefined ? [labelHint(label, others.rows)] : [];
  }
  if (unreadable.length > 0) return [`The programs that record into ${place} cannot be read.`];
  if (wanted !== undefined && others.processes > 0) {
    const verb = others.processes === 1 ? "is" : "are";
    return [
      `No program with ${wanted} is recording; ${counted(others.processes, "other")} ${verb}.`,
    ];
  }
  return [
    exists ? `Waiting: no program is recording into ${place}.` : `Waiting: the directory ${place} does not exist yet.`,
    "A program appears as soon as it starts.",
  ];
}

function labelHint(patterns: readonly string[], otherRows: number): string {
  const wanted = patterns.map((pattern) => sanitize(JSON.stringify(pattern))).join(" or ");
  const rest = otherRows > 0 ? `; ${counted(otherRows, "row")} with other labels` : " yet";
  return `No label matches ${wanted}${rest}.`;
}
