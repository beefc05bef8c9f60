import { sanitize } from "../../../display/sanitize.ts";
import { counted } from "../../../display/numbers.ts";
import type { LiveInterval } from "../../../analysis/live/live_view.ts";
import type { UnreadableFile } from "../../../analysis/live/unreadable_files.ts";
import type { FrameOptions } from "./frame_options.ts";

/** What is to be known of the figures of an interval. */
export function notes({ sampled, missed, unreadable }: LiveInterval): string[] {
  return [
    ...unreadable.length > 0 ? [unreadableNote(unreadable)] : [],
    ...sampled ? ["≈ estimated, ≥ at least: more is recorded than is read in the time; a part stands for all"] : [],
    ...missed > 0 ? [`${counted(missed, "file")} went before being read: their rows are missing here`] : [],
  ];
}

/** Why nothing is to be seen, if nothing is: of programs, or of the labels that were asked for. */
export function hints(interval: LiveInterval, { directory, label, pid }: FrameOptions): string[] {
  const { processes, series, others, unreadable, exists } = interval;
  const place = sanitize(directory);
  if (processes.length > 0 || series.length > 0) {
    return series.length === 0 && label !== undefined ? [labelHint(label, others.rows)] : [];
  }
  if (unreadable.length > 0) return [`Attached to nothing: what records into ${place} cannot be read.`];
  if (pid !== undefined && others.processes > 0) {
    const verb = others.processes === 1 ? "records" : "record";
    return [
      `Attached to nothing: no program with PID ${pid.join(" or ")}; ${counted(others.processes, "other")} ${verb}.`,
    ];
  }
  return [
    exists
      ? `Attached to nothing yet: no program records into ${place}.`
      : `Attached to nothing yet: there is no directory ${place}.`,
    "Programs are seen as soon as they start, if their buffers are spools (on Deno with --allow-ffi).",
  ];
}

function labelHint(patterns: readonly string[], otherRows: number): string {
  const wanted = patterns.map((pattern) => sanitize(JSON.stringify(pattern))).join(" or ");
  const rest = otherRows > 0 ? `; ${counted(otherRows, "row")} of others` : " yet";
  return `No label matches ${wanted}${rest}.`;
}

function unreadableNote(files: readonly UnreadableFile[]): string {
  const thing = files.every(({ pid }) => pid !== undefined) ? "spool" : "file";
  const reasons = [...new Set(files.map(({ reason }) => reason))].join(", ");
  return `${counted(files.length, thing)} cannot be read: ${sanitize(reasons)}`;
}
