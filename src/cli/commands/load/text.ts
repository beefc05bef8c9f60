import {
  counted,
  formatCount,
  formatDuration,
  formatInteger,
  formatRate,
  formatSpan,
} from "../../../display/numbers.ts";
import { labelText, sanitize } from "../../../display/sanitize.ts";
import { quotePath } from "../../../errors.ts";
import { CHANNELS } from "../../../series.ts";
import { quantileName } from "../../../statistics/quantiles.ts";
import { bold, COMPACT, SPACED } from "../../terminal/style.ts";
import { type Column, formatMore, formatTable, type TableRoom } from "../../terminal/table.ts";
import type { Plan } from "./plan.ts";
import type { Latencies, Tally } from "./tally.ts";
import { jsonLine } from "../../terminal/json_output.ts";

/** Of the table and the JSON. */
const QUANTILES: readonly number[] = [0.5, 0.9, 0.99, 0.999];

/** Most labels in the table. */
const MAX_LINES = 30;

/** What came of a load. */
export interface LoadResult {
  readonly plan: Plan;
  readonly tally: Tally;
  /** When the last request was sent, or the load was ended, ns. */
  readonly stopped: number;
  /** When the last measured request had ended, ns. */
  readonly lastEnded: number;
  readonly warmUps: number;
  /** The rate that was asked for, per second. */
  readonly asked: number | undefined;
  readonly connections: number;
  readonly isInterrupted: boolean;
  readonly directory: string;
  readonly pid: number;
  readonly recorded: number;
  readonly dropped: number;
}

/** A load as a table, with what is to be said of it. */
export function formatLoad(result: LoadResult, room: TableRoom): string {
  const { plan, tally, stopped, lastEnded, warmUps, asked, connections, isInterrupted } = result;
  const seconds = plan.seconds(stopped, lastEnded);
  const { late, series, all } = tally.describe(QUANTILES);
  const lines: string[] = [];
  const reached = `${formatRate(rateOf(tally, seconds), SPACED)}/s`;
  const head = [
    `${counted(tally.count, "request")} in ${formatSpan(seconds, SPACED)}`,
    asked === undefined ? reached : `${reached} of ${formatRate(asked, SPACED)}/s asked for`,
    counted(connections, "connection"),
  ].join(", ");
  lines.push((room.hasColors ? bold(head) : head) + (isInterrupted ? " (interrupted)" : ""));
  if (warmUps > 0) lines.push(`${counted(warmUps, "request")} before, to warm up`);
  lines.push("");
  if (all !== undefined) {
    const shown = series.slice(0, MAX_LINES);
    const rows = series.length > 1 ? [...shown, all] : shown;
    lines.push(formatTable(columns(), rows, room) + formatMore(series.length - shown.length, room, "label"));
  }
  if (late !== undefined && asked !== undefined) {
    const [p50 = NaN, , p99 = NaN] = late.quantiles;
    const words = [["p50", p50], ["p99", p99], ["max", late.max]] as const;
    lines.push(`Sent late by: ${words.map(([name, value]) => `${name} ${formatDuration(value, SPACED)}`).join(", ")}.`);
  }
  const missed = plan.missed(stopped);
  if (missed > 0) {
    lines.push(
      `${counted(missed, "request")} ${missed === 1 ? "was" : "were"} due and never sent, ` +
        "since all connections waited for answers.",
    );
  }
  if (tally.failures.size > 0) {
    const failures = [...tally.failures].map(([name, count]) => `${formatInteger(count)} ${sanitize(name)}`);
    lines.push(`Not answered: ${failures.join(", ")}.`);
  }
  if (all?.isSampled) lines.push("Quantiles are those of a random million of the requests.");
  lines.push(recordedText(result));
  return `${lines.join("\n")}\n`;
}

function columns(): Column<Latencies>[] {
  const time = (value: number): string => formatDuration(value, COMPACT);
  return [
    {
      title: "label",
      side: "left",
      narrowest: 20,
      cell: ({ label }) => label === undefined ? "all" : labelText(label),
    },
    { title: "count", cell: ({ count }) => formatCount(count, COMPACT) },
    { title: "mean", rank: 2, cell: ({ mean }) => time(mean) },
    ...QUANTILES.map((q, i): Column<Latencies> => ({
      title: quantileName(q),
      rank: q === 0.99 ? 4 : q === 0.5 ? 3 : 1,
      cell: ({ quantiles }) => time(quantiles[i]!),
    })),
    { title: "max", cell: ({ max }) => time(max) },
  ];
}

function recordedText({ tally: { count }, recorded, dropped, directory }: LoadResult): string {
  const where = `in ${quotePath(directory)}, channel ${CHANNELS.client}`;
  if (dropped > 0) {
    return `${counted(recorded - dropped, "row")} ${where}; ${counted(dropped, "row")} could not be kept.`;
  }
  if (recorded === count) return `${counted(recorded, "row")} ${where}.`;
  return `${counted(recorded, "row")} of ${
    formatInteger(count)
  } ${where}: recording is switched off there, or in part.`;
}

/** A load as a line of JSON. */
export function loadToJson(result: LoadResult): string {
  const { plan, tally, stopped, lastEnded, warmUps, asked, connections, isInterrupted } = result;
  const { directory, pid, recorded, dropped } = result;
  const seconds = plan.seconds(stopped, lastEnded);
  const { late, series, all } = tally.describe(QUANTILES);
  const json = (one: Latencies | undefined) =>
    one === undefined ? null : {
      ...one.label === undefined ? {} : { label: one.label },
      count: one.count,
      mean: one.mean,
      max: one.max,
      quantiles: Object.fromEntries(QUANTILES.map((q, i) => [quantileName(q), one.quantiles[i]])),
      sampled: one.isSampled,
    };
  return jsonLine("load", {
    rate: { asked: asked ?? null, reached: rateOf(tally, seconds) },
    connections,
    seconds,
    interrupted: isInterrupted,
    warmUp: warmUps,
    requests: tally.count,
    missed: plan.missed(stopped),
    answered: tally.answered,
    outcomes: { ok: 0, "4xx": 0, "5xx": 0, aborted: 0, threw: 0, ...Object.fromEntries(tally.outcomes) },
    failures: Object.fromEntries(tally.failures),
    latency: json(all),
    late: asked === undefined ? null : json(late),
    series: series.map(json),
    directory,
    pid,
    recorded,
    dropped,
  });
}

function rateOf({ count }: Tally, seconds: number): number {
  return seconds > 0 ? count / seconds : 0;
}
