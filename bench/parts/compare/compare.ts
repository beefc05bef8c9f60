/**
 * The cost of a sample with Kymo and with alternatives.
 *
 * @module
 */

import { bareClock } from "../../contenders/bare_clock.ts";
import { kymo } from "../../contenders/kymo.ts";
import { beginAll } from "../../contenders/contenders.ts";
import { type Figure, reportFindings, spread } from "../../results/figure.ts";
import { goalHere } from "../../results/goals.ts";
import { alternate, type Body, ratio } from "../../harness/rounds.ts";
import { SEGMENT_ROWS } from "../../harness/segment_rows.ts";

const ROUNDS = 9;

/**
 * Kymo flushes a segment when it is full. The loops never yield to the event loop, so all of that
 * is part of the measured time, after the next segment has filled. Rounds of whole segments flush
 * as many segments: nothing is left out or counted twice.
 */
const SEGMENTS_PER_ROUND = 4;

const times = SEGMENTS_PER_ROUND * SEGMENT_ROWS;
const field = await beginAll();
try {
  const bodies: Record<string, Body> = {};
  for (const [name, { run }] of Object.entries(field.recordings)) bodies[name] = run;
  // Runs in turn with the others; its time is not used.
  bodies["tidy up"] = (): void => {
    for (const { tidy } of Object.values(field.recordings)) tidy?.();
  };
  const taken = await alternate(bodies, { rounds: ROUNDS, times });
  await field.end((1 + ROUNDS) * times);

  const names = Object.keys(field.recordings);
  const bare = taken[bareClock.name]!;
  const figures: Figure[] = names.map((name) => ({ what: name, unit: "ns", value: spread(taken[name]!) }));
  for (const name of names) {
    if (name === bareClock.name) continue;
    figures.push({
      what: name,
      against: bareClock.name,
      unit: "x",
      value: ratio(taken[name]!, bare),
      ...name === kymo.name ? { goal: { atMost: goalHere({ deno: 0.75, withoutFfi: 1.4, bun: 1.5 }) } } : {},
    });
  }
  reportFindings({ figures });
} finally {
  field.remove();
}
