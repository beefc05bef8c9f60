import { type Span, within } from "../../statistics/spans.ts";
import { beginOf, lastSeenOf, type Program } from "./program.ts";

/** The time range of some rows. */
interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * The life of a program in a time range; empty if it did not live in it. A program without an end is
 * taken to live on, and one without a record to have lived all the time, since nothing is known of it.
 */
export function lifeIn(program: Program, { first, last }: Range): Span<bigint>[] {
  const from = program.record === undefined ? first : beginOf(program) ?? first;
  const to = program.record?.end === undefined ? last : lastSeenOf(program) ?? last;
  return within([{ from, to }], { from: first, to: last });
}
