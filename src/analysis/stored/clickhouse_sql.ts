/**
 * SQL for ClickHouse of what is read from the tables that `kymo ship` fills.
 *
 * @module
 */

import { RECORDING } from "../../recording_switch.ts";
import { CHANNELS, NANOSECONDS_PER_SECOND } from "../../series.ts";
import { identifier, literal } from "../../stores/clickhouse/sql.ts";
import type { SeriesQuery, StoredSelection } from "./store.ts";

/** SQL that tells whether an expression matches one of some patterns, as `src/label_pattern.ts` says. */
function matchesAny(expression: string, patterns: readonly string[]): string {
  return anyOf(patterns.map((pattern) => {
    if (!/[*?]/.test(pattern)) return `${expression} = ${literal(pattern)}`;
    const like = pattern.replace(/[\\%_]/g, "\\$&").replaceAll("*", "%").replaceAll("?", "_");
    return `${expression} LIKE ${literal(like)}`;
  }));
}

/** SQL that tells whether a row of the runtime says when recording was off. */
const IS_SWITCH = matchesAny("label", [RECORDING, `${RECORDING} channel *`, `${RECORDING} label *`]);

/**
 * The selected rows, as SQL that can follow FROM: with their isolates if they are wanted or selected, and
 * otherwise without a query in a query, so that each server of a distributed table adds up its own.
 */
export function rowsOf(
  database: string,
  { from, to, program, labels, runtime = "all", pids, isolates, channels }: StoredSelection,
  { withIsolates, where = "1" }: { readonly withIsolates: boolean; readonly where?: string },
): string {
  const d = identifier(database);
  const conditions = [where];
  if (from !== undefined) conditions.push(`timepoint >= ${from}`);
  if (to !== undefined) conditions.push(`timepoint < ${to}`);
  if (channels !== undefined) conditions.push(anyOf(channels.map((channel) => `channel = ${literal(channel)}`)));
  if (labels !== undefined || runtime === "switches") {
    const matches = labels === undefined ? "1" : matchesAny("label", labels);
    const other = `channel <> ${literal(CHANNELS.runtime)} AND ${matches}`;
    const sampled = { all: "1", selected: anyOf([IS_SWITCH, matches]), switches: IS_SWITCH }[runtime];
    conditions.push(anyOf([other, `channel = ${literal(CHANNELS.runtime)} AND ${sampled}`]));
  }
  if (pids !== undefined) conditions.push(anyOf(pids.map((pid) => `pid = ${pid}`)));
  const programs = `(SELECT id AS program, isolate, service FROM ${d}.program FINAL)`;
  // Of a distributed table, too: the list of programs is made where the question is asked.
  if (program !== undefined) {
    conditions.push(`program GLOBAL IN (SELECT program FROM ${programs} WHERE ${matchesAny("service", program)})`);
  }
  const selected = `${d}.observation WHERE ${conditions.join(" AND ")}`;
  if (!withIsolates && isolates === undefined) return selected;
  const rows = `SELECT timepoint, measurement, label, pid, channel, program FROM ${selected}`;
  const ofIsolates = isolates === undefined
    ? ""
    : ` WHERE ${anyOf(isolates.map((isolate) => `isolate = ${literal(isolate)}`))}`;
  return `(SELECT timepoint, measurement, label, pid, channel, isolate FROM (${rows}) AS o ` +
    `ANY LEFT JOIN (SELECT program, isolate FROM ${programs}) AS p USING program${ofIsolates})`;
}

/** SQL of the condition on a row of `program` that it is selected, and lived in the time of the selection. */
export function programsOf({ from, to, program, pids, isolates }: StoredSelection): string {
  const conditions = ["1"];
  // The clocks of two machines differ, and times are noted in ms.
  const seconds = (timepoint: bigint): bigint => timepoint / BigInt(NANOSECONDS_PER_SECOND);
  if (from !== undefined) {
    conditions.push(`(isNull(ended) OR toInt64(toUnixTimestamp(ended)) >= ${seconds(from) - 60n})`);
  }
  if (to !== undefined) conditions.push(`toInt64(toUnixTimestamp(started)) <= ${seconds(to) + 60n}`);
  if (program !== undefined) conditions.push(matchesAny("service", program));
  if (pids !== undefined) conditions.push(anyOf(pids.map((pid) => `pid = ${pid}`)));
  if (isolates !== undefined) conditions.push(anyOf(isolates.map((isolate) => `isolate = ${literal(isolate)}`)));
  return conditions.join(" AND ");
}

/**
 * A query of what the rows of each series come to, in texts and arrays of texts: label, PID, isolate,
 * rows, rows but NaN, sum, min, max, the measurements at ranks, latest, first, last, bins and counts.
 */
export function describeSeries(
  rows: string,
  { byProcess, withLatest, quantiles, bins: { from, width, length } }: SeriesQuery,
): string {
  const key = byProcess ? "label, pid, isolate" : "label";
  const shift = width.toString(2).length - 1;
  const last = from + BigInt(length) * width - 1n;
  const ranks = quantiles.flatMap((q) =>
    ["floor", "ceil"].map((round) =>
      `toString(sorted[toUInt64(${round}(${q.toExponential()} * (toFloat64(greatest(m, 1)) - 1))) + 1])`
    )
  );
  return `
    SELECT label, ${byProcess ? "pid, isolate" : "0, ''"}, toString(n), toString(m), toString(total),
      toString(smallest), toString(largest),
      ${ranks.length === 0 ? "emptyArrayString()" : `[${ranks.join(", ")}]`},
      ${withLatest ? "toString(latest)" : "'nan'"}, toString(first), toString(last),
      arrayStringConcat(arrayMap(b -> toString(b - (${from >> BigInt(shift)})), binned.1), ' '),
      arrayStringConcat(arrayMap(c -> toString(c), binned.2), ' ')
    FROM (
      SELECT ${key}, count() AS n, countIf(NOT isNaN(measurement)) AS m,
        sumIf(measurement, NOT isNaN(measurement)) AS total, minIf(measurement, NOT isNaN(measurement)) AS smallest,
        maxIf(measurement, NOT isNaN(measurement)) AS largest,
        arraySort(groupArrayIf(measurement, NOT isNaN(measurement))) AS sorted,
        argMax(measurement, timepoint) AS latest, min(timepoint) AS first, max(timepoint) AS last,
        sumMap([bitShiftRight(least(greatest(timepoint, toInt64(${from})), toInt64(${last})), ${shift})],
          [toUInt64(1)]) AS binned
      FROM ${rows} GROUP BY ${key}
    )`;
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "0" : `(${conditions.join(" OR ")})`;
}
