/**
 * What the answers of stores have in common.
 *
 * @module
 */

import { processKey } from "../../files/names.ts";
import { parseProgramFields, type ProgramRecord } from "../../files/program_record.ts";
import type { Fields } from "../../small_json.ts";
import { quantileOfSorted } from "../../statistics/quantiles.ts";
import type { ProgramRecords } from "../programs/program_records.ts";
import type { DescribedSeries } from "./store.ts";

/** Program records by their fields, in the order of the names of their files, as of a directory. */
export function recordsOf(store: string, all: readonly Fields[], skipped: number): ProgramRecords {
  const records: [string, ProgramRecord][] = [];
  const problems: { path: string; reason: string }[] = [];
  for (const fields of all) {
    const id = { pid: Number(fields.pid), isolate: String(fields.isolate) };
    const parsed = parseProgramFields(fields, id);
    if (parsed.ok) records.push([processKey(id), parsed.value]);
    else problems.push({ path: `${store} program ${processKey(id)}`, reason: parsed.reason });
  }
  const byProcess = new Map(records.sort(([one], [other]) => one < other ? -1 : 1));
  return { byProcess, liveness: new Map(), skipped, problems };
}

/** A quantile of `count` measurements, from those at the ranks before and after it. */
export function quantileAt(q: number, count: number, [below = NaN, above = NaN]: readonly number[] = []): number {
  if (count === 0) return NaN;
  // Of the sorted numbers only these two are looked at.
  const rank = q * (count - 1);
  return quantileOfSorted({ length: count, [Math.ceil(rank)]: above, [Math.floor(rank)]: below }, q);
}

/** Orders series by label, PID and isolate; texts by code points, as DuckDB does. */
export function bySeries(one: DescribedSeries, other: DescribedSeries): number {
  return compare(one.label, other.label) || (one.pid ?? 0) - (other.pid ?? 0) ||
    compare(one.isolate ?? "", other.isolate ?? "");
}

function compare(one: string, other: string): number {
  const [a, b] = [Array.from(one), Array.from(other)];
  for (const [i, character] of a.entries()) {
    const difference = character.codePointAt(0)! - (b[i]?.codePointAt(0) ?? -1);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
