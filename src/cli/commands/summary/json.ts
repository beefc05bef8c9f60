import type { Reading } from "../../../analysis/source/reading_report.ts";
import { type Program, programNames } from "../../../analysis/programs/program.ts";
import type { Remark } from "../../../analysis/programs/remarks.ts";
import { outcomesByRoute } from "../../../analysis/frames/route_outcomes.ts";
import { EVER, FOREVER, type Pause } from "../../../analysis/programs/pauses.ts";
import { processKey } from "../../../files/names.ts";
import type { ProgramRecord } from "../../../files/program_record.ts";
import type { SeriesSummary, Summary } from "../../../analysis/summary/summary.ts";
import { CHANNELS } from "../../../series.ts";
import { sorted, type SortKey } from "./series_order.ts";
import { secondsOf } from "./text.ts";
import { countsIn, recordedTimes } from "./recorded_time.ts";
import type { SwitchScope } from "../../../recording_switch.ts";
import { without } from "../../../statistics/spans.ts";
import { quantileName } from "../../../statistics/quantiles.ts";
import { jsonLine, unreadOf } from "../../terminal/json_output.ts";

/** What `--json` prints, for the help. */
export const jsonHelp = `
--json prints one object. Timepoints are strings of digits, ns since 1970, which
a JSON number cannot hold exactly. Numbers are not rounded; null means not
finite. Durations are in seconds.
  sources, files, spools,  what was read
  databases
  rows, from, to           what was selected; seconds: from from to to;
  lived                    seconds of it in which a program lived
  recorded                 seconds of it in which one recorded, for rates
  pauses                   when recording was off: [{pid, isolate, channel?,
                           label?, from, to}], at most 1,000; null if not known
  processes                [{pid, isolate, program}]; isolate "" if unknown
  programs                 program records: [{pid, isolate, name, instance?,
                           attributes?: {name: text}, host?,
                           runtime, kymo, script?, kind, timeZone?, clock,
                           started, options, end: {how, at, exitCode?, signal?,
                           error?, counts?} or null}]
  remarks                  [{kind, isBad, text, processes, from, to}]
  bins                     {from, width, length}: that time cut into parts, ns
  durations, quantities    series: {channel, label, pid?, isolate?, count, rate,
                           sum, mean, min, max, std?, latest?,
                           quantiles: {p50, ...}, from, to, counts: observations
                           in each bin, null where recording was off all the
                           time}; std with --columns std
  marks                    what programs marked: [{at, text, pid, isolate}], by
                           time, at most 1,000
  requests                 how they ended: [{route, requests, failed,
                           byOutcome: {4xx, 5xx, aborted, threw}}]
  outgoing                 the same of outgoing requests, by host
  runtime                  {label, pid, isolate, unit, kind, count, mean, min,
                           max, sum, latest, growth?, from, to}; growth of a
                           counter in that time; null if rows without isolate
                           mix several processes
  unread                   {rows, problems: [{file, line, rows, reason}]}`;

/** A summary as a line of JSON. */
export function toJson(
  summary: Summary,
  { sources, reading, programs, remarks, sort }: {
    readonly sources: readonly string[];
    readonly reading: Reading;
    readonly programs: readonly Program[];
    readonly remarks: readonly Remark[];
    readonly sort: SortKey;
  },
): string {
  const seconds = secondsOf(summary);
  const timeOf = recordedTimes(summary, programs);
  const rateOf = (series: SeriesSummary): number | null => {
    const { recorded } = timeOf(series);
    return recorded > 0 ? series.count / recorded : null;
  };
  const names = programNames(programs);
  const { rows, range, processes, bins, durations, quantities, runtime } = summary;
  const series = (one: SeriesSummary) => ({
    channel: one.channel,
    label: one.label,
    pid: one.pid,
    isolate: one.isolate,
    count: one.count,
    rate: rateOf(one),
    sum: one.sum,
    mean: one.mean,
    min: one.min,
    max: one.max,
    ...one.std !== undefined && { std: one.std },
    latest: one.latest,
    quantiles: Object.fromEntries(one.quantiles.map(({ q, value }) => [quantileName(q), value])),
    from: one.first,
    to: one.last,
    // Only while it is written: of 100,000 labels they would be 200 MB.
    get counts() {
      return countsIn(bins, one.counts, timeOf(one).off);
    },
  });
  return jsonLine("summary", {
    sources,
    files: reading.files,
    spools: reading.spools,
    databases: reading.databases,
    rows,
    processes: processes.map((id) => ({
      ...id,
      program: names.get(processKey(id)) ?? `PID ${id.pid}`,
    })),
    programs: programs.flatMap(({ record }) => record === undefined ? [] : [recordToJson(record)]),
    remarks,
    from: range?.first ?? null,
    to: range?.last ?? null,
    seconds,
    lived: timeOf().lived,
    recorded: timeOf().recorded,
    pauses: pausesToJson(summary),
    bins: bins ?? null,
    durations: sorted(durations, sort).map(series),
    quantities: sorted(quantities, sort).map(series),
    marks: summary.marks.list,
    requests: outcomesByRoute(durations.filter(({ channel }) => channel === CHANNELS.duration)),
    outgoing: outcomesByRoute(durations.filter(({ channel }) => channel === CHANNELS.client)),
    runtime: runtime.map(({ first, last, rows: _, ...rest }) => ({ ...rest, from: first, to: last })),
    unread: unreadOf(reading),
  });
}

/** Most pauses that are listed. */
const MOST_PAUSES = 1_000;

/** The pauses of processes, and of channels and labels of them. */
function pausesToJson({ pauses, processes }: Summary): object[] {
  const list: object[] = [];
  for (const id of processes) {
    const add = (scope: SwitchScope & { readonly allBut?: readonly SwitchScope[] }, of: readonly Pause[]): void => {
      for (const { from, to } of of.slice(0, MOST_PAUSES - list.length)) {
        list.push({ ...id, ...scope, from: from === EVER ? null : from, to: to === FOREVER ? null : to });
      }
    };
    const all = pauses.of(id);
    add({}, all);
    const rest = pauses.ofRest(id);
    add({ allBut: rest.exceptions }, rest.pauses);
    for (const scope of pauses.narrow) add(scope, without(pauses.ofScope(id, scope), all));
  }
  return list;
}

function recordToJson({ runtimeVersion, runtime, end, ...record }: ProgramRecord): object {
  return { ...record, runtime: `${runtime} ${runtimeVersion}`, end: end ?? null };
}
