/**
 * Spans of time, and what they cover together. Times are numbers or bigints of any one unit.
 *
 * @module
 */

/** A span of time; one that does not end after it begins covers nothing. */
export interface Span<Time> {
  /** Its first moment. */
  readonly from: Time;
  /** Its end, which is no part of it. */
  readonly to: Time;
}

/**
 * The spans that cover what at least one of some spans covers: in order, and apart from each other.
 */
export function unionOf<Time extends number | bigint>(spans: readonly Span<Time>[]): Span<Time>[] {
  const union: { from: Time; to: Time }[] = [];
  const sorted = spans.filter(({ from, to }) => from < to).sort((one, other) => compare(one.from, other.from));
  for (const { from, to } of sorted) {
    const last = union.at(-1);
    if (last === undefined || from > last.to) union.push({ from, to });
    else if (to > last.to) last.to = to;
  }
  return union;
}

/** What some spans cover, and others do not: in order, and apart from each other. */
export function without<Time extends number | bigint>(
  spans: readonly Span<Time>[],
  others: readonly Span<Time>[],
): Span<Time>[] {
  const holes = unionOf(others);
  const rest: Span<Time>[] = [];
  let next = 0;
  for (const { from, to } of unionOf(spans)) {
    while (next < holes.length && holes[next]!.to <= from) next++;
    let begin = from;
    for (let i = next; i < holes.length && holes[i]!.from < to; i++) {
      if (holes[i]!.from > begin) rest.push({ from: begin, to: holes[i]!.from });
      begin = holes[i]!.to;
    }
    if (begin < to) rest.push({ from: begin, to });
  }
  return rest;
}

/** The parts of some spans that lie from `from` to `to`. */
export function within<Time extends number | bigint>(
  spans: readonly Span<Time>[],
  { from, to }: Span<Time>,
): Span<Time>[] {
  return spans.flatMap((span) => {
    const part = { from: span.from > from ? span.from : from, to: span.to < to ? span.to : to };
    return part.from < part.to ? [part] : [];
  });
}

/** The length of some spans together; what several cover counts once. */
export function lengthOf(spans: readonly Span<number>[]): number {
  return unionOf(spans).reduce((sum, { from, to }) => sum + (to - from), 0);
}

/** The length of spans in ns, in seconds; what several cover counts once. */
export function secondsIn(spans: readonly Span<bigint>[]): number {
  return Number(unionOf(spans).reduce((sum, { from, to }) => sum + (to - from), 0n)) / 1e9;
}

function compare(one: number | bigint, other: number | bigint): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
