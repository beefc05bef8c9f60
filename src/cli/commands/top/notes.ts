import type { LiveInterval } from "../../../analysis/live/live_view.ts";
import type { UnreadableFile } from "../../../analysis/live/unreadable_files.ts";
import { counted } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";

/** What limits the numbers of an interval. */
export function notes({ sampled, missed, unreadable }: LiveInterval): string[] {
  return [
    ...unreadable.length > 0 ? [unreadableNote(unreadable)] : [],
    ...sampled ? ["≈ estimated, ≥ at least: only a sample of the rows was read, since there are too many"] : [],
    ...missed > 0 ? [`${counted(missed, "file")} vanished before being read: their rows are missing here`] : [],
  ];
}

function unreadableNote(files: readonly UnreadableFile[]): string {
  const thing = files.every(({ pid }) => pid !== undefined) ? "spool" : "file";
  const reasons = [...new Set(files.map(({ reason }) => reason))].join(", ");
  return `${counted(files.length, thing)} cannot be read: ${sanitize(reasons)}`;
}
