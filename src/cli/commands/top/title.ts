import { formatClock } from "../../../display/local_time.ts";
import { displayWidth, shorten } from "../../../display/text_width.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { counted, formatRate } from "../../../display/numbers.ts";
import type { LiveInterval } from "../../../analysis/live/live_view.ts";
import { bold, COMPACT } from "../../terminal/text.ts";
import type { FrameOptions } from "./frame_options.ts";

const NAME = "kymo top";

/** What a directory is shortened to at most before something else gives way, columns. */
const NARROWEST = 8;

/** What is looked at, and the sums, on one line. Where there is little room, the time goes first, then the name, then the directory. */
export function title({ time, processes, seconds }: LiveInterval, options: FrameOptions): string {
  const { directory, width = Infinity, hasColors } = options;
  const running = processes.filter(({ state }) => state === "running" || state === "silent").length;
  const rate = processes.reduce((sum, { count }) => sum + count, 0) / seconds;
  const sums = `${counted(running, "program")} · ${formatRate(rate, COMPACT)} rows/s`;
  const place = sanitize(directory);
  const attempts = [
    [`${NAME} `, ` · ${sums} · ${formatClock(BigInt(time) * 1_000_000n)}`],
    [`${NAME} `, ` · ${sums}`],
    ["", ` · ${sums}`],
  ];
  for (const [name = "", rest = ""] of attempts) {
    const room = width - displayWidth(name + rest);
    if (room < Math.min(NARROWEST, displayWidth(place))) continue;
    return `${hasColors && name !== "" ? bold(NAME) + " " : name}${shorten(place, room)}${rest}`;
  }
  return shorten(sums, width);
}
