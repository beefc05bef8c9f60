/**
 * What a profiled process did while the slowest durations of a label were under way, beside what it
 * did while its other durations were.
 *
 * @module
 */

import { literal } from "../../analysis/duckdb/sql.ts";
import { type Span, unionOf, without } from "../../statistics/spans.ts";
import { type DurationData, SAMPLED_UNITS, type SlowSamplesData } from "../shared/report_data.ts";
import { IDLE, type ProfileSamples } from "./profiles.ts";
import { MAX_SLOW_SAMPLES } from "./size_plan.ts";
import type { Source } from "./source.ts";

/** Most labels of a profile: those that took the most time. */
const MAX_LABELS = 8;

/** Fewer durations have no slowest 1 %. */
const MIN_DURATIONS = 200;

/** Fewer samples while the slowest were under way say nothing. */
const MIN_SAMPLES = 10;

/** Most durations of each kind that are looked at; of more, a part that is drawn by chance. */
const MAX_DURATIONS = 4_000;

/** A profile of a process of the report. */
export interface TimedProfile {
  /** Index of the process. */
  readonly process: number;
  readonly samples: ProfileSamples;
}

/** A label of a profiled process. */
interface Wanted {
  readonly profile: TimedProfile;
  readonly label: string;
  /** The p99, seconds. */
  readonly slow: number;
  /** One of this many durations is read, of the slowest and of the others. */
  readonly every: readonly [slow: number, others: number];
}

/** Reads what ran while the slowest 1 % were under way, by profile; what says too little is left out. */
export async function readSlowSamples(
  source: Source,
  durations: readonly DurationData[],
  profiles: readonly TimedProfile[],
): Promise<Map<TimedProfile, SlowSamplesData[]>> {
  const wanted = profiles.flatMap((profile) => wantedOf(profile, durations));
  const result = new Map<TimedProfile, SlowSamplesData[]>();
  if (wanted.length === 0) return result;
  const values = wanted.map(({ profile: { process, samples }, label, slow, every }, i) => {
    const [first, last] = [samples.from, samples.from + BigInt(Math.ceil(endOf(samples)))];
    return `(${i}, ${literal(label)}, ${process}, ${slow}, ${every[0]}, ${every[1]}, ${first}, ${last})`;
  });
  const bounds = profiles.map(({ samples: { from } }) => from).sort((a, b) => a < b ? -1 : 1);
  const table = await source.query(`
    SELECT wanted, (Timepoint - first)::DOUBLE AS ended, Measurement AS seconds, Measurement >= slow AS isSlow
    FROM ${source.durations.relation} AS rows JOIN (VALUES ${values.join(", ")})
      AS labels(wanted, Label, process, slow, everySlow, everyOther, first, last) USING (Label, process)
    WHERE Timepoint >= ${bounds[0]} AND process IN (${[...new Set(profiles.map(({ process }) => process))].join(", ")})
      AND Timepoint >= first AND Timepoint - Measurement * 1e9 <= last
      AND hash(Timepoint) % if(Measurement >= slow, everySlow, everyOther) = 0
    ORDER BY wanted`);
  const { wanted: indices, ended, seconds, isSlow } = table.columns() as unknown as Record<
    "wanted" | "ended" | "seconds" | "isSlow",
    ArrayLike<number>
  >;
  const spans = wanted.map((): [Span<number>[], Span<number>[]] => [[], []]);
  for (let i = 0; i < indices!.length; i++) {
    spans[indices![i]!]![isSlow![i] ? 0 : 1].push({ from: ended![i]! - seconds![i]! * 1e9, to: ended![i]! });
  }
  let room = MAX_SLOW_SAMPLES;
  for (const [i, { profile, label, slow, every }] of wanted.entries()) {
    const [slowest, others] = spans[i]!;
    const found = samplesIn(profile.samples, unionOf(slowest), without(others, slowest));
    if (found === undefined || found.nodes.length > room) continue;
    room -= found.nodes.length;
    const count = [slowest.length * every[0], others.length * every[1]] as const;
    result.set(profile, [...result.get(profile) ?? [], { label, from: slow, count, ...found }]);
  }
  return result;
}

function wantedOf(profile: TimedProfile, durations: readonly DurationData[]): Wanted[] {
  return durations.flatMap(({ label, request, processes }) => {
    const own = processes.find(({ process }) => process === profile.process)?.statistics;
    // A stream is open while anything runs.
    if (own === undefined || own.count < MIN_DURATIONS || request?.outcome === "stream") return [];
    const every = [own.count / 100, own.count].map((count) => Math.max(1, Math.ceil(count / MAX_DURATIONS)));
    return [{ sum: own.sum, wanted: { profile, label, slow: own.p99, every: [every[0]!, every[1]!] as const } }];
  }).sort((a, b) => b.sum - a.sum).slice(0, MAX_LABELS).map(({ wanted }) => wanted);
}

function endOf({ at, seconds }: ProfileSamples): number {
  const last = at.length - 1;
  return (at[last] ?? 0) + (seconds[last] ?? 0) * 1e9;
}

type Found = Pick<SlowSamplesData, "idle" | "nodes" | "slowest" | "others">;

/** Adds up the samples within some spans, and within others; both are in order, and apart. */
function samplesIn(
  { at, seconds, nodes }: ProfileSamples,
  slowest: readonly Span<number>[],
  others: readonly Span<number>[],
): Found | undefined {
  const sums = new Map<number, [number, number]>();
  const next = [0, 0];
  let taken = 0;
  for (let i = 0; i < at.length; i++) {
    for (const [which, spans] of [slowest, others].entries()) {
      while (spans[next[which]!] !== undefined && spans[next[which]!]!.to <= at[i]!) next[which]!++;
      const span = spans[next[which]!];
      if (span === undefined || span.from > at[i]!) continue;
      const sum = sums.get(nodes[i]!) ?? [0, 0];
      sum[which]! += seconds[i]!;
      sums.set(nodes[i]!, sum);
      if (which === 0) taken++;
    }
  }
  if (taken < MIN_SAMPLES) return undefined;
  const units = ([slow, other]: readonly [number, number]): [number, number] => [
    Math.round(slow * SAMPLED_UNITS),
    Math.round(other * SAMPLED_UNITS),
  ];
  const ran = [...sums].filter(([node]) => node !== IDLE).sort(([a], [b]) => a - b)
    .map(([node, sum]) => ({ node, times: units(sum) }));
  return {
    idle: units(sums.get(IDLE) ?? [0, 0]),
    nodes: ran.map(({ node }) => node),
    slowest: ran.map(({ times: [slow] }) => slow),
    others: ran.map(({ times: [, other] }) => other),
  };
}
