/**
 * What a profile found in order of time, so that the page can show any part of the time, and in
 * which order things ran.
 *
 * @module
 */

import { type MomentData, SAMPLED_UNITS } from "../shared/report_data.ts";
import { IDLE, type ProfileSamples } from "./profiles.ts";

/** Possible lengths of stretches, ns: from the distance of samples on. */
const WIDTHS: readonly number[] = [10, 20, 50, ...[100, 200, 500], ...[1, 2, 5].map((s) => s * 1e3)]
  .concat([10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400, 604_800].map((s) => s * 1e3))
  .map((ms) => ms * 1e6);

/** How long a function ran itself in a stretch. */
interface Entry {
  readonly stretch: number;
  readonly node: number;
  seconds: number;
}

/**
 * Sums samples up in the shortest stretches with which there are at most `most` entries; `undefined`
 * if nothing ran. `from`: of the report, epoch ns.
 */
export function momentsOf(samples: ProfileSamples, from: bigint, most: number): MomentData | undefined {
  let entries = entriesOf(samples, WIDTHS[0]!);
  let chosen = 0;
  while (entries.length > most && chosen < WIDTHS.length - 1) {
    // Of any two lengths the shorter one divides the longer one, or the entries are made anew.
    const [before, next] = [WIDTHS[chosen]!, WIDTHS[++chosen]!];
    entries = next % before === 0 ? coarser(entries, next / before) : entriesOf(samples, next);
  }
  if (entries.length === 0) return undefined;
  return {
    from: Number(samples.from - from),
    width: WIDTHS[chosen]!,
    steps: entries.map(({ stretch }, i) => stretch - (entries[i - 1]?.stretch ?? 0)),
    nodes: entries.map(({ node }) => node),
    times: entries.map(({ seconds }) => Math.max(1, Math.round(seconds * SAMPLED_UNITS))),
  };
}

function entriesOf({ at, seconds, nodes }: ProfileSamples, width: number): Entry[] {
  const found: Entry[] = [];
  for (let i = 0; i < at.length; i++) {
    if (nodes[i] === IDLE) continue;
    // A sample that lasts long, since the next one came late, is in all the stretches that it covers.
    const end = at[i]! + seconds[i]! * 1e9;
    for (let begin = at[i]!; begin < end;) {
      const stretch = Math.floor(begin / width);
      const until = Math.min(end, (stretch + 1) * width);
      found.push({ stretch, node: nodes[i]!, seconds: (until - begin) / 1e9 });
      begin = until;
    }
  }
  return coarser(found, 1);
}

/** Joins the entries of `size` stretches each. */
function coarser(entries: readonly Entry[], size: number): Entry[] {
  const result: Entry[] = [];
  const inStretch = new Map<number, Entry>();
  let last = NaN;
  for (const { stretch, node, seconds } of entries) {
    const at = Math.floor(stretch / size);
    if (at !== last) inStretch.clear();
    last = at;
    const known = inStretch.get(node);
    if (known !== undefined) known.seconds += seconds;
    else {
      const entry = { stretch: at, node, seconds };
      inStretch.set(node, entry);
      result.push(entry);
    }
  }
  return result;
}
