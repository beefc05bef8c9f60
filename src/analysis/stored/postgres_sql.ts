/**
 * SQL for PostgreSQL of what is read from the tables that `kymo ship` fills.
 *
 * @module
 */

import { CHANNELS, NANOSECONDS_PER_SECOND } from "../../series.ts";
import { RECORDING } from "../../recording_switch.ts";
import { identifier } from "../../stores/postgres/schema.ts";
import type { SeriesQuery, StoredSelection } from "./store.ts";

/** A text as a literal, whatever `standard_conforming_strings` is. NUL cannot be in one, and matches nothing. */
export function text(value: string): string {
  const escaped = value.toWellFormed().replaceAll("\0", "\uFFFD").replaceAll("'", "''");
  return escaped.includes("\\") ? `E'${escaped.replaceAll("\\", "\\\\")}'` : `'${escaped}'`;
}

/** SQL that tells whether an expression matches one of some patterns, as `src/label_pattern.ts` says. */
export function matchesAny(expression: string, patterns: readonly string[]): string {
  return anyOf(patterns.map((pattern) => {
    if (!/[*?]/.test(pattern)) return `${expression} = ${text(pattern)}`;
    const like = pattern.replace(/[!%_]/g, "!$&").replaceAll("*", "%").replaceAll("?", "_");
    return `${expression} LIKE ${text(like)} ESCAPE '!'`;
  }));
}

/** SQL that tells whether a row of the runtime says when recording was off. */
const IS_SWITCH = matchesAny("o.label", [RECORDING, `${RECORDING} channel *`, `${RECORDING} label *`]);

/**
 * A query of the selected rows of some channels, with their isolates; without `isolates`, only if the
 * selection needs them.
 */
export function rowsOf(
  schema: string,
  { from, to, program, labels, runtime = "all", pids, isolates, channels }: StoredSelection,
  { withIsolates, where = "true" }: { readonly withIsolates: boolean; readonly where?: string },
): string {
  const s = identifier(schema);
  const conditions = [where];
  if (from !== undefined) conditions.push(`o.timepoint >= ${from}`);
  if (to !== undefined) conditions.push(`o.timepoint < ${to}`);
  if (channels !== undefined) conditions.push(anyOf(channels.map((channel) => `o.channel = ${text(channel)}`)));
  if (labels !== undefined || runtime === "switches") {
    const matches = labels === undefined ? "true" : matchesAny("o.label", labels);
    const other = `o.channel <> ${text(CHANNELS.runtime)} AND ${matches}`;
    const sampled = { all: "true", selected: anyOf([IS_SWITCH, matches]), switches: IS_SWITCH }[runtime];
    conditions.push(anyOf([other, `o.channel = ${text(CHANNELS.runtime)} AND ${sampled}`]));
  }
  if (pids !== undefined) conditions.push(anyOf(pids.map((pid) => `o.pid = ${pid}`)));
  if (program !== undefined) conditions.push(matchesAny("p.service", program));
  if (isolates !== undefined) {
    conditions.push(anyOf(isolates.map((isolate) => `coalesce(p.isolate, '') = ${text(isolate)}`)));
  }
  const needsPrograms = withIsolates || program !== undefined || isolates !== undefined;
  const joined = needsPrograms ? ` LEFT JOIN ${s}.program p ON p.id = o.program` : "";
  const isolate = needsPrograms ? "coalesce(p.isolate, '')" : "''";
  return `SELECT o.timepoint, o.measurement, o.label, o.pid, ${isolate} AS isolate, o.channel, o.program ` +
    `FROM ${s}.observation o${joined} WHERE ${conditions.join(" AND ")}`;
}

/** SQL of the condition on a row of `program` that it is selected, and lived in the time of the selection. */
export function programsOf({ from, to, program, pids, isolates }: StoredSelection): string {
  const conditions = ["true"];
  // The clocks of two machines differ, and times are noted in ms.
  const at = (timepoint: bigint): string => `to_timestamp(${timepoint / BigInt(NANOSECONDS_PER_SECOND)})`;
  if (from !== undefined) conditions.push(`coalesce(ended, 'infinity') >= ${at(from)} - interval '1 minute'`);
  if (to !== undefined) conditions.push(`started <= ${at(to)} + interval '1 minute'`);
  if (program !== undefined) conditions.push(matchesAny("service", program));
  if (pids !== undefined) conditions.push(anyOf(pids.map((pid) => `pid = ${pid}`)));
  if (isolates !== undefined) conditions.push(anyOf(isolates.map((isolate) => `isolate = ${text(isolate)}`)));
  return conditions.join(" AND ");
}

/** Numbers so large that a sum of them may exceed a double, which PostgreSQL takes for an error. */
const HUGE = "1e290";

/** By what those are divided before they are added: exactly, and without becoming too small. */
export const HUGE_DIVISOR = 2 ** 100;

/**
 * A query of what the rows of each series come to. First by bins of time, which are few: so sums are of
 * sums, and lose less. NaN is left out of everything but the counts of rows.
 */
export function describeSeries(
  rows: string,
  { byProcess, withLatest, bins: { from, width, length } }: SeriesQuery,
): string {
  const key = byProcess ? "label, pid, isolate" : "label";
  const shift = width.toString(2).length - 1;
  const last = from + BigInt(length) * width - 1n;
  const firstBin = from >> BigInt(shift);
  return `
    SELECT ${key}, sum(n)::bigint AS rows, sum(m)::bigint AS count, coalesce(sum(total), 0) AS sum,
      coalesce(sum(huge), 0) AS huge, bool_or(up) AS up, bool_or(down) AS down, min(smallest) AS min, max(largest) AS max,
      min(first) AS first, max(last) AS last, ${
    withLatest ? "(array_agg(latest ORDER BY last DESC))[1]" : "NULL"
  } AS latest,
      string_agg((bin - (${firstBin}))::text, ' ' ORDER BY bin) AS bins, string_agg(n::text, ' ' ORDER BY bin) AS counts
    FROM (
      SELECT ${key}, least(greatest(timepoint, ${from}), ${last}) >> ${shift} AS bin, count(*) AS n,
        count(*) FILTER (WHERE measurement <> 'NaN') AS m,
        sum(measurement) FILTER (WHERE abs(measurement) < ${HUGE}) AS total,
        sum(measurement / ${HUGE_DIVISOR}) FILTER (WHERE abs(measurement) >= ${HUGE} AND abs(measurement) < 'Infinity')
          AS huge,
        coalesce(bool_or(measurement = 'Infinity'), false) AS up,
        coalesce(bool_or(measurement = '-Infinity'), false) AS down,
        min(measurement) FILTER (WHERE measurement <> 'NaN') AS smallest,
        max(measurement) FILTER (WHERE measurement <> 'NaN') AS largest,
        min(timepoint) AS first, max(timepoint) AS last,
        ${withLatest ? "(array_agg(measurement ORDER BY timepoint DESC))[1]" : "NULL::float8"} AS latest
      FROM (${rows}) AS selected GROUP BY ${key}, bin
    ) AS binned GROUP BY ${key}`;
}

/**
 * A query of the measurements at some ranks of each series, counted from 0, for which `ranks` is SQL of
 * an array of double precision of its number of rows `n`: shares of them that mean each rank.
 */
export function ranked(rows: string, { byProcess, quantiles }: SeriesQuery): string {
  const key = byProcess ? "label, pid, isolate" : "label";
  // The share (k + 0.5) / n is that of rank k and no other, whatever is rounded.
  const shares = quantiles.flatMap((q) =>
    ["floor", "ceil"].map((round) => `(${round}(${q.toExponential()}::float8 * (n - 1)) + 0.5) / n`)
  );
  return `
    WITH selected AS (SELECT ${key}, measurement FROM (${rows}) AS r WHERE measurement <> 'NaN')
    SELECT ${key}, percentile_disc(ARRAY[${shares.join(", ")}]::float8[]) WITHIN GROUP (ORDER BY measurement) AS ranked
    FROM selected JOIN (SELECT ${key}, count(*)::float8 AS n FROM selected GROUP BY ${key}) AS counted USING (${key}) GROUP BY ${key}, n`;
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "false" : `(${conditions.join(" OR ")})`;
}
