/**
 * Findings about time in which a process could not run JavaScript: stalls of the event loop and
 * garbage collection.
 *
 * @module
 */

import { counted, formatDuration, formatInteger, formatPercent, formatTotalTime } from "../../display/numbers.ts";
import { SERIES } from "../../series.ts";
import { type Blocker, MIN_STALL } from "./blockers.ts";
import { timeOfDay } from "../shared/clock_times.ts";
import { causeOf } from "./causes.ts";
import {
  capitalize,
  type FindingInputs,
  nameProcess,
  secondsRecorded,
  type UnexplainedFinding,
} from "./finding_inputs.ts";

/** Seconds of a stall that a waiting user notices: an answer within them seems instant. */
const NOTICEABLE = 0.1;

/** Seconds of a stall after which users think that something is broken. */
const BROKEN = 1;

/** The share of the time that is bad to be blocked for. */
const LARGE_SHARE = 0.1;

/** In a shorter life a share of the time is that of its start; seconds. */
const MIN_SECONDS = 5;

/** A GC pause of at least this many seconds is a finding by itself. */
const LONG_PAUSE = MIN_STALL;

/** The share of the time from which garbage collection noticeably slows a program down, … */
const GC_SHARE = 0.05;

/** … and the one from which it is bad. */
const LARGE_GC_SHARE = 0.15;

/** Maximum number of processes with a finding of each kind. */
const MAX_PROCESSES = 2;

/** Maximum number of things that are named as having blocked an event loop. */
const MAX_BLOCKERS = 3;

/** Finds processes whose event loop was blocked, those with the longest stall first. */
export function stalls(inputs: FindingInputs): UnexplainedFinding[] {
  return inputs.stalls.slice(0, MAX_PROCESSES).map(({ process, count, sum, longest, at, by }) => {
    const share = sum / lifetime(process, inputs);
    const name = nameProcess(process, inputs);
    const when = timeOfDay(at - longest * 1e9);
    const ofTime = share >= 0.01 ? `, ${formatPercent(share, { trim: true })} of the time` : "";
    const text = count === 1
      ? `The event loop of ${name} was blocked for ${formatDuration(longest)} at ${when}.`
      : `The event loop of ${name} was blocked ${counted(count, "time")} for at least ` +
        `${formatDuration(MIN_STALL, { trim: true })}, ${formatTotalTime(sum)} in total${ofTime}; the longest stall ` +
        `took ${formatDuration(longest)} at ${when}.`;
    return {
      kind: "stall",
      weight: longest >= BROKEN || share >= LARGE_SHARE && lifetime(process, inputs) >= MIN_SECONDS
        ? "bad"
        : longest >= NOTICEABLE
        ? "attention"
        : "note",
      text,
      ...by.length > 0 ? { because: whatBlocked(by, count) } : {},
      label: SERIES.eventLoopLag,
      process,
      window: [Math.max(0, at - longest * 1e9), at],
      causes: by.filter((blocker) => blocker.sum >= sum / 3).map(({ what }) =>
        what === "gc" ? causeOf.gc(process) : what === "unknown" ? causeOf.lag(process) : causeOf.label(what.label)
      ),
    };
  });
}

/** What ran in stalls, the most time first. */
function whatBlocked(by: readonly Blocker[], count: number): string {
  const known = sumOfCounts(by);
  const first = by[0]!;
  const nothing = "nothing that was recorded ran for half of the time";
  if (by.length === 1 && known === 1) {
    return first.what === "unknown" ? `${capitalize(nothing)}.` : `${nameBlocker(first.what)} took most of it.`;
  }
  const ran = by.flatMap(({ what, ...of }) => what === "unknown" ? [] : [{ ...of, what }]);
  const named = ran.slice(0, MAX_BLOCKERS).map(({ what, count, sum }) =>
    `${nameBlocker(what)} took most of ${formatInteger(count)}, ${formatTotalTime(sum)} in total`
  );
  const rest = ran.slice(MAX_BLOCKERS);
  if (rest.length > 0) {
    named.push(`${counted(rest.length, "other block")} of ${formatInteger(sumOfCounts(rest))}`);
  }
  const unknown = by.find(({ what }) => what === "unknown");
  if (unknown !== undefined) {
    named.push(`in ${formatInteger(unknown.count)} ${nothing}, ${formatTotalTime(unknown.sum)} in total`);
  }
  return `${known < count ? `Of the ${formatInteger(known)} longest: ` : ""}${capitalize(named.join("; "))}.`;
}

function nameBlocker(what: Exclude<Blocker["what"], "unknown">): string {
  return what === "gc" ? "Garbage collection" : `“${what.label}”`;
}

function sumOfCounts(by: readonly Blocker[]): number {
  return by.reduce((total, { count }) => total + count, 0);
}

/** Finds processes in which garbage collection took much of the time, or paused for long. */
export function garbageCollection(inputs: FindingInputs): UnexplainedFinding[] {
  const found = inputs.gcPauses.map((events) => ({ ...events, share: events.sum / lifetime(events.process, inputs) }))
    .map((of) => ({ ...of, share: lifetime(of.process, inputs) < MIN_SECONDS ? 0 : of.share }))
    .filter(({ share, longest }) => share >= GC_SHARE || longest >= LONG_PAUSE)
    .sort((a, b) => b.share - a.share);
  return found.slice(0, MAX_PROCESSES).map(({ process, count, sum, longest, at, share }) => {
    const name = nameProcess(process, inputs);
    const what = share >= GC_SHARE
      ? `garbage collection took ${formatPercent(share, { trim: true })} of the time of ${name}`
      : `garbage collection paused ${name} for long`;
    return {
      kind: "gc",
      weight: share >= LARGE_GC_SHARE ? "bad" : share >= GC_SHARE || longest >= NOTICEABLE ? "attention" : "note",
      text: capitalize(
        `${what}: ${counted(count, "pause")}, ${formatTotalTime(sum)} in total, the longest ${
          formatDuration(longest)
        } before ${timeOfDay(at)}.`,
      ),
      label: SERIES.gcPause,
      process,
      window: aroundPause(at, longest),
      causes: [causeOf.gc(process)],
    };
  });
}

/** Returns for how long a process lived, in seconds; never 0. */
function lifetime(process: number, inputs: FindingInputs): number {
  return Math.max(secondsRecorded(process, inputs), 1e-9);
}

/** A pause is recorded at the sampling tick that follows it, by default up to a second later. */
function aroundPause(at: number, length: number): [number, number] {
  return [Math.max(0, at - (length + 1) * 1e9), at];
}
