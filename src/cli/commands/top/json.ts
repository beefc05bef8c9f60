import type { LiveProcess } from "../../../analysis/live/live_processes.ts";
import type { LiveInterval } from "../../../analysis/live/live_view.ts";
import { NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND } from "../../../series.ts";
import { jsonLine } from "../../terminal/json_output.ts";

/** What `--json` prints, for the help. */
export const jsonHelp = `
--json prints one object per interval: from, to (timepoints, text), seconds,
  processes    {pid, isolate?, program, name?, host?, runtime?, kind?,
               durability?, state, off?: {since?, until?, reason?}, switched?:
               {rest, exceptions}, end?: {how, age, exitCode?, signal?, error?},
               unpublished?, restarts?: {count, last}, programs?, age?, count,
               rate, rss?, growth?: {from, to, seconds}, heapUsed?, heapTotal?,
               cpu?, lag?, gc?: {count, pause, longest}}, in bytes and seconds;
               state: "running", "silent", "off", "unknown", "killed", "ended";
               how: "stop", "exit", "signal", "uncaught", "killed"
  requests     {route, verb, pid?, isolate?, count, rate, failed, failedRate,
               failedShare, failures: {"4xx"?, "5xx"?, aborted?, threw?}}
  series       {label, channel, pid?, isolate?, unit, count, rate, mean, p50,
               p99, max, sampled, approximate}; unit: "s" or ""
  sampled      whether numbers are estimates: there was too much to read
  missed, unreadable, others: {processes, rows}, exists`;

/** An interval as a line of JSON. */
export function toJson({ time, seconds, processes, series, ...rest }: LiveInterval): string {
  const to = timepoint(time);
  return jsonLine("top", {
    from: to - BigInt(Math.round(seconds * NANOSECONDS_PER_SECOND)),
    to,
    seconds,
    processes: processes.map(processToJson),
    ...rest,
    series: series.map(({ history: _, ...one }) => one),
  });
}

function processToJson({ runtime, runtimeVersion, off, ...rest }: LiveProcess): object {
  return {
    ...rest,
    ...runtime === undefined ? {} : { runtime: `${runtime} ${runtimeVersion}` },
    ...off === undefined ? {} : {
      off: {
        ...off,
        ...off.since === undefined ? {} : { since: timepoint(off.since) },
        ...off.until === undefined ? {} : { until: timepoint(off.until) },
      },
    },
  };
}

/** A time in ms since 1970 as ns. */
function timepoint(ms: number): bigint {
  return BigInt(Math.round(ms)) * BigInt(NANOSECONDS_PER_MS);
}
