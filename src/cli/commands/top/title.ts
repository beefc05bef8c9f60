import { isAlive, type LiveInterval } from "../../../analysis/live/live_view.ts";
import { formatClock } from "../../../display/local_time.ts";
import { counted, formatRate } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { displayWidth, shorten } from "../../../display/text_width.ts";
import { bold, COMPACT, yellow } from "../../terminal/style.ts";
import type { Choice } from "./controls.ts";

/** What is watched, how it is shown, and the room for it. */
export interface TitleOptions {
  /** The monitoring directory as the user named it. */
  readonly directory: string;
  /** The selected labels and processes. Default: all. */
  readonly label?: readonly string[] | undefined;
  readonly processes?: string | undefined;
  /** What the user has chosen. */
  readonly choice: Choice;
  /** Width of the terminal; `undefined` if unlimited. */
  readonly width: number | undefined;
  readonly hasColors: boolean;
}

const NAME = "kymo top";
const PAUSED = "paused";

/** Columns to which the directory may be shortened before something else is dropped. */
const NARROWEST = 8;

/**
 * The directory and the sums, on one line. A narrow terminal drops first the time, then the name,
 * then the directory.
 */
export function title({ time, processes, seconds }: LiveInterval, options: TitleOptions): string {
  const { directory, width = Infinity, hasColors, choice } = options;
  const alive = processes.filter(isAlive);
  const workers = alive.filter(({ kind }) => kind === "worker").length;
  const rate = processes.reduce((sum, { count }) => sum + count, 0) / seconds;
  const programs = [counted(alive.length - workers, "program"), ...workers > 0 ? [counted(workers, "worker")] : []];
  const sums = `${programs.join(", ")} · ${formatRate(rate, COMPACT)} rows/s`;
  const place = sanitize(directory);
  const clock = formatClock(BigInt(time) * 1_000_000n);
  const paused = choice.isPaused ? ` · ${PAUSED}` : "";
  const attempts = [
    [`${NAME} `, ` · ${sums}${choice.isPaused ? `${paused} at ${clock}` : ` · ${clock}`}`],
    [`${NAME} `, ` · ${sums}${paused}`],
    ["", ` · ${sums}${paused}`],
  ];
  for (const [name = "", rest = ""] of attempts) {
    const room = width - displayWidth(name + rest);
    if (room < Math.min(NARROWEST, displayWidth(place))) continue;
    return `${hasColors && name !== "" ? bold(NAME) + " " : name}${shorten(place, room)}${coloured(rest)}`;
  }
  return coloured(shorten(choice.isPaused ? `${PAUSED} · ${sums}` : sums, width));

  function coloured(text: string): string {
    return hasColors && choice.isPaused ? text.replace(PAUSED, yellow(PAUSED)) : text;
  }
}
