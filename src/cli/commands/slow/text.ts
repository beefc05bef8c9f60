/**
 * The slowest samples as text and as JSON.
 *
 * @module
 */

import type { Overlap } from "../../../analysis/slow/overlaps.ts";
import type { SlowSample } from "../../../analysis/slow/slowest.ts";
import type { Problem } from "../../../analysis/source/reading_report.ts";
import { formatDateTime, formatOffset } from "../../../display/local_time.ts";
import { counted, formatDuration, formatPercent } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import type { ProcessId } from "../../../files/names.ts";
import { jsonLine } from "../../terminal/json_output.ts";
import { bold, COMPACT, SPACED } from "../../terminal/style.ts";
import { type Column, formatTable, type TableRoom } from "../../terminal/table.ts";

/** What `--json` prints, for the help. */
export const jsonHelp = `
--json prints one object. Timepoints are strings of digits, ns since 1970, which
a JSON number cannot hold exactly; durations and times are in seconds.
  sources   what was read
  labels    the labels and patterns that were asked for; [] for all
  samples   the slowest, the slowest first: {channel, label, start, end,
            duration, pid, isolate, program, overlaps}; isolate "" if not known
            overlaps: [{kind, label, position?, count, time, atMost?}], the
            longest first, up to 100 of each kind; kind: "duration", "client",
            "lag" or "gc"; position, of the first two: "within", "around" or
            "beside"; atMost, of gc: the most that its time can have been
  unread    {rows, problems: [{file, line, rows, reason}]}`;

/** What the samples are of. */
interface Subject {
  /** The recordings as the user named them. */
  readonly sources: readonly string[];
  /** Labels and patterns; none for all. */
  readonly labels: readonly string[];
  /** The name of a process for people. */
  readonly nameOf: (process: ProcessId) => string;
}

/** Samples as a line of JSON. */
export function slowToJson(
  samples: readonly SlowSample[],
  { sources, labels, nameOf, unread }: Subject & {
    readonly unread: { readonly rows: number; readonly problems: readonly Problem[] };
  },
): string {
  const list = samples.map(({ channel, label, start, end, duration, pid, isolate, overlaps }) => ({
    channel,
    label,
    start,
    end,
    duration,
    pid,
    isolate,
    program: nameOf({ pid, isolate }),
    overlaps,
  }));
  return jsonLine("slow", { sources, labels, samples: list, unread });
}

/** Overlaps that are shown of each sample. */
const MOST_OVERLAPS = 8;

/** Overlaps that take less of a sample than this are not shown. */
const LEAST_SHARE = 0.001;

/** A line of the table: a sample, what overlapped one, or how much is left out. */
type Line =
  | { readonly sample: SlowSample }
  | { readonly of: SlowSample; readonly overlap: Overlap }
  | { readonly more: number };

/** Samples as a table, each with what overlapped it. */
export function formatSlow(
  samples: readonly SlowSample[],
  { sources, labels, nameOf, ...room }: Subject & TableRoom,
): string {
  const what = labels.length === 0 ? "" : ` of ${labels.map(sanitize).join(", ")}`;
  const heading = `${sanitize(sources.join(" "))}: the ${
    samples.length === 1 ? "" : `${samples.length} `
  }slowest${what}`;
  const lines = samples.flatMap((sample): Line[] => {
    // What only ran at the same time says less, and there may be much of it.
    const worth = sample.overlaps.filter(({ time, atMost = time }) => atMost >= LEAST_SHARE * sample.duration)
      .sort((one, other) => rankOf(one) - rankOf(other));
    const more = worth.length - MOST_OVERLAPS;
    return [
      { sample },
      ...worth.slice(0, MOST_OVERLAPS).map((overlap) => ({ of: sample, overlap })),
      ...more > 0 ? [{ more }] : [],
    ];
  });
  const offset = formatOffset(samples[0]!.start);
  const columns: Column<Line>[] = [
    {
      title: `began (${offset})`,
      side: "left",
      cell: (line) => "sample" in line ? formatDateTime(line.sample.start) : "",
    },
    { title: "took", cell: tookCell },
    { title: "share", rank: 2, cell: shareCell },
    { title: "what", side: "left", narrowest: 24, cell: whatCell },
    {
      title: "program",
      side: "left",
      rank: 1,
      cell: (line) => "sample" in line ? sanitize(nameOf(line.sample)) : "",
    },
  ];
  return `${room.hasColors ? bold(heading) : heading}\n\n${formatTable(columns, lines, room)}`;
}

function rankOf({ position = "within" }: Overlap): number {
  return position === "within" ? 0 : 1;
}

function tookCell(line: Line): string {
  if ("sample" in line) return formatDuration(line.sample.duration, COMPACT);
  if (!("overlap" in line)) return "";
  const { kind, time } = line.overlap;
  return `${kind === "gc" ? "~" : ""}${formatDuration(time, COMPACT)}`;
}

function shareCell(line: Line): string {
  return "overlap" in line ? formatPercent(line.overlap.time / line.of.duration, COMPACT) : "";
}

function whatCell(line: Line): string {
  if ("sample" in line) {
    return sanitize(line.sample.channel === "client" ? `→ ${line.sample.label}` : line.sample.label);
  }
  if ("more" in line) return `  and ${line.more} more`;
  const { kind, label, position, count, atMost = 0 } = line.overlap;
  const times = count === 1 ? "" : `, ${counted(count, "time")}`;
  if (kind === "lag") return `  event loop blocked${times}`;
  if (kind === "gc") {
    return `  garbage collection: ${counted(count, "pause")} around that time, at most ${
      formatDuration(atMost, SPACED)
    } of it`;
  }
  // What ran within its time need not have been a part of it: requests overlap.
  const place = position === "within" ? "during" : position;
  return `  ${place} it: ${kind === "client" ? "→ " : ""}${sanitize(label)}${times}`;
}
