import { counted, inPercent, inSeconds, limitInSeconds, whenInRun } from "../../display/words.ts";
import { capitalize, type Draft, type Facts, nameProcess } from "./finding.ts";
import { type Events, type Evidence, STALL } from "./finding_inputs.ts";
import { SERIES } from "../../series.ts";

/** A stall of so many seconds is felt by whoever waits just then: an answer within it seems instant, a later one does not. */
const FELT = 0.1;

/** A stall of so many seconds makes people think that something is broken. */
const BROKEN = 1;

/** A part of all time that is bad to stand still for. */
const LARGE_SHARE = 0.1;

/** A longer pause than this, in seconds, is told of by itself. */
const LONG_PAUSE = STALL;

/** Shares of time that garbage collection takes: from the first on a program would be noticeably faster without, from the second on it is ill. */
const GC_SHARE = 0.05;
const GC_MUCH = 0.15;

/** At most so many processes are told of. */
const MOST = 2;

/** Processes whose event loop stood still, those with the longest stall first. */
export function stalls(facts: Facts, { stalls }: Evidence): Draft[] {
  return stalls.slice(0, MOST).map(({ pid, count, sum, longest, at }) => {
    const share = sum / lifetime(pid, facts);
    const more = count === 1
      ? ""
      : `. It did so ${counted(count, "time")} for over ${limitInSeconds(STALL)}, ${inSeconds(sum)} together` +
        `${share >= 0.01 ? `, ${inPercent(share)} of the time` : ""}`;
    return {
      kind: "stall",
      weight: longest >= BROKEN || share >= LARGE_SHARE ? "bad" : longest >= FELT ? "attention" : "note",
      text: `The event loop of ${nameProcess(pid, facts)} stood still for ${inSeconds(longest)}, ${
        whenInRun(at - longest * 1e9)
      }${more}.`,
      label: SERIES.eventLoopLag,
      window: [Math.max(0, at - longest * 1e9), at],
      why: { pid },
    };
  });
}

/** Processes that spent much time on garbage collection, or were stopped by it for long. */
export function garbageCollection(facts: Facts, { pauses }: Evidence): Draft[] {
  const told = pauses.map((events) => ({ ...events, share: events.sum / lifetime(events.pid, facts) }))
    .filter(({ share, longest }) => share >= GC_SHARE || longest >= LONG_PAUSE)
    .sort((a, b) => b.share - a.share);
  return told.slice(0, MOST).map(({ pid, count, sum, longest, at, share }) => ({
    kind: "gc",
    weight: share >= GC_MUCH ? "bad" : share >= GC_SHARE || longest >= FELT ? "attention" : "note",
    text: capitalize(
      `${share >= GC_SHARE ? `garbage collection took ${inPercent(share)} of the time` : "garbage was collected"} of ` +
        `${nameProcess(pid, facts)}: ${counted(count, "pause")}, ${inSeconds(sum)} together, the longest ${
          inSeconds(longest)
        }, ${whenInRun(at)}.`,
    ),
    label: SERIES.gcPause,
    window: aroundMoment(at, longest),
  }));
}

/** How long a process recorded, seconds. */
function lifetime(pid: Events["pid"], { processes }: Facts): number {
  const { first = 0, last = 0 } = processes.find((of) => of.pid === pid) ?? {};
  return Math.max((last - first) / 1e9, 1e-9);
}

/** A pause is recorded at the sampling tick after it, which is a second later by default. */
function aroundMoment(at: number, length: number): [number, number] {
  return [Math.max(0, at - (length + 1) * 1e9), at];
}
