import { beginOf, lastSeenOf, type Program } from "./program.ts";

/**
 * The part of a time range, in seconds, in which at least one of some programs lived: what a rate is
 * per second of. A program without an end is taken to live on, and one without a record to have
 * lived all the time, since nothing is known of it.
 */
export function livedSeconds(
  programs: readonly Program[],
  range: { readonly first: bigint; readonly last: bigint } | undefined,
): number {
  if (range === undefined) return 0;
  const lives = programs.map((program) => {
    const begin = program.record === undefined ? range.first : beginOf(program) ?? range.first;
    const end = program.record?.end === undefined ? range.last : lastSeenOf(program) ?? range.last;
    return { begin: begin > range.first ? begin : range.first, end: end < range.last ? end : range.last };
  });
  return unionSeconds(lives);
}

/** The seconds that lie within at least one of some times, each from `begin` to `end`, ns. */
export function unionSeconds(times: readonly { readonly begin: bigint; readonly end: bigint }[]): number {
  const sorted = times.toSorted((one, other) => one.begin < other.begin ? -1 : one.begin > other.begin ? 1 : 0);
  let covered = 0n;
  let until = sorted[0]?.begin ?? 0n;
  for (const { begin, end } of sorted) {
    const from = begin > until ? begin : until;
    if (end <= from) continue;
    covered += end - from;
    until = end;
  }
  return Number(covered) / 1e9;
}
